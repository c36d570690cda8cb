"""Compiled: whether sets of histories that are sums topple their targets with a unit less, and whether any single unit does."""

import numpy as np

from topple.compiled import compiled
from topple.scoring.lists.best import INFINITY
from topple.scoring.sums.changing import column_of, scores_without
from topple.scoring.sums.giving_back import OPEN, OUT, UNSPOKEN, alone, give_back, lead_without, told_at_once
from topple.scoring.sums.rows import Sums
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
    works: BoolArray,
    decided_by_rounding: BoolArray,
) -> None:
    """Tell which sets do what they are to do with a unit given back, and where rounding decides that of a unit.

    Args:
        sums: of B histories.
        unit_of: the unit of each position [B, H].
        sets: positions that are gone, bool [Q, H].
        history: of each set [Q].
        target: the targets [Q].
        k: length of the list of each [Q].
        tolerance: of each [Q].
        empty: the scores of the empty history [I]; empty where no item is a filler.
        rounding: of the model.
        works: whether a set can give a unit back, bool [Q]; filled in, as what follows.
        decided_by_rounding: whether rounding decides that, bool [Q].
    """
    for query in range(len(sets)):
        row, removed = history[query], sets[query].copy()
        length, units = sums.length[row], unit_of[row]
        column, single = column_of(sums, row, target[query]), alone(units, length)
        scores = np.empty(sums.start[row + 1] - sums.start[row])
        off = scores_without(sums, row, removed, scores)
        trial, counted = np.empty_like(scores), np.full((3, 2), np.nan)
        asked = target[query], column, k[query], tolerance[query], empty, rounding
        for unit in range(length):
            if not removed[unit] or units[unit] != unit:
                continue
            told = OPEN
            if single[unit]:
                told = told_at_once(sums, row, removed, scores, off, unit, False, *asked, INFINITY, counted)
            possibly = told in (OUT, UNSPOKEN)
            if told == OPEN:
                near = give_back(sums, units, row, unit, removed, scores, trial)
                _, surely, possibly = lead_without(sums, row, removed, trial, near, *asked)
                removed[:] = sets[query]
                decided_by_rounding[query] |= surely != possibly
            works[query] |= possibly


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
    works: BoolArray,
) -> None:
    """Tell for which queries a single unit leaves the target possibly out; the other arguments are those of `spare_units`.

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
        works: bool [Q]; filled in.
    """
    removed = np.zeros(unit_of.shape[1], dtype=np.bool_)
    for query in range(len(tried)):
        row, length = history[query], sums.length[history[query]]
        units, scores = unit_of[row], sums.score[sums.start[row] : sums.start[row + 1]]
        column, single = column_of(sums, row, target[query]), alone(units, length)
        asked = target[query], column, k[query], tolerance[query], empty, rounding
        trial, counted = np.empty_like(scores), np.full((3, 2), np.nan)
        for unit in range(length):
            if not tried[query, unit] or works[query]:
                continue
            told = OPEN
            if single[unit]:
                told = told_at_once(sums, row, removed, scores, 0.0, unit, True, *asked, INFINITY, counted)
            works[query] = told in (OUT, UNSPOKEN)
            if told == OPEN:
                for position in range(length):
                    removed[position] = units[position] == unit
                off = scores_without(sums, row, removed, trial)
                _, _, works[query] = lead_without(sums, row, removed, trial, off, *asked)
                removed[:] = False
