import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.explainers.proofs.test_removal_program import enough, random_gaps, sets_up_to
from topple.explainers.proofs.gaps import Gaps
from topple.explainers.proofs.removal_program import Ended
from topple.explainers.removals import search
from topple.explainers.removals.search import by_branches


@given(st.integers(0, 100_000), st.integers(1, 6))
@settings(max_examples=200, deadline=None)
def test_a_smallest_set_is_found_or_there_is_none(seed, largest):
    whole = random_gaps(seed)
    sizes = [int(removed.sum()) for removed in sets_up_to(whole, largest) if enough(whole, removed)]
    ended, found = by_branches(whole.within(largest), 1, largest)
    if sizes and not sizes[0]:
        assert ended is Ended.STOPPED
        return
    assert ended is (Ended.FOUND if sizes else Ended.NO_SUCH_SET)
    if sizes:
        assert int(found.sum()) == sizes[0]
        assert enough(whole, found)


@given(st.integers(0, 100_000), st.integers(1, 4))
@settings(max_examples=100, deadline=None)
def test_costs_and_sizes_count(seed, largest):
    gaps, random = random_gaps(seed), np.random.default_rng(seed)
    cost, size = random.choice([1, 3, 50], len(gaps.removable)), random.integers(1, 4, len(gaps.removable))
    every = [removed for removed in sets_up_to(gaps, 7) if enough(gaps, removed) and size[removed].sum() <= largest]
    if enough(gaps, np.zeros(7, dtype=np.bool_)):
        return
    ended, found = by_branches(gaps, 1, int(cost.sum()), cost=cost, size=size, largest=largest)
    assert ended is (Ended.FOUND if every else Ended.NO_SUCH_SET)
    if every:
        assert cost[found].sum() == min(cost[removed].sum() for removed in every)
        assert size[found].sum() <= largest


def of_one(start, needed):
    """The gaps of one competitor that two positions lift."""
    one = np.array([1])
    return Gaps(np.array([start]), np.ones((1, 2)), -one, one, np.ones(2, dtype=np.bool_), needed, one)


def test_nothing_is_said_where_gaps_are_above_0_by_rounding_before_any_removal():
    assert by_branches(of_one(1e-15, 1), 1, 2)[0] is Ended.STOPPED
    assert by_branches(of_one(-1.5, 0), 1, 2)[0] is Ended.STOPPED
    assert by_branches(of_one(-1.5, 1), 1, 2)[0] is Ended.FOUND
    assert by_branches(of_one(-1.5, 2), 1, 2)[0] is Ended.NO_SUCH_SET


def test_without_time_or_effort_it_is_stopped(monkeypatch):
    assert by_branches(of_one(-1.5, 1), 1, 2, 0.0)[0] is Ended.STOPPED
    monkeypatch.setattr(search, "EFFORT", 0)
    assert by_branches(of_one(-1.5, 1), 1, 2)[0] is Ended.STOPPED
