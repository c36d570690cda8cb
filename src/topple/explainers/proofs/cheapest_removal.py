"""From the gaps of one target to a cheapest set of units that topples it, where units differ in cost or are groups."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from topple.explainers.proofs.gaps import Gaps
from topple.explainers.proofs.removal_program import Ended, Wanted, fewest_removals
from topple.explainers.proofs.smallest_removal import Settle
from topple.types import BoolArray, FloatArray, IntArray


@dataclass(eq=False)
class CheapestRemoval:
    """A program over the units, and re-ranking of what it finds.

    Args:
        gaps: the target's competitors, by positions.
        settle: what re-ranking says of sets of units.
        nodes: branches that a program may try.
        most_refuted: how many sets re-ranking may refute.
        left: the seconds that are left for it.
        unit: the unit of each position, a position too [H].
        cost: what each unit costs, in thousandths [H].
        unit_size: how many positions each unit has [H].
        free: the units that may be named, bool [H].
        largest: most positions of a set.
    """

    gaps: Gaps
    settle: Settle
    nodes: int
    most_refuted: int
    left: Callable[[], float]
    unit: IntArray
    cost: IntArray
    unit_size: IntArray
    free: BoolArray
    largest: int
    proven_below: int = field(default=0, init=False)
    """The cost, in thousandths, below which it is proven that no set topples, as far as the search came."""

    def search(self, known: int | None) -> tuple[Ended, BoolArray]:
        """Return a cheapest set of units that topples the target, bool [H], and how the search ended.

        Args:
            known: what the set that is known costs; only cheaper ones are wanted. None: none is known.
        """
        nothing, free = np.zeros_like(self.free), np.flatnonzero(self.free)
        gaps = self._by_unit(known)
        if len(gaps.start) < gaps.needed or not len(free):
            return Ended.NO_SUCH_SET, nothing
        unit = int(np.gcd.reduce(self.cost[free]))
        cost = self.cost / unit  # whole numbers, and small ones: the solver's tolerances are absolute
        limits = [(self.unit_size.astype(np.float64), float(self.largest))]
        if known is not None:
            limits.append((cost, known / unit - 0.5))
        forbidden: list[BoolArray] = []
        while len(forbidden) <= self.most_refuted:
            wanted = Wanted(free, 1, len(free), forbidden, cost, limits)
            ended, found = fewest_removals(gaps, wanted, self.nodes, self.left())
            if ended is not Ended.FOUND:
                return ended, nothing
            if known is not None and self.cost[found].sum() >= known:  # the solver missed its limit
                return Ended.STOPPED, nothing
            self.proven_below = max(self.proven_below, int(self.cost[found].sum()))
            if self.settle(found[None])[0]:
                return ended, found
            forbidden.append(found)
        return Ended.STOPPED, nothing

    def _by_unit(self, known: int | None) -> Gaps:
        """Return the gaps of those competitors that could outrank the target for less than what is known, by units."""
        gaps = self.gaps
        gains = np.zeros_like(gaps.gains)
        np.add.at(gains.T, self.unit, gaps.gains.T)
        gains = gains * self.free
        position = np.where(gaps.position >= 0, self.unit[gaps.position.clip(min=0)], -1)
        outside = position < 0
        sure = (gaps.start + gains.clip(max=0).sum(1) > 0) & outside
        fewest = np.where((gaps.start > 0) & outside, 0, 1)
        needed = gaps.needed - int(sure.sum())
        by_unit = replace(gaps, gains=gains, position=position, fewest=fewest, removable=self.free, needed=needed)
        least = _least_cost(gaps.start, gains, self.cost)
        if needed > 0:
            self.proven_below = _whole(np.sort(least[~sure])[needed - 1]) if (~sure).sum() >= needed else 0
        matter = ~sure & np.isfinite(least) & (least < np.inf if known is None else least < known)
        return by_unit.at(np.flatnonzero(matter), needed)


def _whole(cost: float) -> int:
    """Return the least whole number that a cost of at least this many thousandths can be, rounding allowed for."""
    return math.ceil(cost * (1 - 1e-9)) if math.isfinite(cost) else 0


def _least_cost(start: FloatArray, gains: FloatArray, cost: IntArray) -> FloatArray:
    """Return what it costs at least to bring each gap above 0 [C], parts of units allowed; infinity where all do not."""
    lift = gains.clip(min=0)
    worth = np.divide(
        lift, cost, out=np.zeros_like(lift), where=cost > 0
    )  # a position that is no unit costs and lifts nothing
    order = np.argsort(-worth, axis=1, kind="stable")
    lift, price = np.take_along_axis(lift, order, 1), cost[order]
    reach = start[:, None] + lift.cumsum(1)
    first = np.argmax(reach > 0, axis=1)
    competitors = np.arange(len(start))
    before = price.cumsum(1)[competitors, first] - price[competitors, first]
    lift_first = lift[competitors, first]
    lacking = np.maximum(0.0, -(reach[competitors, first] - lift_first))
    part = np.divide(lacking, lift_first, out=np.zeros_like(lacking), where=lift_first > 0)
    whole: FloatArray = np.where(start > 0, 0.0, before + part * price[competitors, first])
    return np.where((start > 0) | (reach[:, -1] > 0), whole, np.inf)
