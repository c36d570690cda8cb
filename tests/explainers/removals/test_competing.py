"""What is counted from rows, held against what is counted from a table of all scores, and against every subset."""

from itertools import combinations

import numpy as np
import pytest
import torch

from tests.explainers.removals.worlds import drawn_engines
from tests.explainers.sums.parity import KINDS, RULES
from topple.explainers.proofs.additive_scores import AdditiveScores
from topple.explainers.removals.competing import fewest
from topple.explainers.removals.counting import SummedScores


def ordered(gaps, unit):
    """The gaps in an order of their own, those of equal competitors once; an item of several events comes back with the unit."""
    unit = np.where(gaps.position < 0, -1, unit.numpy()[gaps.position.clip(min=0)])
    rows = np.column_stack([unit, gaps.start.round(9), gaps.gains.round(9)])
    return np.unique(rows, axis=0)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "cancelling"])
def test_the_same_competitors_are_able_to_as_by_a_table_of_all_scores(kind, rule, deep):
    for engine in drawn_engines(kind, rule, 1 + deep, users=3):
        table, cells = engine.table, engine.table.cells
        most = table.removable[cells].sum(1) if deep else torch.arange(len(cells[0])) % 4
        slow = AdditiveScores.of(engine).counted(engine, cells, most, every=True)
        fast = SummedScores(engine.sums).counted(engine, cells, most, every=True)
        asked = (most > 0).numpy()
        assert (fast.bound[asked] == slow.bound[asked]).all()
        assert (fast.bound[~asked] == 1).all()
        for query in np.flatnonzero(asked).tolist():
            one, other = fast.gaps(query), slow.gaps(query)
            unit = table.unit[cells[0][query]]
            np.testing.assert_allclose(ordered(one, unit), ordered(other, unit), rtol=1e-9, atol=1e-8)
            assert (one.needed, one.removable.tolist()) == (other.needed, other.removable.tolist())
            enough = min(len(other.start), other.needed)
            assert enough <= len(one.start) <= len(other.start)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("rule", RULES)
def test_what_rounding_could_hide_counts_where_rows_cancel(rule):
    """No competitor that topples in exact numbers is left out, however large the terms are that cancel."""
    for engine in drawn_engines("cancelling", rule, 2, users=3):
        table, cells = engine.table, engine.table.cells
        most = table.removable[cells].sum(1).clamp(max=3)
        slow = AdditiveScores.of(engine).counted(engine, cells, most, every=True)
        fast = SummedScores(engine.sums).counted(engine, cells, most, every=True)
        asked = (most > 0).numpy()
        assert (fast.bound[asked] == slow.bound[asked]).all()
        for query in np.flatnonzero(asked).tolist():  # rounding that is allowed for shows in the fifth decimal
            one, other = (np.unique(each.gaps(query).start.round(7)) for each in (fast, slow))
            np.testing.assert_allclose(one, other, atol=1e-6, rtol=0)


def test_only_the_gaps_of_what_the_bound_leaves_open_are_kept():
    (engine,) = drawn_engines("real", "unseen_before", 3, k=10)
    cells = engine.table.cells
    most = engine.table.removable[cells].sum(1).clamp(max=2)
    scores = SummedScores(engine.sums)
    some, every = (scores.counted(engine, cells, most, every=each) for each in (False, True))
    settled = (torch.from_numpy(some.bound) > most).numpy()
    assert settled.any()
    assert not settled.all()
    assert any(len(every.gaps(query).start) for query in np.flatnonzero(settled))
    for query, done in enumerate(settled.tolist()):
        count = len(every.gaps(query).start)
        assert len(some.gaps(query).start) == (0 if done else count)


def by_every_subset(start, gain, back, most):
    positions = range(len(gain))
    for size in range(most + 1):
        for chosen in combinations(positions, size):
            if (back < 0 or back in chosen) and start + sum(gain[list(chosen)]) > 0:
                return size
    return most + 1


@pytest.mark.parametrize("seed", range(60))
def test_the_fewest_removals_are_those_of_every_subset(seed):
    random = np.random.default_rng(seed)
    gain = random.integers(-3, 4, 7).astype(float) if seed % 2 else random.normal(size=7)
    back, start = int(random.integers(-4, 7)), float(random.integers(-8, 2) if seed % 2 else random.normal(-2, 3))
    for most in range(8):
        found = fewest(start, gain, max(back, -1), most, np.empty(7))
        assert found == by_every_subset(start, gain, max(back, -1), most)
