from itertools import combinations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from topple.explainers.proofs.linear_relaxation import Network, Relaxation, chord_band, extreme_sums
from topple.scoring.layers import Layer

SHAPES = {
    "one tanh layer": ((12, 7, True), (7, 12, False)),
    "mult-vae": ((12, 7, True), (7, 3, False), (3, 6, True), (6, 12, False)),
    "three tanh layers": ((12, 7, True), (7, 5, True), (5, 3, False), (3, 6, True), (6, 12, False)),
    "two linear layers at each end": ((12, 4, False), (4, 7, True), (7, 6, True), (6, 3, False), (3, 12, False)),
}


def layers_of(shape, seed, strength):
    random = torch.Generator().manual_seed(seed)
    return tuple(
        Layer(
            torch.randn(rows, columns, generator=random) * strength * (3 if place == 0 else 1) / rows**0.5,
            torch.randn(columns, generator=random) * 0.3,
            tanh,
        )
        for place, (rows, columns, tanh) in enumerate(SHAPES[shape])
    )


def scores_of(layers, kept):
    """Scores of kept items [S, I], by the definition: divided by the norm, layer by layer."""
    hidden = kept.double() / kept.double().norm(dim=1, keepdim=True).clamp(min=1)
    for layer in layers:
        hidden = hidden @ layer.weight.double() + layer.bias.double()
        hidden = torch.tanh(hidden) if layer.tanh else hidden
    return hidden


def removals(places, size, length):
    """All sets of so many of the places, bool [S, H]."""
    out = torch.zeros(0, length, dtype=torch.bool)
    for chosen in combinations(places, size):
        row = torch.zeros(1, length, dtype=torch.bool)
        row[0, list(chosen)] = True
        out = torch.cat([out, row])
    return out


def inputs_of(layers, history, size):
    """The first units' inputs with nothing removed, and what the removal of each item adds."""
    first = layers[0].weight.double() / max(1, len(history) - size) ** 0.5
    bias, rest = layers[0].bias.double(), list(layers[1:])
    tanh = layers[0].tanh
    while not tanh:
        layer = rest.pop(0)
        first, bias, tanh = (
            first @ layer.weight.double(),
            bias @ layer.weight.double() + layer.bias.double(),
            layer.tanh,
        )
    return first[history].sum(0) + bias, -first[history]


def case(shape, seed, strength, length, size, taken):
    """A network, a history, a node that has `taken` items removed and one protected, and all its sets with their scores."""
    layers = layers_of(shape, seed, strength)
    history = torch.randperm(12, generator=torch.Generator().manual_seed(seed))[:length]
    start, effect = inputs_of(layers, history, size + taken)
    free = torch.arange(length) >= taken
    free[-1] = length - taken <= size
    sets = removals(free.nonzero()[:, 0].tolist(), size, length)
    own = torch.arange(length) < taken
    kept = torch.zeros(len(sets), 12).scatter(1, history.expand(len(sets), -1), (~(sets | own)).float())
    scores = scores_of(layers, kept)
    return layers, start + effect[own].sum(0), effect, free, sets, scores


cases = st.tuples(
    st.sampled_from(sorted(SHAPES)),
    st.integers(0, 10_000),
    st.sampled_from([0.3, 1.0, 3.0]),
    st.integers(5, 9),
    st.integers(1, 4),
    st.integers(0, 1),
)


@settings(deadline=None, max_examples=60)
@given(cases)
def test_no_set_is_above_the_linear_bound_or_the_loose_one(drawn):
    layers, base, effect, free, sets, scores = case(*drawn)
    network = Network.of(layers)
    # A second node with other inputs: what stands beside a node must not matter.
    bases, frees = torch.stack([base + 0.7, base]), free.expand(2, -1)
    relaxation = Relaxation.over(network, bases, effect[None], frees, int(sets[0].sum()))
    everything, targets = torch.arange(12), torch.tensor([[3, 8], [3, 8]])
    bounds = relaxation.bounds(everything, targets)
    loose = relaxation.loose(targets, everything, 1.0)
    few = relaxation.loose(targets, torch.tensor([8, 1]), 1.0)
    for place, target in enumerate((3, 8)):
        true = scores - scores[:, [target]]
        coef = bounds.coef[1] - bounds.target_coef[1, :, place, None]
        assert (bounds.const[1, place] + sets.double() @ coef - true).min() > -1e-9
        assert (loose[1, place] - true).min() > -1e-9
        assert torch.allclose(few[1, place], loose[1, place, [8, 1]], atol=1e-6)


@settings(deadline=None, max_examples=40)
@given(cases)
def test_no_set_lets_an_item_score_outside_its_range(drawn):
    layers, base, effect, free, sets, scores = case(*drawn)
    bases, frees, size = torch.stack([base + 0.7, base]), free.expand(2, -1), int(sets[0].sum())
    relaxation = Relaxation.over(Network.of(layers), bases, effect[None], frees, size)
    low, high = relaxation.ranges(torch.tensor([3, 8, 11]), frees, size, 1.0)
    assert (low[1] <= scores[:, [3, 8, 11]]).all()
    assert (scores[:, [3, 8, 11]] <= high[1]).all()


def test_the_range_of_a_single_set_is_its_score():
    layers, base, effect, free, sets, scores = case("mult-vae", 3, 1.0, 6, 5, 0)
    free = sets[0]
    relaxation = Relaxation.over(Network.of(layers), base[None], effect[None], free[None], 5)
    low, high = relaxation.ranges(torch.arange(12), free[None], 5, 1.0)
    assert torch.allclose(low[0], scores[0], atol=1e-6)
    assert torch.allclose(high[0], scores[0], atol=1e-6)


@settings(deadline=None)
@given(st.floats(-12, 12), st.floats(0, 8))
def test_tanh_stays_in_its_band(low, width):
    ends = torch.tensor([low, low + width], dtype=torch.float64)
    band = chord_band(ends[0], ends[1])
    z = torch.linspace(0, 1, 2001, dtype=torch.float64) * width + low
    off = torch.tanh(z) - band.slope * z - band.middle
    assert off.abs().max() <= band.gap
    assert off.abs().max() >= band.gap - 1e-6 - 1e-3 * width, "no wider than needed"


def test_a_band_without_width_has_no_gap():
    point = torch.tensor([-2.0, 0.0, 0.5, 9.0], dtype=torch.float64)
    band = chord_band(point, point)
    assert band.gap.max() < 1e-11
    assert torch.allclose(band.slope * point + band.middle, torch.tanh(point))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6])
@pytest.mark.parametrize("nodes", [1, 6])
def test_extreme_sums_are_those_of_the_best_and_the_worst_free_items(size, nodes):
    values = torch.randn(nodes, 9, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(size))
    free = torch.arange(9).expand(nodes, -1) != 4
    most, least = extreme_sums(values, free, size)
    ordered = values[:, free[0]].sort(1).values
    assert torch.allclose(most, ordered[:, -size:].sum(1))
    assert torch.allclose(least, ordered[:, :size].sum(1))


def test_a_network_without_tanh_or_with_tanh_at_the_end_has_no_bounds_here():
    linear, last = Layer(torch.eye(3), torch.zeros(3), False), Layer(torch.eye(3), torch.zeros(3), True)
    assert Network.of((linear, linear)) is None
    assert Network.of((linear, last)) is None
    assert Network.of((last, linear)) is not None


@pytest.mark.parametrize("shape", ["one tanh layer", "mult-vae"])
def test_the_linear_bound_is_that_of_the_worst_line_of_the_last_band_and_no_looser(shape):
    layers, base, effect, free, sets, _ = case(shape, 7, 1.0, 8, 3, 0)
    relaxation = Relaxation.over(Network.of(layers), base[None], effect[None], free[None], 3)
    bounds = relaxation.bounds(torch.arange(12), torch.tensor([[5]]))
    band, removed = relaxation.band, sets[4].double()
    middle = relaxation.centre[0] + removed @ relaxation.coef[0]
    worth = layers[-1].weight.double() - layers[-1].weight.double()[:, [5]]
    away = torch.where(worth > 0, 1, -1)  # [D, I]
    line = (band.slope[0] * middle + band.middle[0])[:, None] + away * (
        band.slope[0] * relaxation.error[0] + band.gap[0]
    )[:, None]
    worst = (line * worth).sum(0) + layers[-1].bias.double() - layers[-1].bias.double()[5]
    found = bounds.const[0, 0] + removed @ (bounds.coef[0] - bounds.target_coef[0, :, :1])
    assert torch.allclose(found, worst, atol=1e-9)
    assert (relaxation.error > 0).any() == (shape == "mult-vae")
