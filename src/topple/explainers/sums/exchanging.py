"""Compiled: one unit in the stead of two of a set, among the shortlist."""

import numpy as np

from topple.compiled import compiled
from topple.explainers.sums.asked import One, Search, Shortlist
from topple.explainers.sums.growing import reach_beside
from topple.explainers.sums.shortlists import change, lead_above, scores_without
from topple.scoring.lists.best import INFINITY, insert
from topple.types import BoolArray, FloatArray, IntArray


@compiled
def exchange(
    search: Search, short: Shortlist, one: One, order: IntArray, units: BoolArray
) -> tuple[tuple[int, int, int], float, int]:
    """Look for two units of a set, bool [H], in whose stead one other topples the target among the shortlist.

    Looked at are the pairs that leave most once both are given back, and the units that reach most beside the set.

    Returns:
        The two and the other; by how much the target is out then, minus infinity for none; how many sets count as scored.
    """
    cost, now, best = search.cost[one.number], scores_without(short, units), np.empty(one.k)
    trial, both = np.empty(len(now)), np.empty(len(now))
    outside = most_promising(search, short, one, now, order, units)
    inside = np.flatnonzero(units)
    first, second, left = pairs_of(search, short, one, now, units, inside, outside)
    found, largest, real, stays = (-1, -1, -1), -INFINITY, 0, units.copy()
    for pair in np.argsort(-left, kind="mergesort")[: search.width]:
        if left[pair] == -INFINITY:
            continue
        change(short, now, stays, first[pair], 1.0, trial)
        change(short, trial, stays, second[pair], 1.0, both)
        stays[first[pair]] = stays[second[pair]] = False
        for unit in outside:
            if cost[unit] < cost[first[pair]] + cost[second[pair]]:
                real += 1
                lead = lead_above(short, one, both, stays, unit, -1.0, largest, trial, best)
                if lead > largest:
                    found, largest = (first[pair], second[pair], unit), lead
        stays[first[pair]] = stays[second[pair]] = True
    return found, largest, 1 + len(inside) + len(outside) + min(search.tries, real)


@compiled
def most_promising(
    search: Search, short: Shortlist, one: One, now: FloatArray, order: IntArray, units: BoolArray
) -> IntArray:
    """Return the units that reach most beside a set, bool [H], of those that reach most alone, best first [W]."""
    looked = np.empty(max(search.looked, search.width), dtype=np.int64)
    reach = np.empty(len(looked))
    count = reach_beside(short, one, now, units, order, search.width, looked, reach)
    return looked[np.argsort(-reach[:count], kind="mergesort")[: search.width]]


@compiled
def pairs_of(
    search: Search, short: Shortlist, one: One, now: FloatArray, units: BoolArray, inside: IntArray, outside: IntArray
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the pairs of units `inside` [X], and the lead with both given back.

    It is minus infinity where no exchange is cheaper, and of pairs that are surely not among those that are looked at.
    """
    number = len(inside) * (len(inside) - 1) // 2
    first, second, left = np.empty(number, dtype=np.int64), np.empty(number, dtype=np.int64), np.empty(number)
    trial, both, best, pair = np.empty(len(now)), np.empty(len(now)), np.empty(one.k), 0
    most = np.full(search.width, -INFINITY)
    cost = search.cost[one.number]
    cheapest = cost[outside].min() if len(outside) else np.iinfo(np.int64).max
    for turn in range(len(inside)):
        change(short, now, units, inside[turn], 1.0, trial)
        for other in range(turn + 1, len(inside)):
            first[pair], second[pair], left[pair] = inside[turn], inside[other], -INFINITY
            if cheapest < cost[inside[turn]] + cost[inside[other]]:
                left[pair] = lead_above(short, one, trial, units, inside[other], 1.0, most[-1], both, best)
                insert(most, left[pair])
            pair += 1
    return first, second, left
