"""From the gaps of one target to a cheapest set of units that meets its goal."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from topple.explainers.proofs.evidence import Evidence
from topple.explainers.proofs.gaps import Gaps
from topple.explainers.proofs.keeping import Keeping
from topple.explainers.proofs.removal_program import LOOSE, SCALE, Ended, Wanted, fewest_removals
from topple.explainers.proofs.smallest_removal import Settle
from topple.explainers.removals.search import by_branches
from topple.types import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Units:
    """The units of one history.

    Args:
        unit: the unit of each position, a position too [H].
        cost: what each unit costs, in thousandths [H].
        size: what each unit counts in the size of a set [H].
        free: the units that may be named, bool [H].
        largest: the largest size of a set.
    """

    unit: IntArray
    cost: IntArray
    size: IntArray
    free: BoolArray
    largest: int


@dataclass(eq=False)
class CheapestRemoval:
    """A search by branch and bound over the units, or a program, and re-ranking of what it finds.

    A program is asked where the set has to suffice or want of evidence counts, and where the search leaves something open. It
    asks less of a set than the goal does, so what it finds costs no more than what does meet the goal. What
    re-ranking refutes makes it ask more: of the competitors that outrank the target of the set alone, or not of that set.

    Args:
        gaps: the target's competitors, by positions; none is needed where the target need not leave.
        settle: what re-ranking says of sets of units.
        nodes: branches that a program may try.
        most_refuted: how many sets re-ranking may refute.
        left: the seconds that are left for it.
        units: the units of the history.
        keeping: who may not outrank the target of the set alone; None where the set need not suffice.
        evidence: what speaks for the target; None where want of evidence does not count.
    """

    gaps: Gaps
    settle: Settle
    nodes: int
    most_refuted: int
    left: Callable[[], float]
    units: Units
    keeping: Keeping | None = None
    evidence: Evidence | None = None
    proven_below: int = field(default=0, init=False)
    """The cost, in thousandths, below which it is proven that no set meets the goal, as far as the search came."""

    def search(self, known: int | None) -> tuple[Ended, BoolArray]:
        """Return a cheapest set of units that meets the goal, bool [H], and how the search ended.

        Args:
            known: what the set that is known costs; only cheaper ones are wanted. None: none is known.
        """
        nothing, free = np.zeros_like(self.units.free), np.flatnonzero(self.units.free)
        gaps = self._by_unit(known)
        if (len(gaps.start) < gaps.needed and self.evidence is None) or not len(free):
            return Ended.NO_SUCH_SET, nothing
        if self.keeping is None and self.evidence is None:
            ended, found = self._by_branches(gaps, free, known)
            if ended is Ended.NO_SUCH_SET:
                return ended, found
            if ended is Ended.FOUND:
                self.proven_below = max(self.proven_below, int(self.units.cost[found].sum()))
                if self.settle(found[None])[0]:
                    return ended, found
        forbidden: list[BoolArray] = []
        for _ in range(self.most_refuted + 1):
            wanted = self._wanted(free, forbidden, known)
            ended, found = fewest_removals(gaps, wanted, self.nodes, self.left())
            if ended is not Ended.FOUND:
                return ended, nothing
            if known is not None and self.units.cost[found].sum() >= known:  # the solver missed its limit
                return Ended.STOPPED, nothing
            self.proven_below = max(self.proven_below, int(self.units.cost[found].sum()))
            if self.settle(found[None])[0]:
                return ended, found
            if self.keeping is None or not self.keeping.tell(found, LOOSE / SCALE):
                forbidden.append(found)
        return Ended.STOPPED, nothing

    def _by_branches(self, gaps: Gaps, free: IntArray, known: int | None) -> tuple[Ended, BoolArray]:
        """Return how a search by branch and bound ended, and the cheapest set that it found."""
        units, common = self.units, int(np.gcd.reduce(self.units.cost[free]))
        most = int(units.cost[free].sum()) if known is None else known - 1
        least, size = -(-self.proven_below // common), np.where(units.free, units.size, 0)
        return by_branches(
            gaps, least, most // common, self.left(), cost=units.cost // common, size=size, largest=units.largest
        )

    def _wanted(self, free: IntArray, forbidden: list[BoolArray], known: int | None) -> Wanted:
        """Return what the program is asked for."""
        price = self.units.cost[free]
        below = (
            len(free) if known is None else int((np.sort(price).cumsum() < known).sum())
        )  # most units of a cheaper set
        limits = [(self.units.size.astype(np.float64), float(self.units.largest))]
        common = int(np.gcd.reduce(price))
        cost = self.units.cost / common  # whole numbers, and small ones: the solver's tolerances are absolute
        if (price == common).all():  # the cheapest set is the smallest
            return Wanted(free, 1, below, forbidden, None, limits, self.keeping, self.evidence)
        if known is not None:
            limits.append((cost, known / common - 0.5))
        return Wanted(free, 1, below, forbidden, cost, limits, self.keeping, self.evidence)

    def _by_unit(self, known: int | None) -> Gaps:
        """Return the gaps of those competitors that could outrank the target for less than what is known, by units."""
        gaps, units = self.gaps, self.units
        gains = np.zeros_like(gaps.gains)
        np.add.at(gains.T, units.unit, gaps.gains.T)
        gains = gains * units.free
        position = np.where(gaps.position >= 0, units.unit[gaps.position.clip(min=0)], -1)
        outside = position < 0
        sure = (gaps.start + gains.clip(max=0).sum(1) > 0) & outside
        fewest = np.where((gaps.start > 0) & outside, 0, 1)
        needed = gaps.needed - int(sure.sum())
        by_unit = replace(gaps, gains=gains, position=position, fewest=fewest, removable=units.free, needed=needed)
        least = _least_cost(gaps.start, gains, units.cost)
        if 0 < needed <= (~sure).sum() and self.evidence is None:
            self.proven_below = _whole(np.sort(least[~sure])[needed - 1])
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
