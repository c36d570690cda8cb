"""Compiled: whether a set topples its target among all competitors, and what of it can be given back."""

import numpy as np

from topple.compiled import compiled
from topple.explainers.sums.asked import One, Search
from topple.scoring.lists.best import INFINITY
from topple.scoring.sums.changing import scores_without
from topple.scoring.sums.giving_back import alone, give_back, lead_without, surely_stays
from topple.scoring.sums.rows import Sums
from topple.types import BoolArray, FloatArray, IntArray

TINY = np.finfo(np.float64).tiny
"""By how much a target is out that leaves for want of evidence."""


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
    return settled(sums, search, one, units, removed, scores, noted)


@compiled
def settled(
    sums: Sums, search: Search, one: One, units: BoolArray, removed: BoolArray, scores: FloatArray, noted: FloatArray
) -> float:
    """Return what `settle` does, given the positions of the set, bool [H], and the scores of the columns without it."""
    lead, surely, possibly = lead_without(
        sums,
        one.history,
        removed,
        scores,
        search.target[one.number],
        one.column,
        one.k,
        one.tolerance,
        search.empty,
        search.rounding,
    )
    if surely != possibly:
        cost = 0
        for unit in range(len(units)):
            cost += search.cost[one.number, unit] * units[unit]
        noted[one.number] = min(noted[one.number], cost)
    if surely:
        return max(lead, TINY)  # by fillers, or among scores that are hardly apart
    return min(lead, 0.0)


@compiled
def prune(sums: Sums, search: Search, one: One, units: BoolArray, noted: FloatArray) -> int:
    """Give units back, in place, while the target still surely leaves: the dearest first, of these the one that leaves most.

    Returns:
        How many sets were scored.
    """
    history, scored, unit_of = one.history, 0, search.unit[one.history]
    removed, single = positions_of(sums, search, history, units), alone(unit_of, sums.length[history])
    full = np.empty(sums.start[history + 1] - sums.start[history])
    trial, target = np.empty_like(full), search.target[one.number]
    while units.sum() > 1:
        scores_without(sums, history, removed, full)
        give, largest, dearest = -1, -INFINITY, 0
        for unit in range(len(units)):
            if not units[unit]:
                continue
            scored += 1
            if single[unit] and surely_stays(
                sums,
                history,
                removed,
                full,
                unit,
                target,
                one.column,
                one.k,
                one.tolerance,
                search.empty,
                search.rounding,
            ):
                continue
            trial[:] = full
            give_back(sums, unit_of, history, unit, removed, trial)
            units[unit] = False
            lead = settled(sums, search, one, units, removed, trial, noted)
            units[unit] = True
            removed[:] = positions_of(sums, search, history, units)
            cost = search.cost[one.number, unit]
            if lead > 0 and (cost > dearest or (cost == dearest and lead > largest)):
                give, largest, dearest = unit, lead, int(cost)
        if give < 0:
            break
        units[give] = False
        removed[:] = positions_of(sums, search, history, units)
    return scored


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
