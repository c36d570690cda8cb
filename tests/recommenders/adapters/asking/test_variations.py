import pytest
import torch
from torch.nn import functional

from topple.data.vocabulary import Catalogue, Vocabulary
from topple.recommenders.adapters.asking.variations import Variations
from topple.scoring.variations import HistoryBatch

ASKED = Variations(
    Catalogue(Vocabulary(["a", "b", "c", "d"])),
    torch.tensor([[3, 1, 0], [2, 0, 0]]),
    torch.tensor([[1.0, 0.5, 1.0], [0.0, 0.0, 0.0]]),
    torch.tensor([[1.0, 1.0, 2.0], [1.0, 0.0, 0.0]]),
    torch.tensor([[True, True, True], [True, False, False]]),
)


def test_the_three_forms_say_the_same():
    assert ASKED.lists() == [["d", "b", "a"], []]
    assert ASKED.dense().tolist() == [[2.0, 0.5, 0.0, 1.0], [0.0] * 4]
    assert ASKED.csr().toarray().tolist() == ASKED.dense().tolist()
    assert ASKED.csr().indices.tolist() == [0, 1, 3]
    assert [sequence.tolist() for sequence in ASKED.sequences()] == [[3, 1, 0], []]
    assert ASKED.kept.tolist() == [3, 0]
    assert ASKED[1:].lists() == [[]]


def test_what_is_kept_is_told_by_the_shares_and_not_by_the_weights():
    items, keep, weights = torch.tensor([[3, 1, 3, 2]]), torch.ones(1, 4), torch.tensor([[-2.0, 0.0, 5.0, 9.0]])
    asked = Variations(ASKED.catalogue, items, keep, weights, torch.tensor([[True, True, True, False]]))
    assert asked.lists() == [["d", "b", "d"]]
    assert asked.kept.tolist() == [3]
    assert asked.csr().toarray().tolist() == [[0.0, 0.0, 0.0, 3.0]]
    assert asked.csr().indices.tolist() == [1, 3]


@pytest.mark.parametrize("repeated", [False, True])
def test_a_linear_layer_of_the_histories_is_that_of_their_dense_rows(repeated):
    random = torch.Generator().manual_seed(0)
    items = torch.stack([torch.randperm(30, generator=random)[:8] for _ in range(5)])
    if repeated:
        items[1, 1:4] = items[1, 0]
    keep = torch.rand(5, 8, generator=random, dtype=torch.float64).round(decimals=1)
    keep[0, 2], keep[2] = 0, 0  # an item that is removed has a slope, too; a history of which nothing is left
    filled = torch.ones(5, 8, dtype=torch.bool)
    filled[3, 5:] = filled[4] = False
    base = torch.rand(5, 8, generator=random, dtype=torch.float64) * filled
    weight, bias = (torch.randn(*size, generator=random, dtype=torch.float64) for size in ((4, 30), (4,)))
    catalogue, found = Catalogue(Vocabulary(list(range(30)))), []
    for dense in (False, True):
        share = keep.clone().requires_grad_()
        asked = Variations(catalogue, items, share, base, filled)
        normalized = asked.normalized()
        assert (normalized is None) == repeated
        for rows in [asked] if normalized is None else [asked, normalized]:
            made = functional.linear(rows.dense(), weight, bias) if dense else rows.linear(weight, bias)
            (slope,) = torch.autograd.grad(made.square().sum(), share, retain_graph=True)
            found += [made.detach(), slope]
    half = len(found) // 2
    torch.testing.assert_close(found[:half], found[half:])
    assert found[1][0, 2] != 0
    with torch.no_grad():
        torch.testing.assert_close(asked.linear(weight), functional.linear(asked.dense(), weight))
    if not repeated:
        torch.testing.assert_close(asked.normalized().dense(), functional.normalize(asked.dense()))


@pytest.mark.parametrize("count", [1, 20])
def test_a_linear_layer_of_many_variations_is_that_of_their_dense_rows(count):
    random = torch.Generator().manual_seed(0)
    histories = HistoryBatch.of([[3, 1, 0], [2], [1, 1]], weights=[[1.0, 2.0, 1.0], [0.5], [1.0, 3.0]])
    keep = torch.rand(3, count, 3, generator=random, dtype=torch.float64) * histories.filled[:, None]
    asked = Variations.of(ASKED.catalogue, histories, keep)
    weight, bias = (torch.randn(*size, generator=random, dtype=torch.float64) for size in ((4, 4), (4,)))
    for some in (asked, asked[2:-3], asked[torch.tensor([0, len(asked) - 1])]):
        torch.testing.assert_close(some.linear(weight, bias), functional.linear(some.dense(), weight, bias))


def test_times_and_contexts_go_along():
    histories = HistoryBatch.of([[3, 1], [2]], times=[[5.0, 6.0], [7.0]], contexts=["x", None])
    keep = torch.tensor([[[1.0, 1.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 0.0]]]).double()
    asked = Variations.of(ASKED.catalogue, histories, keep)
    assert asked.lists() == [["d", "b"], ["b"], ["c"], []]
    assert asked.event_times() == [[5.0, 6.0], [6.0], [7.0], []]
    assert asked.contexts == ("x", "x", None, None)
    assert asked[1:3].contexts == asked[torch.tensor([1, 2])].contexts == ("x", None)
    assert ASKED.event_times() is None
