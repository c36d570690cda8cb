import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.explainers.proofs.test_linear_relaxation import case, cases
from topple.explainers.proofs.linear_relaxation import Network
from topple.explainers.proofs.second_order import curvature, differences, quadratic, spread, stages

NAMES = ["level", "slope", "least", "most", "error", "shift"]


@settings(deadline=None, max_examples=60)
@given(cases)
def test_no_set_is_above_the_quadratic_bound(drawn):
    layers, base, effect, free, sets, scores = case(*drawn)
    pool, x = torch.arange(12), sets.double()
    network, size = Network.of(layers), int(x[0].sum())
    around = stages(network, torch.stack([base - 0.4, base]), effect, free.expand(2, -1), size)
    bound = quadratic(network, around, size, *differences(network, pool, 5))
    assert bound.pair.diagonal(dim1=2, dim2=3).abs().max() == 0
    value = bound.const[1] + x @ bound.single[1] + torch.einsum("si,cij,sj->sc", x, bound.pair[1].double(), x)
    assert (value - (scores - scores[:, [5]])).min() > -1e-9


@settings(deadline=None, max_examples=30)
@given(cases)
def test_a_weighted_sum_is_bounded_at_least_as_well_as_its_parts(drawn):
    layers, base, effect, free, sets, scores = case(*drawn)
    network, x, weights = Network.of(layers), sets.double(), torch.tensor([[0.2, 0.8], [1.0, 2.0]]).double()
    size, (worth, bias) = int(x[0].sum()), differences(Network.of(layers), torch.tensor([1, 7]), 5)
    around = stages(network, base[None], effect, free[None], size)
    parts, sums = (
        quadratic(network, around, size, worth, bias),
        quadratic(network, around, size, weights @ worth, weights @ bias),
    )

    def values(bound):
        return bound.const[0] + x @ bound.single[0] + torch.einsum("si,cij,sj->sc", x, bound.pair[0].double(), x)

    true = (scores[:, [1, 7]] - scores[:, [5]]) @ weights.T
    assert (values(sums) - true).min() > -1e-9
    assert (values(parts) @ weights.T - values(sums)).min() > -1e-4


@settings(deadline=None)
@given(st.floats(-6, 6), st.floats(0, 3), st.floats(0, 3))
def test_the_second_order_term_stays_within_its_curvature(middle, below, above):
    z0 = torch.tensor(middle, dtype=torch.float64)
    least, most = curvature(z0, z0 - below, z0 + above)
    step = torch.linspace(-below, above, 3001, dtype=torch.float64)
    step = step[step.abs() > 1e-3]
    level = torch.tanh(z0)
    true = (torch.tanh(z0 + step) - level - (1 - level**2) * step) / step**2
    assert (true <= most + 1e-9).all()
    assert (true >= least - 1e-9).all()


def test_the_bound_is_exact_where_one_item_must_go():
    layers, base, effect, _, _, _ = case("mult-vae", 3, 1.0, 6, 1, 0)
    free = torch.arange(6) == 2
    network = Network.of(layers)
    around = stages(network, base[None], effect, free[None], 1)
    bound = quadratic(network, around, 1, *differences(network, torch.arange(12), 5))
    hidden = base + effect[2]
    for layer in layers[1:]:
        hidden = torch.tanh(hidden) if layer is layers[1] or layer is layers[3] else hidden
        hidden = hidden @ layer.weight.double() + layer.bias.double()
    assert torch.allclose(bound.const[0] + bound.single[0, 2], hidden - hidden[5], atol=1e-5)


def test_nodes_are_followed_as_if_alone():
    layers, base, effect, free, *_ = case("three tanh layers", 1, 1.0, 8, 3, 0)
    network = Network.of(layers)
    alone = stages(network, base[None], effect, free[None], 3)
    beside = stages(network, torch.stack([base, base + 2]), effect, free.expand(2, -1), 3)
    for one, two in zip(alone, beside, strict=True):
        for name in NAMES:
            assert torch.allclose(getattr(one, name)[0], getattr(two, name)[0], atol=1e-12)


@settings(deadline=None)
@given(st.floats(-2, 2), st.floats(0, 2), st.floats(0.01, 2), st.floats(-3, 3), st.floats(-1, 1))
def test_a_square_with_an_error_is_below_its_spread(factor, error, typical, x, share):
    factor, error, typical = (torch.tensor(number, dtype=torch.float64) for number in (factor, error, typical))
    single, extra = spread(factor, error, typical)
    assert factor * (x + share * error) ** 2 <= single * x**2 + extra + 1e-9
