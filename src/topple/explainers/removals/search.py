"""A cheapest set of units by branch and bound: from the gaps of a target to compiled functions and back."""

import math

import numpy as np

from topple.explainers.proofs.gaps import Gaps
from topple.explainers.proofs.removal_program import Ended
from topple.explainers.removals.asked import Program
from topple.types import BoolArray, IntArray

EFFORT = 300_000_000
"""Numbers that a search may work on."""
A_SECOND = 300_000_000
"""Numbers that are worked on in a second, at least."""


def by_branches(
    gaps: Gaps,
    least: int,
    most: int,
    seconds: float = math.inf,
    *,
    cost: IntArray | None = None,
    size: IntArray | None = None,
    largest: int = 0,
) -> tuple[Ended, BoolArray]:
    """Return how a search for a cheapest set that brings enough gaps above 0 ended, and the set, bool [H].

    A search that was stopped may have found a set all the same.

    Args:
        gaps: the gaps; none that is above 0 whatever is removed.
        least: what no such set costs less than.
        most: what a set may cost.
        seconds: that are left for it.
        cost: whole numbers [H], or 1 each.
        size: what each unit counts in the size of a set [H], or 1 each and sets of any size.
        largest: the largest size of a set.
    """
    nothing = np.zeros_like(gaps.removable)
    if len(gaps.start) < gaps.needed:
        return Ended.NO_SUCH_SET, nothing
    if int(((gaps.start > 0) & (gaps.position < 0)).sum()) >= gaps.needed:
        return Ended.STOPPED, nothing  # before any removal, by no more than rounding: gaps tell nothing
    from topple.explainers.removals.branching import FOUND, NONE, cheapest_removal  # compiled where it is first needed

    scaled, each = gaps.scaled(), np.ones(len(nothing))
    limited = size is not None and int(size[gaps.removable].sum()) > largest
    unit = max(1, int(size.max())) if size is not None and limited else 1
    program = Program(
        scaled.start,
        np.ascontiguousarray(scaled.gains),
        gaps.position,
        each if cost is None else cost.astype(np.float64),
        each if size is None else size / unit,
        gaps.removable,
        gaps.needed,
        largest / unit if limited else math.inf,
        limited,
    )
    effort = EFFORT if seconds == math.inf else int(min(EFFORT, max(0.0, seconds) * A_SECOND))
    ended, found = cheapest_removal(program, max(1, least), most, effort)
    return {FOUND: Ended.FOUND, NONE: Ended.NO_SUCH_SET}.get(ended, Ended.STOPPED), found
