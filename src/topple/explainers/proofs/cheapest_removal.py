"""From the gaps of one target to a cheapest set of units that topples it, where units differ in cost or are groups."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from topple.explainers.proofs.removal_program import Ended, Gaps, fewest_removals
from topple.explainers.proofs.smallest_removal import Settle
from topple.types import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class CheapestRemoval:
    """A program over the units, and re-ranking of what it finds.

    Args:
        gaps: the target's competitors, by places.
        settle: what re-ranking says of sets of units.
        unit: the unit of each place, a place too [H].
        cost: what each unit costs, in thousandths [H].
        places: how many places each unit has [H].
        free: the units that may be named, bool [H].
        largest: most places of a set.
        nodes: branches that a program may try.
        most_refuted: how many sets re-ranking may refute.
        left: the seconds that are left for it.
    """

    gaps: Gaps
    settle: Settle
    unit: IntArray
    cost: IntArray
    places: IntArray
    free: BoolArray
    largest: int
    nodes: int
    most_refuted: int
    left: Callable[[], float] = lambda: math.inf

    def search(self, known: int | None) -> tuple[Ended, BoolArray]:
        """Return a cheapest set of units that topples the target, bool [H], and how the search ended.

        Args:
            known: what the set that is known costs; only cheaper ones are wanted. None: none is known.
        """
        nothing = np.zeros_like(self.free)
        free, gaps = np.flatnonzero(self.free), self._by_unit(known)
        unit = int(np.gcd.reduce(self.cost[free])) if len(free) else 1
        cost = self.cost / unit  # whole numbers, and small ones: the solver's tolerances are absolute
        limits = [(self.places.astype(np.float64), float(self.largest))]
        if known is not None:
            limits.append((cost, known / unit - 0.5))
        forbidden: list[BoolArray] = []
        while len(forbidden) <= self.most_refuted:
            if len(gaps.start) < gaps.needed or not len(free):
                return Ended.NO_SUCH_SET, nothing
            ended, found = fewest_removals(gaps, free, 1, len(free), forbidden, self.nodes, cost, limits, self.left())
            if (
                ended is Ended.FOUND and known is not None and self.cost[found].sum() >= known
            ):  # the solver missed its limit
                return Ended.STOPPED, nothing
            if ended is not Ended.FOUND or self.settle(found[None])[0]:
                return ended, found
            forbidden.append(found)
        return Ended.STOPPED, nothing

    def _by_unit(self, known: int | None) -> Gaps:
        """Return the gaps of those competitors that could outrank the target for less than what is known, by units."""
        gaps = self.gaps
        gains = np.zeros_like(gaps.gains)
        np.add.at(gains.T, self.unit, gaps.gains.T)
        gains = gains * self.free
        own = np.where(gaps.own >= 0, self.unit[gaps.own.clip(min=0)], -1)
        sure = (gaps.start + gains.clip(max=0).sum(1) > 0) & (own < 0)
        fewest = np.where((gaps.start > 0) & (own < 0), 0, 1)
        by_unit = replace(
            gaps, gains=gains, own=own, fewest=fewest, removable=self.free, needed=gaps.needed - int(sure.sum())
        )
        least = _least_cost(by_unit.start, gains, self.cost)
        matter = ~sure & np.isfinite(least) & (least < np.inf if known is None else least < known)
        return by_unit.at(np.flatnonzero(matter), by_unit.needed)


def _least_cost(start: FloatArray, gains: FloatArray, cost: IntArray) -> FloatArray:
    """Return what it costs at least to bring each gap above 0 [C], parts of units allowed; infinity where all do not."""
    lift = gains.clip(min=0)
    worth = np.divide(
        lift, cost, out=np.zeros_like(lift), where=cost > 0
    )  # a place that is no unit costs and lifts nothing
    order = np.argsort(-worth, axis=1, kind="stable")
    lift, price = np.take_along_axis(lift, order, 1), cost[order]
    reach = start[:, None] + lift.cumsum(1)
    first = np.argmax(reach > 0, axis=1)
    rows = np.arange(len(start))
    before = price.cumsum(1)[rows, first] - price[rows, first]
    lacking = np.maximum(0.0, -(reach[rows, first] - lift[rows, first]))
    part = np.divide(lacking, lift[rows, first], out=np.zeros_like(lacking), where=lift[rows, first] > 0)
    whole: FloatArray = np.where(start > 0, 0.0, before + part * price[rows, first])
    return np.where((start > 0) | (reach[:, -1] > 0), whole, np.inf)
