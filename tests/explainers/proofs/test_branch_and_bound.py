from itertools import combinations

import pytest
import torch

from tests.explainers.proofs.test_linear_relaxation import case
from topple.explainers.proofs import branch_and_bound
from topple.explainers.proofs.branch_and_bound import Problem, Tree, _halves, _rounding, search, stay_away
from topple.explainers.proofs.linear_relaxation import Network
from topple.explainers.proofs.second_order import stages


def problem_of(seed, size, k, strength=1.0):
    """A problem over a random network, and the true lead of each of its sets."""
    layers, base, effect, free, sets, scores = case("mult-vae", seed, strength, 8, size, 0)
    pool = torch.tensor([item for item in range(12) if item != 5])
    network = Network.of(layers)
    around = stages(network, base[None], effect, free[None], size)
    problem = Problem(network, around, free, size, 5, k, pool, torch.full_like(pool, -1), 1.0)
    leads = (scores[:, pool] - scores[:, [5]]).topk(k).values[:, -1]
    return problem, dict(zip(map(tuple, sets.tolist()), leads.tolist(), strict=True))


@pytest.mark.parametrize("numbers", [1, 500_000])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_a_search_proves_or_finds_what_enumeration_says(size, numbers, monkeypatch):
    monkeypatch.setattr(branch_and_bound, "STEP", numbers)
    ends = set()
    for seed in range(12):
        for k in (1, 3, 6):
            problem, leads = problem_of(seed, size, k)
            outcome = search(
                problem, lambda sets, leads=leads: torch.tensor([leads[tuple(s)] for s in sets.tolist()]), 10**9
            )
            assert outcome.proven == (max(leads.values()) <= 0)
            assert outcome.proven == (outcome.found is None)
            if outcome.found is not None:
                assert leads[tuple(outcome.found.tolist())] > 0
            ends.add(outcome.proven)
    assert ends == {True, False}


def test_few_sets_are_scored_where_most_are_far_from_toppling():
    scored = total = 0
    for seed in range(12):
        problem, leads = problem_of(seed, 3, 3, strength=0.5)
        if max(leads.values()) <= 0:
            scored += search(problem, lambda sets: torch.full((len(sets),), -1.0), 10**9).scored
            total += len(leads)
    assert total
    assert scored < total / 5


def test_a_spent_budget_proves_nothing():
    problem, _ = problem_of(0, 3, 1)
    outcome = search(problem, lambda sets: torch.full((len(sets),), -1.0), 5)
    assert (outcome.proven, outcome.found) == (False, None)


def test_every_scored_set_is_counted_once_and_none_twice():
    problem, _ = problem_of(2, 3, 1, strength=3.0)
    seen = []

    def score(sets):
        seen.extend(map(tuple, sets.tolist()))
        return torch.full((len(sets),), -1.0)

    outcome = search(problem, score, 10**9)
    assert outcome.scored == len(seen) == len(set(seen)) > 0
    assert {sum(one) for one in seen} == {3}
    assert not any(
        place and not free for one in seen for place, free in zip(one, problem.removable.tolist(), strict=True)
    )


def test_steps_make_each_set_once():
    problem, _ = problem_of(1, 3, 1)
    items = problem.removable.nonzero()[:, 0]
    everyone = torch.full((1,), 9.0, dtype=torch.float64)
    none = torch.zeros(len(items), 1, dtype=torch.float64)
    pair = torch.zeros(len(items), len(items), 1, dtype=torch.float64)
    tree = Tree(everyone, none, pair, torch.zeros(3, len(items), 1, dtype=torch.float64), items, 3, 1)
    chosen, value = torch.zeros(1, 0, dtype=torch.int64), everyone[None]
    for _ in range(3):
        chosen, value = tree.step(chosen, value)
    assert sorted(map(tuple, chosen.tolist())) == list(combinations(range(len(items)), 3))


def test_an_item_of_the_history_competes_only_where_it_is_removed():
    const, coef = stay_away(torch.tensor([3.0, 3.0]), torch.zeros(4, 2), torch.tensor([-1, 2]), 1.0)
    assert (const + coef[0] > 0).tolist() == [True, False]
    assert (const + coef[2] > 0).tolist() == [True, True]


@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_steps_keep_the_sets_with_k_competitors_above_zero_and_no_others(size, k):
    shares = []
    for seed in range(8):
        random = torch.Generator().manual_seed(seed)
        const, single = (torch.randn(*shape, dtype=torch.float64, generator=random) for shape in ((4,), (7, 4)))
        pair = torch.randn(7, 7, 4, dtype=torch.float64, generator=random)
        pair = (pair + pair.transpose(0, 1)) / 2 * (1 - torch.eye(7, dtype=torch.float64))[..., None]
        tree = Tree(const, single, pair, _halves(pair, size), torch.arange(7), size, k)
        chosen, value = torch.zeros(1, 0, dtype=torch.int64), const[None]
        for _ in range(size):
            chosen, value = tree.step(chosen, value)
        sets = torch.tensor(list(combinations(range(7), size)))
        true = const + single[sets].sum(1) + pair[sets[:, :, None], sets[:, None]].sum((1, 2))
        able = (true > 0).sum(1) >= k
        assert chosen.tolist() == sets[able].tolist()
        assert torch.allclose(value, true[able])
        shares.append(float(able.double().mean()))
    assert 0 < sum(shares) < len(shares)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_rounding_drops_no_set_that_topples(size):
    kept = near = 0
    for seed in range(30):
        random = torch.Generator().manual_seed(seed)
        single = torch.randn(7, 4, dtype=torch.float64, generator=random) * 10.0 ** torch.randint(
            -3, 4, (7, 1), generator=random
        )
        pair = torch.randn(7, 7, 4, dtype=torch.float64, generator=random)
        pair = ((pair + pair.transpose(0, 1)) * (1 - torch.eye(7, dtype=torch.float64))[..., None]).float().double()
        sets = torch.tensor(list(combinations(range(7), size)))
        reach = single[sets].sum(1) + pair[sets[:, :, None], sets[:, None]].sum((1, 2))
        const = (
            1e-9 - reach[torch.randint(len(sets), (4,), generator=random), torch.arange(4)]
        )  # just above 0 for one set
        true = const + reach
        rounded = (const + _rounding(const, single, pair, size)).float()
        tree = Tree(rounded, single.float(), pair.float(), _halves(pair, size).float(), torch.arange(7), size, 1)
        chosen, value = torch.zeros(1, 0, dtype=torch.int64), tree.const[None]
        for _ in range(size):
            chosen, value = tree.step(chosen, value)
        able = {tuple(one) for one in sets[(true > 0).any(1)].tolist()}
        assert able <= {tuple(one) for one in chosen.tolist()}
        kept, near = kept + len(chosen), near + len(able)
    assert near <= kept < 1.2 * near
