"""Sets that are to suffice, or to be both, by programs: against every subset, tried one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.explainers.brute_force import ADDITIVE, draw_query
from tests.explainers.test_goals import explained, is_settled
from topple.explainers.proofs.keeping import Keeping
from topple.records.question import Goal


@pytest.mark.parametrize("goal", [Goal.SUFFICIENT, Goal.BOTH])
@pytest.mark.parametrize("method", ["exact", "auto"])
def test_what_a_program_says_of_sets_that_suffice_is_so(goal, method):
    @settings(deadline=None, max_examples=60)
    @given(st.integers(0, 1_000_000))
    def agrees(seed):
        random, model = np.random.default_rng(seed), ADDITIVE[seed % len(ADDITIVE)]
        limits = {"budget": 1} if method == "auto" else {}  # nothing is enumerated: programs prove
        (found,) = explained(model, [draw_query(model, random, 9, goal=goal)], method, settings=limits)
        is_settled(model, found)

    agrees()


def keeping(**changes):
    """Four items over three units; one may outrank the target."""
    given = {
        "start": np.array([1.0, -1.0, -1.0, 5.0]),
        "gains": np.array([[0.0, 2.0, 3.0, 0.0], [0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]),
        "competes": np.array([True, True, True, False]),
        "holds": None,
        "allowed": 1,
    }
    return Keeping(**{**given, **changes})


def test_a_program_is_told_once_of_who_outranks_the_target():
    known = keeping()
    assert known.tell(np.array([True, False, False]), 1e-6)
    assert sorted(known.told) == [0, 1, 2]  # the first always, the others by the unit kept; the last does not compete
    assert not known.tell(np.array([True, False, False]), 1e-6)
    assert not keeping().tell(np.array([False, False, True]), 1e-6)  # the first alone may


def test_an_item_does_not_compete_while_it_is_kept():
    holds = np.zeros((3, 4), dtype=np.bool_)
    holds[0, [1, 2]] = True
    assert not keeping(holds=holds).tell(np.array([True, False, False]), 1e-6)
    assert keeping(holds=holds).tell(np.array([False, True, False]), 1e-6)


def test_gaps_are_scaled_each_by_the_largest_gain():
    known = keeping()
    known.tell(np.array([True, False, False]), 1e-6)
    start, gains = known.scaled(np.array([0, 2]))
    assert gains.shape == (3, 2)
    assert start[known.told == 2] == pytest.approx(-1 / 3)
    assert gains[known.told == 2][0].tolist() == [1, 0]
