"""Compiled: targets out of their lists without positions, and what becomes of them once positions are given back."""

import numpy as np

from topple.compiled import compiled, compiled_leaf
from topple.scoring.lists.best import INFINITY
from topple.scoring.sums.changing import add_row, copy_into, returning, scores_without
from topple.scoring.sums.entries import entries_of
from topple.scoring.sums.rows import Sums
from topple.scoring.sums.standing import stand
from topple.types import BoolArray, FloatArray, IntArray

NEAR = 8
"""How many times the rounding, or the tolerance, below the target a k-th best is not told apart any more."""


@compiled
def lead_without(
    sums: Sums,
    history: int,
    removed: BoolArray,
    scores: FloatArray,
    off: float,
    target: int,
    column: int,
    k: int,
    tolerance: float,
    empty: FloatArray,
    rounding: float,
) -> tuple[float, bool, bool]:
    """Return by how much a target is out, and whether that is so surely and possibly; far from the bar only the sign of the lead holds.

    Args:
        sums: of the histories.
        history: which of them.
        removed: the positions that are gone, bool [H].
        scores: of the columns, as differences [columns].
        off: how far these may be off.
        target: the item.
        column: which column it is, -1 for none.
        k: length of the list.
        tolerance: of the query.
        empty: the scores of the empty history [I]; empty where no item is a filler.
        rounding: of the model.
    """
    more, best = sums.again[: returning(sums, history, removed, sums.again)], np.empty(k)
    score, other, ties, over = stand(
        sums, history, removed, target, column, tolerance, empty, scores, off, more, best, rounding, NEAR
    )
    lead = other - (score + tolerance)
    band = rounding * max(abs(other) if other > -INFINITY else 0.0, abs(score))
    fillers = lead <= 0 and ties > 0 and over + ties >= k
    return lead, lead > band or fillers, lead > 0 or fillers or (band > 0 and lead + band >= 0)


@compiled_leaf
def give_back(sums: Sums, unit_of: IntArray, history: int, unit: int, removed: BoolArray, scores: FloatArray) -> float:
    """Give a removed unit back: its positions, bool [H], and the scores of the columns change; return how far these may be off.

    Args:
        sums: of the histories.
        unit_of: the unit of each position [H].
        history: which of them.
        unit: the unit.
        removed: the positions that are gone.
        scores: of the columns, as differences [columns].
    """
    gone, length = 0, sums.length[history]
    for position in range(length):
        removed[position] &= unit_of[position] != unit
        gone += removed[position]
    if 2 * gone > length:  # few rows are left to add up
        return scores_without(sums, history, removed, scores)
    for position in range(length):
        if unit_of[position] == unit:
            add_row(sums, history, position, 1.0, scores)
    return float(sums.delta[history])


@compiled_leaf
def copy_changed(
    sums: Sums, unit_of: IntArray, history: int, unit: int, every: bool, scores: FloatArray, copy: FloatArray
) -> None:
    """Fill in the scores [columns] that a unit changes, or every one, into a copy of them before or after that."""
    if every or len(sums.dense) > 0:
        copy_into(scores, copy)
        return
    for position in range(sums.length[history]):
        if unit_of[position] == unit:
            entries, _, _ = entries_of(sums, history, position)
            for column in sums.column[entries]:
                copy[column] = scores[column]


@compiled
def alone(unit_of: IntArray, length: int) -> BoolArray:
    """Return which units are a single position, bool [H], given the unit of each [H], of which so many are filled."""
    count, single = np.zeros(len(unit_of), dtype=np.int64), np.zeros(len(unit_of), dtype=np.bool_)
    for position in range(length):
        count[unit_of[position]] += 1
        single[unit_of[position]] = count[unit_of[position]] == 1
    return single
