from itertools import combinations

import pytest
import torch

import topple
from topple.explainers.proofs.bounds import Shrunk, network_of
from topple.explainers.proofs.leaves import Leaves, error_in_float32
from topple.explainers.proofs.linear_relaxation import Network
from topple.explainers.search.engine import Engine
from topple.explainers.search.explainer import engines
from topple.records.question import UNSEEN, Goal
from topple.scoring.encoding import encode
from topple.scoring.layers import Layer
from topple.testing import random_mult_vae

ITEMS, HISTORY, SETS = 80, 40, 400
TARGET = 5


def plain(random):
    """The layers of a Mult-VAE with random weights."""
    sizes = ((ITEMS, 120, True), (120, 40, False), (40, 120, True), (120, ITEMS, False))
    return [
        Layer(torch.randn(rows, columns, generator=random) / rows**0.5, torch.randn(columns, generator=random), tanh)
        for rows, columns, tanh in sizes
    ]


def with_last(layers, change):
    weight, bias = layers[-1].weight.clone(), layers[-1].bias.clone()
    change(weight, bias)
    return [*layers[:-1], Layer(weight, bias, False)]


def large(random):
    """Scores of a large scale, and saturated units."""
    return [Layer(layer.weight * 20, layer.bias, layer.tanh) for layer in plain(random)]


def small(random):
    """Scores of a tiny scale."""
    return with_last(plain(random), lambda weight, bias: (weight.mul_(2.0**-60), bias.mul_(2.0**-60)))


def cancelling(random):
    """Two units that are the same, of large weights that cancel."""
    layers = plain(random)
    layers[2].weight[:, 1], layers[2].bias[1] = layers[2].weight[:, 0], layers[2].bias[0]

    def change(weight, bias):
        weight[0] = torch.randn(ITEMS, generator=random) * 1e4
        weight[1] = -weight[0]

    return with_last(layers, change)


def far_from_zero(random):
    """Biases that all scores have in common."""
    return with_last(plain(random), lambda weight, bias: bias.add_(1e5))


def duplicates(random):
    """Items that score the same."""
    return with_last(plain(random), lambda weight, bias: (weight.copy_(weight[:, :1].clone()), bias.fill_(1)))


def leaves_of(goal, rule, seed, last=lambda array: array):
    """The sets that a size of each target of a random history leaves open, and all sets of that size.

    `last` changes the arrays of the last layer.
    """
    model = random_mult_vae(items=20, seed=seed)
    changed = {name: last(model.arrays()[name]) for name in ("weight_p_1to2", "bias_p_2")}
    model = type(model).from_arrays({**model.arrays(), **changed}, model.catalogue)
    queries = topple.top_k_queries(model, {"ana": model.catalogue.vocabulary.ids[:7]}, k=3, rule=rule, goal=goal)
    ((_, engine),) = engines(model, encode(queries, model.catalogue), 32)
    for size in (2, 4):
        shrunk = Shrunk.of(engine, network_of(engine), 0, size)
        sets = torch.zeros(0, 7, dtype=torch.bool)
        for chosen in combinations(range(7), size):
            sets = torch.cat([sets, torch.zeros(1, 7, dtype=torch.bool).index_fill_(1, torch.tensor(chosen), True)])
        for column, problem in enumerate(shrunk.problems(torch.arange(engine.table.target.shape[1]))):
            if problem is not None:
                yield (
                    engine,
                    column,
                    Leaves(engine, 0, column, shrunk.items, shrunk.start, shrunk.effect, problem),
                    sets,
                )


@pytest.mark.parametrize("goal", [Goal.NECESSARY, Goal.BOTH])
@pytest.mark.parametrize("rule", UNSEEN)
def test_a_set_is_past_the_goal_where_the_full_catalogue_says_so(goal, rule):
    past = asked = 0
    for seed in range(6):
        for engine, column, leaves, sets in leaves_of(goal, rule, seed):
            row, at = torch.zeros(len(sets), dtype=torch.int64), torch.full((len(sets),), column)
            true = engine.settle(row, at, sets) > 0
            assert (leaves.score(sets) > 0).equal(true)
            past, asked = past + int(true.sum()), asked + len(sets)
    assert 20 < past < asked - 20


def test_sets_that_alone_do_not_keep_the_target_among_the_best_are_not_settled(monkeypatch):
    settled, toppling, settle = 0, 0, Engine.settle

    def counting(self, row, column, units):
        nonlocal settled
        settled += len(row)
        return settle(self, row, column, units)

    for seed in range(6):
        for engine, column, leaves, sets in leaves_of(Goal.BOTH, UNSEEN[0], seed):
            row, at = torch.zeros(len(sets), dtype=torch.int64), torch.full((len(sets),), column)
            necessary = Engine.over(engine.recommender, engine.table, engine.rule)
            toppling += int((settle(necessary, row, at, sets) > 0).sum())
            with monkeypatch.context() as patch:
                patch.setattr(Engine, "settle", counting)
                leaves.score(sets)
    assert 0 < settled < 0.8 * toppling


@pytest.mark.parametrize("rule", UNSEEN)
def test_what_float32_refutes_is_far_below_the_goal_and_most_is_refuted(rule):
    refuted = asked = 0
    for seed in range(6):
        for _, _, leaves, sets in leaves_of(Goal.NECESSARY, rule, seed):
            near = leaves._may_be_past(sets)
            assert (leaves._leads(sets) < -(2.0**-20))[~near].all()
            refuted, asked = refuted + int((~near).sum()), asked + len(sets)
    assert 0 < asked - refuted < asked


@pytest.mark.parametrize("power", [-30, 30])
def test_scores_of_another_scale_are_refuted_alike(power):
    for seed in range(3):
        plain = [leaves._may_be_past(sets) for *_, leaves, sets in leaves_of(Goal.NECESSARY, UNSEEN[0], seed)]
        scaled = leaves_of(Goal.NECESSARY, UNSEEN[0], seed, last=lambda array: array * 2.0**power)
        for near, (*_, leaves, sets) in zip(plain, scaled, strict=True):
            assert leaves._may_be_past(sets).equal(near)


@pytest.mark.parametrize("world", [plain, large, small, cancelling, far_from_zero, duplicates])
def test_ten_times_more_is_allowed_for_than_float32_is_off(world):
    worst = 0.0
    for seed in range(5):
        random = torch.Generator().manual_seed(seed)
        layers = world(random)
        history = layers[0].weight[:HISTORY] / 30**0.5
        removed = torch.rand(SETS, HISTORY, generator=random) < 0.2
        scores = []
        for dtype in (torch.float32, torch.float64):
            hidden = torch.tanh((~removed).to(dtype) @ history.to(dtype) + layers[0].bias.to(dtype))
            for layer in layers[1:]:
                hidden = hidden @ layer.weight.to(dtype) + layer.bias.to(dtype)
                hidden = torch.tanh(hidden) if layer.tanh else hidden
            scores.append(hidden.double() - hidden[:, [TARGET]].double())
        start = history.double().sum(0) + layers[0].bias.double()
        error = error_in_float32(Network.of(tuple(layers)), start, -history.double(), torch.arange(ITEMS))
        worst = max(worst, float(((scores[0] - scores[1]).abs() / (error + error[TARGET])).max()))
    assert worst < 0.1, worst
