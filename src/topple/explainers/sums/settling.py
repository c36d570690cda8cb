"""Compiled: whether a set topples its target among all competitors, and what of it can be given back."""

import numpy as np

from topple.compiled import compiled, compiled_leaf
from topple.explainers.sums.asked import One, Search, Shortlist
from topple.explainers.sums.shortlists import scores_without as scores_beside
from topple.explainers.sums.telling import outside_of, told_beside
from topple.scoring.lists.best import INFINITY
from topple.scoring.sums.changing import anew, copy_into, scores_without
from topple.scoring.sums.counting import IN, OPEN, OUT, add_counted, may_change, told_at_once, told_by_counts
from topple.scoring.sums.giving_back import alone, copy_changed, give_back, lead_without
from topple.scoring.sums.rows import Sums
from topple.types import BoolArray, FloatArray, IntArray

TINY = np.finfo(np.float64).tiny
"""By how much a target is out that leaves for want of evidence."""


@compiled_leaf
def fill_positions(sums: Sums, search: Search, history: int, units: BoolArray, removed: BoolArray) -> None:
    """Fill in the positions of a set of units, both bool [H]."""
    for position in range(sums.length[history]):
        removed[position] = units[search.unit[history, position]]


@compiled_leaf
def settle(
    sums: Sums, search: Search, one: One, units: BoolArray, removed: BoolArray, scores: FloatArray, noted: FloatArray
) -> bool:
    """Return whether a set of units, bool [H], surely topples a target among all competitors.

    The positions of the set, bool [H], and the scores of the columns without it are filled in. What rounding decides about is
    noted: what the cheapest such set costs, by query [Q].
    """
    fill_positions(sums, search, one.history, units, removed)
    off = scores_without(sums, one.history, removed, scores)
    told = told_by_counts(
        sums,
        one.history,
        removed,
        scores,
        off,
        search.target[one.number],
        one.column,
        one.k,
        one.tolerance,
        search.empty,
        search.rounding,
    )
    if told != OPEN:
        return told == OUT
    return settled(sums, search, one, units, removed, scores, off, noted) > 0


@compiled_leaf
def settled(
    sums: Sums,
    search: Search,
    one: One,
    units: BoolArray,
    removed: BoolArray,
    scores: FloatArray,
    off: float,
    noted: FloatArray,
) -> float:
    """Return by how much a set surely topples its target, at most 0 where it does not; arguments as of `settle`, all given."""
    lead, surely, possibly = lead_without(
        sums,
        one.history,
        removed,
        scores,
        off,
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
def prune(
    sums: Sums,
    search: Search,
    short: Shortlist,
    one: One,
    left: int,
    units: BoolArray,
    removed: BoolArray,
    scores: FloatArray,
    noted: FloatArray,
) -> int:
    """Give units back, in place, while the target still surely leaves: the dearest first, of these the one that leaves most.

    It ends when no more sets than are `left` may be scored. The positions of the set, bool [H], and the scores of the columns
    are filled in where the shortlist does not tell what becomes of the target. The other arguments are those of `settle`.

    Returns:
        How many sets were scored.
    """
    scored, trial, off = 0, np.empty_like(scores), 0.0
    now = bar = 0.0
    single = alone(search.unit[one.history], sums.length[one.history])
    while units.sum() > 1 and scored < left:
        beside, outside = scores_beside(short, units), outside_of(sums, search, short, one, units)
        give, largest, dearest, counted, ready = -1, -INFINITY, 0, np.full((3, 2), np.nan), False
        for unit in range(len(units)):
            if not units[unit]:
                continue
            cost, scored, lead = search.cost[one.number, unit], scored + 1, float(TINY)
            beat = largest if cost == dearest else (INFINITY if cost < dearest else -INFINITY)
            told = told_beside(sums, search, short, one, beside, units, unit, outside, beat)
            if told == OPEN and not ready:
                ready, off = True, fill_without(sums, search, one, units, removed, scores, trial)
                now, bar = bar_of_changes(sums, search, one, units, removed, scores, off, noted)
            if told == OPEN and single[unit] and not may_change(sums, one.history, unit, one.column, scores, bar):
                lead = now
            elif told == OPEN:
                lead = lead_with(
                    sums, search, one, units, unit, single[unit], removed, scores, trial, off, beat, counted, noted
                )
            if told != IN and lead > 0 and (cost > dearest or (cost == dearest and lead > largest)):
                give, largest, dearest = unit, lead, int(cost)
        if give < 0:
            break
        units[give] = False
    return scored


@compiled_leaf
def fill_without(
    sums: Sums,
    search: Search,
    one: One,
    units: BoolArray,
    removed: BoolArray,
    scores: FloatArray,
    trial: FloatArray,
) -> float:
    """Fill in the positions of a set, the scores of the columns without it, and a copy of these; return how far they may be off."""
    fill_positions(sums, search, one.history, units, removed)
    off = scores_without(sums, one.history, removed, scores)
    copy_into(scores, trial)
    return off


@compiled_leaf
def bar_of_changes(
    sums: Sums,
    search: Search,
    one: One,
    units: BoolArray,
    removed: BoolArray,
    scores: FloatArray,
    off: float,
    noted: FloatArray,
) -> tuple[float, float]:
    """Return by how much a set topples its target, and what a column must score to change that; minus infinity where any may."""
    now = settled(sums, search, one, units, removed, scores, off, noted)
    if len(sums.dense) > 0 or now <= TINY:  # by fillers, all columns count
        return now, -INFINITY
    score = anew(sums, one.history, removed, one.column) + one.tolerance
    return now, now + score - sums.delta[one.history] - 16 * search.rounding * max(abs(now + score), abs(score))


@compiled_leaf
def lead_with(
    sums: Sums,
    search: Search,
    one: One,
    units: BoolArray,
    unit: int,
    single: bool,
    removed: BoolArray,
    scores: FloatArray,
    trial: FloatArray,
    off: float,
    beat: float,
    counted: FloatArray,
    noted: FloatArray,
) -> float:
    """Return what `settle` does of a set with one unit given back; only above 0, or at most 0, where it is not told or not above `beat`.

    Args:
        sums: of the histories.
        search: what is asked.
        one: the query.
        units: the set, bool [H].
        unit: the one that is given back.
        single: whether it is a single position.
        removed: the positions of the set, bool [H].
        scores: of the columns without the set [columns].
        trial: a copy of these [columns], which it is again in the end.
        off: how far these may be off.
        beat: a lead; of smaller ones it is enough that they are above 0.
        counted: for `told_at_once` [3, 2].
        noted: for `settle` [Q].
    """
    history = one.history
    if single:
        asked = search.target[one.number], one.column, one.k, one.tolerance, search.empty, search.rounding
        told = told_at_once(sums, history, removed, scores, off, unit, False, *asked, beat, counted)
        if told != OPEN:
            return -INFINITY if told == IN else TINY
    now = give_back(sums, search.unit[history], history, unit, removed, trial)
    units[unit] = False
    lead = settled(sums, search, one, units, removed, trial, now, noted)
    units[unit] = True
    fill_positions(sums, search, history, units, removed)
    copy_changed(sums, search.unit[history], history, unit, now == 0, scores, trial)  # 0: all were added up anew
    return lead


@compiled
def take_all(
    sums: Sums,
    search: Search,
    one: One,
    order: IntArray,
    units: BoolArray,
    removed: BoolArray,
    scores: FloatArray,
    noted: FloatArray,
) -> tuple[int, float]:
    """Take all units that may be named [W], in place, if the target then leaves for want of evidence; the others as of `settle`.

    Returns:
        How many sets were scored, and how far the scores may be off.
    """
    if len(search.empty) == 0 or search.size[one.history][order].sum() > search.largest[one.number]:
        return 0, 0.0
    units[order] = True
    fill_positions(sums, search, one.history, units, removed)
    off = scores_without(sums, one.history, removed, scores)
    if not 0 < settled(sums, search, one, units, removed, scores, off, noted) <= TINY:
        units[:] = False
    return 1, off


@compiled
def give_back_in_order(
    sums: Sums,
    search: Search,
    one: One,
    left: int,
    units: BoolArray,
    removed: BoolArray,
    scores: FloatArray,
    off: float,
    noted: FloatArray,
) -> int:
    """Give units back, in place, while the target still surely leaves: asked in turn, the dearest first, until none can be.

    Looking for the best one each time takes as many as there are pairs. The arguments are those of `settled` and `prune`.

    Returns:
        How many sets were scored.
    """
    single, counted = alone(search.unit[one.history], sums.length[one.history]), np.full((3, 2), np.nan)
    named, scored, off, trial = np.flatnonzero(units), 0, max(off, sums.delta[one.history]), scores.copy()
    order, before = named[np.argsort(-search.cost[one.number][named], kind="mergesort")], 0
    while units.sum() != before:
        before = units.sum()
        for unit in order:
            if not units[unit]:
                continue
            if units.sum() == 1 or scored >= left:
                break
            scored += 1
            lead = lead_with(
                sums, search, one, units, unit, single[unit], removed, scores, trial, off, INFINITY, counted, noted
            )
            if lead > 0:
                units[unit] = False
                for position in range(sums.length[one.history]):
                    if search.unit[one.history, position] == unit:
                        removed[position] = False
                        add_counted(sums, one.history, position, scores, counted)
                copy_changed(sums, search.unit[one.history], one.history, unit, False, scores, trial)
    return scored
