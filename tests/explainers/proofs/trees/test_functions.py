from itertools import combinations

import torch

from tests.explainers.proofs.test_branch_and_bound import problem_of
from topple.explainers.proofs.second_order import differences
from topple.explainers.proofs.trees.functions import Functions, stay_away


def test_an_item_of_the_history_competes_only_where_it_is_removed():
    const, coef = stay_away(torch.tensor([3.0, 3.0]), torch.zeros(4, 2), torch.tensor([-1, 2]), 1.0)
    assert (const + coef[0] > 0).tolist() == [True, False]
    assert (const + coef[2] > 0).tolist() == [True, True]


def values(functions, sets):
    """What functions of items in their order come to for sets of them [S, C]."""
    return (
        functions.const
        + functions.single[sets].sum(1)
        + functions.pair[:, sets[:, :, None], sets[:, None]].sum((2, 3)).T
    )


def of_problem(weights=None):
    problem, _ = problem_of(3, 2, 2)
    order = problem.removable.nonzero()[:, 0]
    worth, bias = differences(problem.network, problem.pool, problem.target)
    functions = Functions.of(problem, order, worth, bias, 1.0)
    sums = None if weights is None else Functions.of(problem, order, weights @ worth, weights @ bias, 1.0)
    return problem, order, functions, sums


def test_competitors_in_the_history_are_kept_away_from_sets_that_leave_them_there_and_so_are_their_sums():
    weights = torch.zeros(1, 11, dtype=torch.float64)
    weights[0, :2] = torch.tensor([0.5, 2.0])
    _, order, functions, sums = of_problem(weights)
    position = torch.full((11,), -1)
    position[1] = order[3]
    away = functions.away(order, position)
    sets = torch.tensor(list(combinations(range(len(order)), 2)))
    removed = (sets == 3).any(1)
    before, after = values(functions, sets), values(functions.kept_away(away), sets)
    assert torch.allclose(after[removed], before[removed], atol=1e-6)
    assert torch.allclose(after[:, [0, *range(2, 11)]], before[:, [0, *range(2, 11)]])
    assert (after[~removed, 1] < 0).all()
    before, after = values(sums, sets), values(sums.kept_away(away @ weights.T), sets)
    assert torch.allclose(after[removed], before[removed], atol=1e-6)
    assert (after[~removed] < before[~removed]).all()


def test_no_set_comes_to_more_than_is_said():
    _, order, functions, _ = of_problem()
    sets = torch.tensor(list(combinations(range(len(order)), 2)))
    assert (values(functions, sets) <= functions.most(2) + 1e-6).all()


def test_functions_are_ranked_chosen_and_joined():
    _, order, functions, _ = of_problem()
    back = torch.arange(len(order)).flip(0)
    ranked = functions.ranked(back)
    sets = torch.tensor(list(combinations(range(len(order)), 2)))
    assert torch.allclose(values(ranked, back[sets]), values(functions, sets))
    assert torch.equal(ranked.half, functions.half[:, back])
    some = torch.arange(11) < 4
    both = functions.among(some).beside(functions.among(~some))
    for name in ("const", "single", "pair", "half"):
        assert torch.equal(getattr(both, name), getattr(functions, name)), name


def test_promises_allow_for_the_rounding_of_float32():
    _, _, functions, _ = of_problem()
    const, alone, twice = functions.promised()
    assert (torch.from_numpy(const).double() > functions.const).all()
    assert alone.shape == functions.half.shape
    assert torch.allclose(torch.from_numpy(twice), 2 * functions.pair.permute(1, 2, 0))
