"""Compiled: whether sets of histories that are sums meet their goals with a unit less, and whether any single unit does.

A set that is the whole history is a removal of all else: there a unit that a set gives back is taken from the history, and a single
unit is given back to an empty one.
"""

import numpy as np

from topple.compiled import compiled
from topple.scoring.lists.best import INFINITY
from topple.scoring.sums.changing import column_of, scores_without
from topple.scoring.sums.counting import IN, OPEN, told_at_once
from topple.scoring.sums.giving_back import alone, give_back, lead_without
from topple.scoring.sums.rows import Sums
from topple.scoring.sums.staying import largest_lifts, surely_listed
from topple.types import BoolArray, FloatArray, IntArray


@compiled
def spare_units(
    sums: Sums,
    unit_of: IntArray,
    sets: BoolArray,
    history: IntArray,
    target: IntArray,
    k: IntArray,
    tolerance: FloatArray,
    empty: FloatArray,
    rounding: float,
    wants: BoolArray,
    works: BoolArray,
    decided_by_rounding: BoolArray,
) -> None:
    """Tell which sets do what they are to do with a unit given back, and where rounding decides that of a unit.

    Args:
        sums: of B histories.
        unit_of: the unit of each position [B, H].
        sets: positions, bool [Q, H].
        history: of each set [Q].
        target: the targets [Q].
        k: length of the list of each [Q].
        tolerance: of each [Q].
        empty: the scores of the empty history [I]; empty where no item is a filler.
        rounding: of the model.
        wants: whether the target is to be out without the set, and whether in with nothing but the set, bool [Q, 2].
        works: whether a set can give a unit back, bool [Q]; filled in, as what follows.
        decided_by_rounding: whether rounding decides that, bool [Q].
    """
    for query in range(len(sets)):
        row = history[query]
        length, units, could = sums.length[row], unit_of[row], np.ones(sets.shape[1], dtype=np.bool_)
        column, single = column_of(sums, row, target[query]), alone(units, length)
        asked = target[query], column, k[query], tolerance[query], empty, rounding
        for part in range(2):  # without the set, then the set alone, for the units that come through the first
            if not wants[query, part]:
                continue
            removed, scores = sets[query] != (part == 1), np.empty(sums.start[row + 1] - sums.start[row])
            off, counted = scores_without(sums, row, removed, scores), np.full((3, 2), np.nan)
            for unit in range(length):
                if not (sets[query, unit] and units[unit] == unit and could[unit]):
                    continue
                surely, possibly = out_with(
                    sums, row, units, unit, single[unit], removed, scores, off, part == 1, *asked, counted
                )
                could[unit] = possibly if part == 0 else not surely
                decided_by_rounding[query] |= surely != possibly
        for unit in range(length):
            works[query] |= sets[query, unit] and units[unit] == unit and could[unit]


@compiled
def out_with(
    sums: Sums,
    history: int,
    units: IntArray,
    unit: int,
    single: bool,
    removed: BoolArray,
    scores: FloatArray,
    off: float,
    taken: bool,
    target: int,
    column: int,
    k: int,
    tolerance: float,
    empty: FloatArray,
    rounding: float,
    counted: FloatArray,
) -> tuple[bool, bool]:
    """Return whether a target is surely, and possibly, out of the list once a unit is given back, or taken.

    Args:
        sums: of the histories.
        history: which of them.
        units: the unit of each position [H].
        unit: the one that is given back or taken.
        single: whether it is a single position.
        removed: the positions that are gone before, bool [H].
        scores: of the columns before, as differences [columns].
        off: how far these may be off.
        taken: whether it is taken.
        target: the item.
        column: which column it is, -1 for none.
        k: length of the list.
        tolerance: of the query.
        empty: the scores of the empty history [I]; empty where no item is a filler.
        rounding: of the model.
        counted: for `told_at_once` with these scores [3, 2].
    """
    asked = target, column, k, tolerance, empty, rounding
    if single:
        told = told_at_once(sums, history, removed, scores, off, unit, taken, *asked, INFINITY, counted)
        if told != OPEN:
            return told != IN, told != IN
    before, trial = removed.copy(), np.empty_like(scores)
    if taken:
        for position in range(sums.length[history]):
            removed[position] |= units[position] == unit
        off = scores_without(sums, history, removed, trial)
    else:
        trial[:] = scores
        off = give_back(sums, units, history, unit, removed, trial)
    _, surely, possibly = lead_without(sums, history, removed, trial, off, *asked)
    removed[:] = before
    return surely, possibly


@compiled
def single_units(
    sums: Sums,
    unit_of: IntArray,
    tried: BoolArray,
    history: IntArray,
    target: IntArray,
    k: IntArray,
    tolerance: FloatArray,
    empty: FloatArray,
    rounding: float,
    wants: BoolArray,
    works: BoolArray,
) -> None:
    """Tell for which queries a single unit possibly does what a set is to do; the other arguments are those of `spare_units`.

    Args:
        sums: of B histories.
        unit_of: the unit of each position [B, H].
        tried: the units to try, bool [Q, H].
        history: of each query [Q].
        target: the targets [Q].
        k: length of the list of each [Q].
        tolerance: of each [Q].
        empty: the scores of the empty history [I]; empty where no item is a filler.
        rounding: of the model.
        wants: as there.
        works: bool [Q]; filled in.
    """
    known, lift, listed = -1, np.empty(tried.shape[1]), np.empty(tried.shape[1], dtype=np.bool_)
    for query in range(len(tried)):
        row, could = history[query], tried[query].copy()
        length, units = sums.length[row], unit_of[row]
        column, single = column_of(sums, row, target[query]), alone(units, length)
        asked = target[query], column, k[query], tolerance[query], empty, rounding
        last = 1 if wants[query, 1] else 0
        for part in range(2):  # without the unit, then the unit alone
            if not wants[query, part]:
                continue
            removed, scores = np.full(len(units), part == 1), np.empty(sums.start[row + 1] - sums.start[row])
            off, counted = scores_without(sums, row, removed, scores), np.full((3, 2), np.nan)
            listed[:] = False
            if part == 0:
                if row != known:
                    known = row
                    largest_lifts(sums, row, lift)
                surely_listed(sums, row, lift, *asked, listed)
            for unit in range(length):
                if not could[unit] or works[query]:
                    continue
                if listed[unit] and single[unit]:  # most are, and this was told at once of all
                    could[unit] = False
                    continue
                surely, possibly = out_with(
                    sums, row, units, unit, single[unit], removed, scores, off, part == 0, *asked, counted
                )
                could[unit] = possibly if part == 0 else not surely
                works[query] = could[unit] and part == last
