from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.explainers.proofs.test_removal_program import enough, random_gaps, sets_up_to
from topple.explainers.proofs import coalitions
from topple.explainers.proofs.coalitions import possible_coalitions


@given(st.integers(0, 100_000), st.integers(1, 6))
@settings(max_examples=150, deadline=None)
def test_a_coalition_that_some_set_serves_is_never_ruled_out(seed, size):
    gaps = random_gaps(seed).within(size)
    if not 0 < gaps.needed <= len(gaps.start):
        return
    places = gaps.worthwhile(size)
    if not len(places):
        return
    kept = {tuple(each) for each in possible_coalitions(gaps, places, size).tolist()}
    for chosen in combinations(range(len(gaps.start)), gaps.needed):
        group = gaps.at(np.array(chosen), gaps.needed)
        if any(enough(group, removed) for removed in sets_up_to(group, size)):
            assert chosen in kept


def test_most_are_ruled_out_where_the_gaps_pull_apart():
    """What lifts one competitor sinks the other: each alone could with one removal, together they cannot."""
    gaps = random_gaps(0)
    start, gains = np.array([-1.6, -1.6, -1.6]), np.array([[3.0, -3, 0], [-3, 3, 0], [0, 0, 3]])
    gaps = type(gaps)(
        start, gains, np.full(3, -1), np.ones(3, dtype=np.int64), np.ones(3, dtype=np.bool_), 2, np.arange(3)
    )
    assert possible_coalitions(gaps, np.arange(3), 2).tolist() == [[0, 2], [1, 2]]
    assert possible_coalitions(gaps, np.arange(3), 1).tolist() == []


def test_a_competitor_of_the_history_costs_what_its_own_removal_costs():
    """The first need only come back to be above 0, but without it the second is not."""
    gaps = random_gaps(0)
    start, gains = np.array([1.0, 1.0]), np.array([[3.0, 0.0], [-10.0, 2.0]])
    gaps = type(gaps)(start, gains, np.array([0, -1]), np.array([1, 0]), np.ones(2, dtype=np.bool_), 2, np.arange(2))
    assert possible_coalitions(gaps, np.arange(2), 2).tolist() == []
    gains[1, 0] = -2.0
    assert possible_coalitions(gaps, np.arange(2), 2).tolist() == [[0, 1]]


def test_too_many_are_left_alone(monkeypatch):
    gaps = random_gaps(3)
    monkeypatch.setattr(coalitions, "COALITIONS", 0)
    assert possible_coalitions(gaps, gaps.worthwhile(4), 4) is None
