"""The smallest removal for one target of an additive model, as a mixed-integer program."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from topple.types import BoolArray, FloatArray, IntArray

SCALE = 100.0
"""What a scaled gain of 1 becomes; the solver's own tolerance is an absolute 1e-6."""
LOOSE = 1e-4
"""By how much a scaled gap may miss 0: well above the solver's tolerance, so that no set that topples is cut off."""


class Ended(Enum):
    """How a search among the sets of some sizes ended."""

    FOUND = "found"
    NO_SUCH_SET = "no such set"
    STOPPED = "stopped"


@dataclass(frozen=True, eq=False)
class Gaps:
    """One target and the competitors that could outrank it: C gaps, each linear in the removal.

    That a gap is above 0 is necessary for outranking the target, and not always enough. So where no set brings enough gaps
    above 0 none topples; a set that does is for re-ranking to confirm.

    Args:
        start: the gaps before any removal [C].
        gains: how much each gap grows when a place is removed [C, H].
        own: the place of a competitor that comes back when it is removed [C]; -1 for one outside the history.
        fewest: the fewest removals after which each competitor alone is above 0 [C].
        removable: the places that may be removed, bool [H].
        needed: how many gaps must be above 0.
    """

    start: FloatArray
    gains: FloatArray
    own: IntArray
    fewest: IntArray
    removable: BoolArray
    needed: int

    def at(self, rivals: IntArray, needed: int) -> "Gaps":
        """Return some of the competitors, so many of whom are needed."""
        return replace(
            self,
            start=self.start[rivals],
            gains=self.gains[rivals],
            own=self.own[rivals],
            fewest=self.fewest[rivals],
            needed=needed,
        )

    def within(self, size: int) -> "Gaps":
        """Return what matters for sets of up to so many places: without who cannot get above 0, and who cannot get below."""
        worst = self.start + np.sort(self.gains.clip(max=0), 1)[:, :size].sum(1)
        sure = (worst > 0) & (self.own < 0)
        matter = np.flatnonzero(~sure & (self.fewest <= size))
        return self.at(matter, self.needed - int(sure.sum()))

    def scaled(self) -> "Gaps":
        """Return the same gaps in units of their own: the largest gain is 1, or below where the start is far from 0."""
        most = np.maximum(np.abs(self.gains).max(1), np.abs(self.start) / self.gains.shape[1])
        unit = np.where(most > 0, most, 1.0)
        return replace(self, start=self.start / unit, gains=self.gains / unit[:, None])

    def worthwhile(self, size: int) -> IntArray:
        """Return the places that a smallest set of up to so many can be chosen from.

        A place that lifts no gap is never worth its removal. Nor is one with as many betters as the set may have places: one
        of these is free to take its part. (A better one lifts every gap at least as much; of equals, the first.) A
        competitor's own place is kept.
        """
        own = np.isin(np.arange(len(self.removable)), self.own)
        places = np.flatnonzero((self.gains > 0).any(0) | own)
        better = np.ones((len(places), len(places)), dtype=np.bool_)
        for gain in self.gains[:, places]:
            better &= gain[:, None] >= gain
        order = np.arange(len(places))
        better &= ~(better.T & (order[:, None] >= order))
        chosen: IntArray = places[(better.sum(0) < size) | own[places]]
        return chosen


def fewest_removals(
    gaps: Gaps,
    places: IntArray,
    smallest: int,
    largest: int,
    forbidden: Sequence[BoolArray],
    nodes: int,
    cost: FloatArray | None = None,
    limits: Sequence[tuple[FloatArray, float]] = (),
    seconds: float = math.inf,
) -> tuple[Ended, BoolArray]:
    """Return a smallest set that brings enough gaps above 0, bool [H], and how the solver ended; no set unless found.

    Source: HiGHS (Huangfu and Hall, 2018), from scipy.

    Args:
        gaps: the gaps; none that is above 0 whatever is removed.
        places: the places to choose from.
        smallest: size of the smallest set that is wanted.
        largest: size of the largest.
        forbidden: sets that are not wanted, bool [H] each.
        nodes: branches to try at most.
        cost: what each place costs [H], if the cheapest set is wanted and not the smallest.
        limits: numbers of the places [H], and what their sum over a set may not be above.
        seconds: after which the solver is stopped.
    """
    rows, floors = _constraints(gaps, places, smallest, largest, forbidden)
    for numbers, most in limits:
        rows = np.vstack([rows, np.concatenate([-numbers[places], np.zeros(rows.shape[1] - len(places))])])
        floors = np.append(floors, -most)
    count, columns = len(places), rows.shape[1]
    removed = np.zeros(len(gaps.removable), dtype=np.bool_)
    if count < smallest:
        return Ended.NO_SUCH_SET, removed
    if seconds <= 0:
        return Ended.STOPPED, removed
    price = np.concatenate([np.ones(count) if cost is None else cost[places], np.zeros(columns - count)])
    solved = milp(
        price,
        integrality=np.ones(columns, dtype=np.int64),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(rows, floors, np.inf),
        options={
            "node_limit": nodes,
            "mip_rel_gap": 0.0,
            "time_limit": seconds,
            "presolve": cost is None,  # with costs, HiGHS 1.12 has presolved solutions and the best of them away
        },
    )
    if solved.status == 0:
        removed[places[solved.x[:count] > 0.5]] = True
        return Ended.FOUND, removed
    return (Ended.NO_SUCH_SET if solved.status == 2 else Ended.STOPPED), removed


def _constraints(
    gaps: Gaps, places: IntArray, smallest: int, largest: int, forbidden: Sequence[BoolArray]
) -> tuple[FloatArray, FloatArray]:
    """Return rows [M, places + C] and the floors [M] that they must reach; columns: places, then who is counted."""
    size, rivals = len(places), len(gaps.start)
    scaled = gaps.scaled()
    gains, start = SCALE * scaled.gains[:, places], SCALE * scaled.start
    worst = start + np.sort(gains.clip(max=0), 1)[:, :largest].sum(1)
    lift = np.maximum(0.0, -worst)  # what the gap of a competitor that is not counted may lack
    comes_back = np.flatnonzero(gaps.own >= 0)
    one, nobody = np.eye(rivals), np.zeros(rivals)
    out = np.array([gone[places] for gone in forbidden], dtype=np.bool_).reshape(len(forbidden), size)
    blocks = [
        (np.hstack([gains, -one * lift]), -start - lift - LOOSE),
        (np.hstack([np.ones((rivals, size)), -one * gaps.fewest]), nobody),
        (np.concatenate([np.zeros(size), np.ones(rivals)])[None], np.array([gaps.needed])),
        (np.concatenate([np.ones(size), nobody])[None], np.array([smallest])),
        (np.concatenate([-np.ones(size), nobody])[None], np.array([-largest])),
        (np.hstack([places == gaps.own[comes_back, None], -one[comes_back]]), nobody[comes_back]),
        (np.hstack([np.where(out, -1.0, 1.0), np.zeros((len(out), rivals))]), 1 - out.sum(1)),
    ]
    return np.vstack([rows for rows, _ in blocks]), np.concatenate([floors for _, floors in blocks])
