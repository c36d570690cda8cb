"""What each competitor lacks to outrank a target, for additive models: linear in the removal.

From these gaps comes the proof by counting: how many removals at least, before enough competitors can outrank a target.
Everywhere here: C competitors of one query.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from topple.types import BoolArray, FloatArray, IntArray

ROUNDING = 1e-12
"""Rounding of a float64 sum, relative to the sum of its absolute terms; a gap this near 0 may be above it."""
COMPETITORS = 20_000
"""Competitors of one target that are told apart; where there are more, nothing is said about it."""


@dataclass(frozen=True, eq=False)
class Gaps:
    """One target and the competitors that could outrank it alone: C gaps, each linear in the removal.

    A competitor outranks the target only where its gap is above 0. The gap is its score, less the target's, less the
    tolerance of the query, with what rounding could hide added. So where no set brings enough gaps above 0 none topples by
    outranking; a set that does is for re-ranking to confirm.

    Args:
        start: the gaps before any removal, rounding added [C].
        gains: how much each gap grows when a position is removed [C, H]; 0 where it may not be.
        position: where a competitor stands in the history, which comes back when it is removed [C]; -1 for one outside.
        fewest: the fewest removals after which each competitor alone is above 0 [C].
        removable: the positions that may be removed, bool [H].
        needed: how many gaps must be above 0.
        item: the competitors [C].
    """

    start: FloatArray
    gains: FloatArray
    position: IntArray
    fewest: IntArray
    removable: BoolArray
    needed: int
    item: IntArray

    def at(self, competitors: IntArray, needed: int) -> "Gaps":
        """Return some of the competitors, so many of whom are needed."""
        return replace(
            self,
            start=self.start[competitors],
            gains=self.gains[competitors],
            position=self.position[competitors],
            fewest=self.fewest[competitors],
            needed=needed,
            item=self.item[competitors],
        )

    def counting_bound(self, most: int) -> int:
        """Return the size below which no set topples the target; `most` + 1 where no set of up to `most` positions does.

        The target leaves a list of length k when k competitors outrank it together, so not before each of k could alone.
        """
        if self.needed > len(self.fewest):
            return most + 1
        return min(int(np.sort(self.fewest)[self.needed - 1]) if self.needed > 0 else 0, most + 1)

    def within(self, size: int) -> "Gaps":
        """Return what matters for sets of up to `size` positions: without who cannot get above 0, and who cannot get below."""
        worst = self.start + np.sort(self.gains.clip(max=0), 1)[:, :size].sum(1)
        sure = (worst > 0) & (self.position < 0)
        matter = np.flatnonzero(~sure & (self.fewest <= size))
        return self.at(matter, self.needed - int(sure.sum()))

    def scaled(self) -> "Gaps":
        """Return the gaps each in a unit of its own: the largest gain is 1, or below where the start is far from 0."""
        most = np.maximum(np.abs(self.gains).max(1), np.abs(self.start) / self.gains.shape[1])
        unit = np.where(most > 0, most, 1.0)
        return replace(self, start=self.start / unit, gains=self.gains / unit[:, None])

    def worthwhile(self, size: int) -> IntArray:
        """Return the positions that a smallest set of up to `size` can be chosen from.

        A position that lifts no gap is never worth its removal. Nor is one with as many betters as the set may have positions:
        one of these is free to take its part. (A better one lifts every gap at least as much; of equals, the first.) The
        position of a competitor is kept.
        """
        comes_back = np.isin(np.arange(len(self.removable)), self.position)
        positions = np.flatnonzero((self.gains > 0).any(0) | comes_back)
        better = np.ones((len(positions), len(positions)), dtype=np.bool_)
        for gain in self.gains[:, positions]:
            better &= gain[:, None] >= gain
        order = np.arange(len(positions))
        better &= ~(better.T & (order[:, None] >= order))
        chosen: IntArray = positions[(better.sum(0) < size) | comes_back[positions]]
        return chosen


@dataclass(frozen=True, eq=False)
class Counted:
    """What counting says of Q queries.

    Args:
        bound: the size below which no set topples the target [Q]; one more than was asked about where no set of these sizes does.
        gaps: returns the gaps of a query, by number; None where there are too many competitors to be told apart.
    """

    bound: IntArray
    gaps: Callable[[int], Gaps | None]
