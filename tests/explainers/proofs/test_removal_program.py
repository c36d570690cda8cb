"""The program against every subset."""

import time
from itertools import chain, combinations
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import milp

from topple.explainers.proofs import removal_program
from topple.explainers.proofs.gaps import Gaps
from topple.explainers.proofs.removal_program import Ended, Wanted, fewest_removals

HISTORY = 7


def random_gaps(seed, rivals=5):
    """Gaps of five competitors over seven places: two come back when removed, one place may not be removed."""
    random = np.random.default_rng(seed)
    whole = seed % 2 == 0
    gains = random.integers(-3, 6, (rivals, HISTORY)) / 1.0 if whole else random.normal(0.5, 2, (rivals, HISTORY))
    removable = np.arange(HISTORY) != seed % HISTORY
    own = np.full(rivals, -1)
    own[:2] = random.permutation(np.flatnonzero(removable))[:2]
    start = -random.uniform(-2, 12, rivals) + 1e-3
    gaps = Gaps(
        start,
        gains * removable,
        own,
        np.zeros(rivals, dtype=np.int64),
        removable,
        int(random.integers(1, 4)),
        np.arange(rivals),
    )
    fewest = [
        next((int(removed.sum()) for removed in sets_up_to(gaps, HISTORY) if reached(gaps, removed)[rival] > 0), 99)
        for rival in range(rivals)
    ]
    return Gaps(start, gains * removable, own, np.array(fewest), removable, gaps.needed, np.arange(rivals))


def sets_up_to(gaps, size, smallest=0):
    """Every set of removable places, small ones first."""
    free = np.flatnonzero(gaps.removable).tolist()
    for chosen in chain.from_iterable(combinations(free, each) for each in range(smallest, size + 1)):
        removed = np.zeros(len(gaps.removable), dtype=np.bool_)
        removed[list(chosen)] = True
        yield removed


def reached(gaps, removed):
    """The gaps after a removal; minus infinity where a competitor of the history is still in it."""
    now = gaps.start + gaps.gains @ removed
    return np.where((gaps.position >= 0) & ~removed[gaps.position], -np.inf, now)


def enough(gaps, removed):
    return (reached(gaps, removed) > 0).sum() >= gaps.needed


@given(st.integers(0, 100_000), st.integers(1, 6))
@settings(max_examples=150, deadline=None)
def test_finds_a_smallest_set_or_that_there_is_none(seed, largest):
    whole = random_gaps(seed)
    gaps = whole.within(largest)
    if not 0 < gaps.needed <= len(gaps.start):
        return
    sizes = [int(removed.sum()) for removed in sets_up_to(whole, largest, smallest=1) if enough(whole, removed)]
    ended, found = fewest_removals(gaps, Wanted(gaps.worthwhile(largest), 1, largest, ()), 1000)
    assert (ended is Ended.FOUND) == bool(sizes)
    if sizes:
        assert int(found.sum()) == sizes[0]
        assert enough(whole, found)
        assert not (found & ~whole.removable).any()


@given(st.integers(0, 100_000), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_forbidding_what_was_found_lists_every_set_of_a_size(seed, size):
    whole = random_gaps(seed)
    gaps = whole.within(size)
    if not 0 < gaps.needed <= len(gaps.start):
        return
    expected = {tuple(removed) for removed in sets_up_to(whole, size, smallest=size) if enough(whole, removed)}
    found = []
    while True:
        ended, removed = fewest_removals(gaps, Wanted(np.flatnonzero(gaps.removable), size, size, found), 1000)
        if ended is not Ended.FOUND:
            break
        found.append(removed)
        assert len(found) <= len(expected)
    assert {tuple(removed) for removed in found} == expected


@given(st.integers(0, 100_000), st.integers(1, 6))
@settings(max_examples=100, deadline=None)
def test_within_a_size_the_same_sets_are_enough(seed, size):
    whole = random_gaps(seed)
    gaps = whole.within(size)
    for removed in sets_up_to(whole, size):
        assert enough(whole, removed) == enough(gaps, removed)


@given(st.integers(0, 100_000), st.integers(1, 6))
@settings(max_examples=100, deadline=None)
def test_the_worthwhile_places_hold_a_smallest_set(seed, size):
    gaps = random_gaps(seed)
    places = np.isin(np.arange(HISTORY), gaps.worthwhile(size))
    sizes = [int(removed.sum()) for removed in sets_up_to(gaps, size) if enough(gaps, removed)]
    if sizes:
        inside = [int(r.sum()) for r in sets_up_to(gaps, size) if enough(gaps, r) and not (r & ~places).any()]
        assert min(inside) == min(sizes)


def test_a_place_with_as_many_betters_as_may_be_removed_is_left_out():
    gains = np.array([[1.0, 3.0, 2.0, 0.0, 3.0]])
    gaps = Gaps(np.array([-1.0]), gains, np.array([-1]), np.array([1]), np.ones(5, dtype=np.bool_), 1, np.zeros(1, int))
    assert gaps.worthwhile(1).tolist() == [1]
    assert gaps.worthwhile(2).tolist() == [1, 4]
    assert gaps.worthwhile(4).tolist() == [0, 1, 2, 4]


@pytest.mark.parametrize("unit", [1e-8, 1.0, 1e8])
def test_the_unit_of_the_scores_does_not_matter(unit):
    """One removal leaves a gap of -0.00001 of the largest gain: not enough, and the solver must see it."""
    gains = np.array([[1.0, 1.0, 0.5]]) * unit
    gaps = Gaps(
        np.array([-1.00001]) * unit,
        gains,
        np.array([-1]),
        np.array([2]),
        np.ones(3, dtype=np.bool_),
        1,
        np.zeros(1, int),
    )
    ended, found = fewest_removals(gaps, Wanted(np.arange(3), 1, 3, ()), 1000)
    assert (ended, int(found.sum())) == (Ended.FOUND, 2)


def test_a_solver_that_is_stopped_says_so(monkeypatch):
    from topple.explainers.proofs import removal_program

    monkeypatch.setattr(removal_program, "milp", lambda *_, **__: type("Stopped", (), {"status": 1, "x": None}))
    gaps = random_gaps(1).within(6)
    ended, found = fewest_removals(gaps, Wanted(gaps.worthwhile(6), 1, 6, ()), 1000)
    assert ended is Ended.STOPPED
    assert not found.any()


def test_a_program_is_stopped_by_its_time_and_claims_nothing():
    random = np.random.default_rng(0)
    gains = np.abs(random.normal(size=(60, 60)))
    gaps = Gaps(-gains.sum(1) / 3, gains, np.full(60, -1), np.ones(60, int), np.ones(60, bool), 30, np.arange(60))
    started = time.perf_counter()
    ended, found = fewest_removals(gaps, Wanted(np.arange(60), 1, 40, ()), 10_000_000, seconds=0.2)
    assert time.perf_counter() - started < 10
    assert ended is Ended.STOPPED
    assert not found.any()
    assert fewest_removals(gaps, Wanted(np.arange(60), 1, 40, ()), 1000, seconds=-1)[0] is Ended.STOPPED


def presolve_finds_nothing(monkeypatch, programs):
    """The solver as it was seen: a program with costs that has a solution is called infeasible while it is presolved."""

    def solver(*args, options, **kwargs):
        programs.append(options)
        return SimpleNamespace(status=2) if options["presolve"] else milp(*args, options=options, **kwargs)

    monkeypatch.setattr(removal_program, "milp", solver)


def priced(monkeypatch, seconds=60.0):
    programs = []
    presolve_finds_nothing(monkeypatch, programs)
    own, fewest = np.full(1, -1), np.ones(1, dtype=np.int64)
    gaps = Gaps(
        np.full(1, -1.0), np.array([[2.0, 3.0, 0.5]]), own, fewest, np.ones(3, dtype=np.bool_), 1, np.zeros(1, int)
    )
    ended, found = fewest_removals(gaps, Wanted(np.arange(3), 1, 3, (), np.array([1.0, 5, 1])), 100, seconds)
    return programs, ended, found.tolist()


def test_a_program_with_costs_is_never_presolved(monkeypatch):
    programs, ended, found = priced(monkeypatch)
    assert (ended, found) == (Ended.FOUND, [True, False, False])
    assert [(options["presolve"], options["time_limit"]) for options in programs] == [(False, 60)]
