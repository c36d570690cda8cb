import numpy as np
import pytest
import torch

from topple.recommenders.families import first_layers
from topple.recommenders.families.first_layers import FirstLayer
from topple.scoring.layers import Layer
from topple.scoring.variations import HistoryBatch

RANDOM = torch.Generator().manual_seed(0)
LAYER = Layer(
    torch.randn(30, 7, generator=RANDOM, dtype=torch.float64),
    torch.randn(7, generator=RANDOM, dtype=torch.float64),
    True,
)
HISTORIES = [[4, 9, 2, 17, 11, 23, 5, 1], [3], [8, 2, 20], list(range(10, 22))]
REPEATED = [[4, 9, 4, 17, 4, 23, 9, 1], [3, 3], [8, 2, 20]]


def first_layer(batch, layer=LAYER):
    return FirstLayer(batch, layer, lambda: layer.weight.abs().amax(1).double())


def by_product(batch, keep, layer=LAYER):
    """Return the layer as one product of dense histories [B, S, I] with the weight."""
    dense = torch.zeros(*keep.shape[:2], len(layer.weight), dtype=torch.float64)
    dense.scatter_add_(2, batch.items[:, None].expand(keep.shape), keep * batch.weights[:, None])
    norm = dense.square().sum(2, keepdim=True).clamp(min=1e-12).sqrt()
    return dense / norm @ layer.weight.double() + layer.bias


def variations(batch, count=9):
    """Return random variations: few changes, many, all removed, all equal, shares of events; padding is kept or not."""
    random = torch.Generator().manual_seed(1)
    shape = len(batch), count, batch.items.shape[1]
    keep = (torch.rand(shape, generator=random) > torch.linspace(0, 1, count)[:, None]).double()
    keep[:, -3] = keep[:, -4]
    keep[:, -2] = torch.rand(shape, generator=random, dtype=torch.float64)[:, 0]
    return keep


def weighted(batch):
    random = torch.Generator().manual_seed(2)
    weights = 0.5 + 3 * torch.rand(batch.items.shape, generator=random, dtype=torch.float64)
    return HistoryBatch(batch.items, weights * batch.filled, batch.filled)


def added(batch):
    """Return histories of which every second event is an addition."""
    odd = torch.arange(batch.items.shape[1]) % 2 == 1
    return HistoryBatch(batch.items, batch.weights, batch.filled, added=batch.filled & odd)


@pytest.mark.parametrize("events", [HISTORIES, REPEATED, [[5]], [[1, 2, 3]] * 3])
@pytest.mark.parametrize("change", [lambda batch: batch, weighted, added])
@pytest.mark.parametrize("precision", [torch.float64, torch.float32])
def test_the_layer_is_the_product_with_the_dense_history(events, change, precision):
    batch, layer = change(HistoryBatch.of(events)), Layer(LAYER.weight.to(precision), LAYER.bias, True)
    keep, inputs = variations(batch), first_layer(batch, layer)
    expected = by_product(batch, keep, layer)
    torch.testing.assert_close(inputs(keep), expected, rtol=1e-13, atol=1e-13)
    rows = torch.tensor([0, len(events) - 1, 0])
    torch.testing.assert_close(inputs(keep[rows], rows), expected[rows], rtol=1e-13, atol=1e-13)
    learned = inputs(keep.clone().requires_grad_())
    assert learned.requires_grad
    torch.testing.assert_close(learned.detach(), expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("rows", [torch.zeros(0, dtype=torch.int64), torch.tensor([1])])
def test_no_rows_and_no_variations_have_no_numbers(rows):
    batch = HistoryBatch.of(HISTORIES)
    count = 0 if len(rows) else 3
    assert first_layer(batch)(torch.ones(len(rows), count, 12, dtype=torch.float64), rows).shape == (
        len(rows),
        count,
        7,
    )


@pytest.mark.parametrize("events", [HISTORIES, REPEATED])
def test_a_variation_gets_the_same_bits_alone_and_among_others(events):
    batch = weighted(HistoryBatch.of(events))
    keep = variations(batch)
    together = first_layer(batch)(keep)
    everyone = first_layer(batch)
    for row in reversed(range(len(batch))):
        index = torch.tensor([row])
        alone = first_layer(batch.rows(index))
        length = batch.longest(index)
        for variation in range(keep.shape[1]):
            one = keep[row, variation][None, None]
            assert torch.equal(alone(one[..., :length])[0, 0], together[row, variation])
            assert torch.equal(everyone(one[..., :length], index)[0, 0], together[row, variation])


@pytest.mark.parametrize("heavy", ["event", "row"])
def test_what_is_removed_leaves_no_rounding_behind_where_it_is_large(heavy):
    weight, batch = LAYER.weight.clone(), HistoryBatch.of([[4, 9, 2, 17, 11]])
    if heavy == "row":
        weight[9] *= 1e12
    else:
        batch.weights[0, 1] = 1e12
    layer = Layer(weight, LAYER.bias, True)
    keep = torch.tensor([[[1, 0, 1, 1, 1]]], dtype=torch.float64)
    torch.testing.assert_close(first_layer(batch, layer)(keep), by_product(batch, keep, layer), rtol=1e-13, atol=1e-13)


def test_an_event_whose_row_is_no_number_counts_only_where_it_is_kept():
    weight, batch = LAYER.weight.clone(), HistoryBatch.of([[4, 9, 2, 17, 11]])
    weight[9] = torch.inf
    keep = torch.tensor([[[1, 0, 1, 1, 1], [1, 1, 1, 1, 0]]], dtype=torch.float64)
    found = first_layer(batch, Layer(weight, LAYER.bias, True))(keep)[0]
    assert torch.isfinite(found[0]).all()
    assert torch.isinf(found[1]).all()
    weight[2] = torch.inf
    assert torch.isinf(first_layer(batch, Layer(weight, LAYER.bias, True))(keep[:, :1])).all()


def test_single_precision_and_gradients_are_a_product(monkeypatch):
    shapes, plain = [], first_layers.products

    def products(left, *others):
        shapes.append(tuple(left.shape))
        return plain(left, *others)

    monkeypatch.setattr(first_layers, "products", products)
    batch = HistoryBatch.of(HISTORIES)
    keep = variations(batch)
    first_layer(batch)(keep)
    assert shapes == []
    inputs = first_layer(batch)
    keep.requires_grad_()
    inputs(keep).sum().backward()
    with torch.inference_mode():
        inputs(keep)
    single = HistoryBatch.of(HISTORIES, torch.float32)
    found = first_layer(single, Layer(LAYER.weight.float(), LAYER.bias.float(), True))(keep.detach().float())
    assert shapes == [tuple(keep.shape)] * 2
    np.testing.assert_allclose(found, by_product(batch, keep.detach()), rtol=1e-4, atol=1e-4)
