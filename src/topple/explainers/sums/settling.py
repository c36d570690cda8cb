"""Compiled: whether a set topples its target among all competitors, and what of it can be given back."""

import numpy as np

from topple.compiled import compiled
from topple.explainers.sums.asked import One, Search
from topple.scoring.lists.best import INFINITY
from topple.scoring.sums.changing import add_row, anew, returning, scores_without
from topple.scoring.sums.rows import Sums
from topple.scoring.sums.standing import stand
from topple.types import BoolArray, FloatArray, IntArray

TINY = np.finfo(np.float64).tiny
"""By how much a target is out that leaves for want of evidence."""
NEAR = 8
"""How many times the rounding, or the tolerance, below the target a k-th best is not told apart any more."""


@compiled
def positions_of(sums: Sums, search: Search, history: int, units: BoolArray) -> BoolArray:
    """Return the positions of a set of units, bool [H]."""
    removed = np.zeros(sums.row.shape[1], dtype=np.bool_)
    for position in range(sums.length[history]):
        removed[position] = units[search.unit[history, position]]
    return removed


@compiled
def settle(sums: Sums, search: Search, one: One, units: BoolArray, noted: FloatArray) -> float:
    """Return by how much a set of units, bool [H], surely topples a target among all competitors; at most 0 where it does not.

    What rounding decides about is noted: what the cheapest such set costs, by query [Q].
    """
    removed = positions_of(sums, search, one.history, units)
    scores = np.empty(sums.start[one.history + 1] - sums.start[one.history])
    scores_without(sums, one.history, removed, scores)
    return lead_without(sums, search, one, units, removed, scores, noted)


@compiled
def lead_without(
    sums: Sums, search: Search, one: One, units: BoolArray, removed: BoolArray, scores: FloatArray, noted: FloatArray
) -> float:
    """Return what `settle` does, given the positions of the set, bool [H], and the scores of the columns without it."""
    target, again = search.target[one.number], np.empty(len(removed))
    more = again[: returning(sums, one.history, removed, again)]
    bar = anew(sums, one.history, removed, one.column) + one.tolerance
    floor = NEAR * (search.rounding * abs(bar) + one.tolerance)
    score, other, ties, over = stand(
        sums,
        one.history,
        removed,
        target,
        one.column,
        one.tolerance,
        search.empty,
        scores,
        more,
        np.empty(one.k),
        floor,
    )
    lead = other - (score + one.tolerance)
    band = search.rounding * max(abs(other) if other > -INFINITY else 0.0, abs(score))
    fillers = lead <= 0 and ties > 0 and over + ties >= one.k
    surely, possibly = lead > band or fillers, lead > 0 or fillers or (band > 0 and lead + band >= 0)
    if surely != possibly:
        cost = 0
        for unit in range(len(units)):
            cost += search.cost[one.number, unit] * units[unit]
        noted[one.number] = min(noted[one.number], cost)
    if fillers:
        return TINY
    return lead if lead > band else min(lead, 0.0)


@compiled
def prune(sums: Sums, search: Search, one: One, units: BoolArray, noted: FloatArray) -> int:
    """Give units back, in place, while the target still surely leaves: the dearest first, of these the one that leaves most.

    Returns:
        How many sets were scored.
    """
    history, scored = one.history, 0
    removed = positions_of(sums, search, history, units)
    full = np.empty(sums.start[history + 1] - sums.start[history])
    trial = np.empty_like(full)
    while units.sum() > 1:
        scores_without(sums, history, removed, full)
        give, largest, dearest = -1, -INFINITY, 0
        for unit in np.flatnonzero(units):
            trial[:] = full
            give_back(sums, search, history, int(unit), removed, trial)
            units[unit] = False
            lead = lead_without(sums, search, one, units, removed, trial, noted)
            units[unit] = True
            removed[:] = positions_of(sums, search, history, units)
            scored += 1
            cost = search.cost[one.number, unit]
            if lead > 0 and (cost > dearest or (cost == dearest and lead > largest)):
                give, largest, dearest = int(unit), lead, int(cost)
        if give < 0:
            break
        units[give] = False
        removed[:] = positions_of(sums, search, history, units)
    return scored


@compiled
def give_back(sums: Sums, search: Search, history: int, unit: int, removed: BoolArray, scores: FloatArray) -> None:
    """Give a removed unit back: its positions, bool [H], and the scores of the columns change in place."""
    for position in range(sums.length[history]):
        if search.unit[history, position] == unit:
            add_row(sums, history, position, 1.0, scores)
            removed[position] = False


@compiled
def take_all(sums: Sums, search: Search, one: One, order: IntArray, units: BoolArray, noted: FloatArray) -> int:
    """Take all units that may be named [W], in place, if the target then leaves for want of evidence; return how many sets were scored."""
    if len(search.empty) == 0 or search.size[one.history][order].sum() > search.largest[one.number]:
        return 0
    units[order] = True
    if not 0 < settle(sums, search, one, units, noted) <= TINY:
        units[:] = False
    return 1


@compiled
def give_back_in_order(sums: Sums, search: Search, one: One, units: BoolArray, noted: FloatArray) -> int:
    """Give units back, in place and in their order, while the target still surely leaves; return how many sets were scored.

    That takes a settled set a unit, where looking for the best one each time takes as many as there are pairs.
    """
    scored = 0
    for unit in np.flatnonzero(units):
        if units.sum() > 1:
            units[unit] = False
            units[unit] = settle(sums, search, one, units, noted) <= 0
            scored += 1
    return scored
