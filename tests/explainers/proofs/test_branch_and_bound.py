import pytest
import torch

from tests.explainers.proofs.test_linear_relaxation import case
from topple.explainers.proofs import branch_and_bound, tree
from topple.explainers.proofs.branch_and_bound import Problem, search
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


@pytest.mark.parametrize("numbers", [1, 20_000_000])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_a_search_proves_or_finds_what_enumeration_says(size, numbers, monkeypatch):
    monkeypatch.setattr(tree, "STEP", numbers)
    monkeypatch.setattr(tree, "SETS", min(numbers, 512))
    monkeypatch.setattr(branch_and_bound, "AT_ONCE", numbers)
    monkeypatch.setattr(branch_and_bound, "AHEAD", min(numbers, 30))
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


def hopeful(monkeypatch, seed, most):
    """What is scored of a problem that the budget does not last for, some sets at once and `most` of what is ahead; and all of it."""
    monkeypatch.setattr(tree, "SETS", 4)
    monkeypatch.setattr(branch_and_bound, "AT_ONCE", 4)
    monkeypatch.setattr(branch_and_bound, "HOPEFUL", most)
    problem, leads = problem_of(seed, 3, 1, strength=3.0)
    whole, part = [], []

    def score(sets, into):
        into.extend(map(tuple, sets.tolist()))
        return torch.full((len(sets),), -1.0)

    assert search(problem, lambda sets: score(sets, whole), 10**9).proven
    begun = 4 * (len(problem.removable) + len(problem.pool))
    outcome = search(problem, lambda sets: score(sets, part), begun + len(whole) - 8)
    assert (outcome.proven, outcome.found, outcome.scored) == (False, None, len(part))
    return whole, part, leads


def test_where_the_budget_does_not_last_for_all_only_the_most_hopeful_sets_are_scored(monkeypatch):
    gain = other = 0
    for seed in range(8):
        whole, part, leads = hopeful(monkeypatch, seed, 6)
        assert len(part) == len(set(part)) == 4 + 6 < len(whole) - 8
        assert part[:4] == whole[:4]
        assert set(part) < set(whole)
        chosen, ahead = (sum(leads[one] for one in sets[4:]) / len(sets[4:]) for sets in (part, whole))
        gain, other = gain + chosen - ahead, other + (part[4:] != whole[4:10])
    assert gain > 0
    assert other == 8


def test_a_query_that_may_score_few_sets_scores_no_more(monkeypatch):
    monkeypatch.setattr(branch_and_bound, "AT_ONCE", 0)
    problem, _ = problem_of(2, 3, 1, strength=3.0)
    scored = []

    def score(sets):
        scored.append(len(sets))
        return torch.full((len(sets),), -1.0)

    whole = search(problem, score, 10**9)
    assert whole.proven
    for left, ends in ((len(problem.removable), False), (2 * whole.scored, True)):
        scored.clear()
        outcome = search(problem, score, 10**9, lambda left=left: left - sum(scored), 1, 2)
        assert outcome.proven == ends
        assert sum(scored) == outcome.scored <= left


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
