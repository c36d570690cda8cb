"""From the gaps of one target to a smallest set that topples it, or the proof that there is none."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations
from math import comb, inf
from typing import TypeAlias

import numpy as np

from topple.explainers.proofs.gaps import Gaps
from topple.explainers.proofs.removal_program import Ended, Wanted, fewest_removals
from topple.explainers.removals.search import by_branches
from topple.types import BoolArray

Settle: TypeAlias = Callable[[BoolArray], BoolArray]
"""Sets of positions, bool [M, H], to whether each topples the target, bool [M]; asked of the full catalogue."""

ENUMERATED = 2_000
"""Sets of one size that are rather tried one by one than told apart by programs."""


@dataclass(eq=False)
class SmallestRemoval:
    """A search by branch and bound, and re-ranking of what it finds; a program where that leaves something open.

    Args:
        gaps: the target's competitors.
        settle: what re-ranking says of sets.
        nodes: branches that a program may try.
        most_refuted: how many sets of one size re-ranking may refute.
        left: the seconds that are left for it.
    """

    gaps: Gaps
    settle: Settle
    nodes: int
    most_refuted: int
    left: Callable[[], float] = lambda: inf
    doubtful: bool = field(default=False, init=False)
    """Whether re-ranking has refuted a set. Then no position may be left out: the gaps do not tell all of it."""
    proven_below: int = field(default=0, init=False)
    """The size below which it is proven that no set topples, as far as the search came."""

    def search(self, smallest: int, largest: int, *, by_size: bool) -> tuple[Ended, BoolArray]:
        """Return a set of the smallest size that topples the target, bool [H], and how the search ended.

        A search that is stopped may have found a set all the same, of which it is not known whether it is smallest.

        Args:
            smallest: size below which no set brings enough gaps above 0.
            largest: size above which none is wanted.
            by_size: whether a program is asked for one size after the other (best where they are few), or for all at once.
        """
        self.proven_below = smallest
        ended, found = by_branches(self.gaps.within(largest), smallest, largest, self.left())
        if ended is Ended.NO_SUCH_SET:
            return ended, found
        size = int(found.sum())
        if size and self.settle(found[None])[0]:
            if ended is Ended.FOUND:
                self.proven_below = size
                return ended, found
            ended, better = self._by_programs(smallest, size - 1, by_size=by_size)
            return (Ended.FOUND, found) if ended is Ended.NO_SUCH_SET else (ended, better if better.any() else found)
        self.doubtful = size > 0
        return self._by_programs(size if ended is Ended.FOUND else smallest, largest, by_size=by_size)

    def _by_programs(self, smallest: int, largest: int, *, by_size: bool) -> tuple[Ended, BoolArray]:
        """Return what `search` does, by programs."""
        self.proven_below = smallest
        while self.proven_below <= largest:
            size = self.proven_below
            ended, found = self._next(size, largest) if by_size else self._among(size, largest)
            if ended is Ended.FOUND:
                self.proven_below = int(found.sum())
            if ended is not Ended.FOUND or self.settle(found[None])[0]:
                return ended, found
            self.doubtful = True
            ended, found = self._exhaust(found)
            if ended is not Ended.NO_SUCH_SET:
                return ended, found
            self.proven_below += 1
        return Ended.NO_SUCH_SET, np.zeros_like(self.gaps.removable)

    def _next(self, smallest: int, largest: int) -> tuple[Ended, BoolArray]:
        """Return what `_among` finds, one size after the other."""
        for size in range(smallest, largest + 1):
            ended, found = self._among(size, size)
            if ended is not Ended.NO_SUCH_SET:
                return ended, found
            self.proven_below = size + 1
        return Ended.NO_SUCH_SET, np.zeros_like(self.gaps.removable)

    def _among(self, smallest: int, largest: int, forbidden: tuple[BoolArray, ...] = ()) -> tuple[Ended, BoolArray]:
        """Return a smallest set of these sizes that brings enough gaps above 0."""
        gaps = self.gaps.within(largest)
        if gaps.needed <= 0:  # ties above 0 by no more than rounding: gaps tell nothing
            gaps = gaps.at(np.zeros(0, dtype=np.int64), 0)
        if len(gaps.start) < gaps.needed:
            return Ended.NO_SUCH_SET, np.zeros_like(gaps.removable)
        doubtful = self.doubtful or gaps.needed == 0
        positions = np.flatnonzero(gaps.removable) if doubtful else gaps.worthwhile(largest)
        return fewest_removals(gaps, Wanted(positions, smallest, largest, forbidden), self.nodes, self.left())

    def _exhaust(self, refuted: BoolArray) -> tuple[Ended, BoolArray]:
        """Look for another set of the size of a refuted one."""
        size, free = int(refuted.sum()), np.flatnonzero(self.gaps.removable)
        if comb(len(free), size) <= ENUMERATED:
            chosen = np.array(list(combinations(free.tolist(), size)))
            sets = np.zeros((len(chosen), len(refuted)), dtype=np.bool_)
            np.put_along_axis(sets, chosen, values=True, axis=1)
            true = np.flatnonzero(self.settle(sets))
            return (Ended.FOUND, sets[true[0]]) if len(true) else (Ended.NO_SUCH_SET, np.zeros_like(refuted))
        forbidden = [refuted]
        while len(forbidden) <= self.most_refuted:
            ended, found = self._among(size, size, tuple(forbidden))
            if ended is not Ended.FOUND or self.settle(found[None])[0]:
                return ended, found
            forbidden.append(found)
        return Ended.STOPPED, np.zeros_like(refuted)
