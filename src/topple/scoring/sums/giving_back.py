"""Compiled: targets out of their lists without positions, and what becomes of them once positions are given back."""

import numpy as np
from numpy.typing import NDArray

from topple.compiled import compiled
from topple.scoring.lists.best import INFINITY
from topple.scoring.sums.changing import add_row, anew, returning
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
        target: the item.
        column: which column it is, -1 for none.
        k: length of the list.
        tolerance: of the query.
        empty: the scores of the empty history [I]; empty where no item is a filler.
        rounding: of the model.
    """
    again = np.empty(len(removed))
    more, best = again[: returning(sums, history, removed, again)], np.empty(k)
    score, other, ties, over = stand(
        sums, history, removed, target, column, tolerance, empty, scores, more, best, rounding, NEAR
    )
    lead = other - (score + tolerance)
    band = rounding * max(abs(other) if other > -INFINITY else 0.0, abs(score))
    fillers = lead <= 0 and ties > 0 and over + ties >= k
    return lead, lead > band or fillers, lead > 0 or fillers or (band > 0 and lead + band >= 0)


@compiled
def give_back(sums: Sums, unit_of: IntArray, history: int, unit: int, removed: BoolArray, scores: FloatArray) -> None:
    """Give a removed unit back: its positions, bool [H], and the scores of the columns change in place; `unit_of` each position [H]."""
    for position in range(sums.length[history]):
        if unit_of[position] == unit:
            add_row(sums, history, position, 1.0, scores)
            removed[position] = False


@compiled
def surely_stays(
    sums: Sums,
    history: int,
    removed: BoolArray,
    scores: FloatArray,
    position: int,
    target: int,
    column: int,
    k: int,
    tolerance: float,
    empty: FloatArray,
    rounding: float,
) -> bool:
    """Return whether a target is surely in the list once one removed position is given back; False where that is not told at once.

    The other arguments are those of `lead_without`, before it is given back. Only counted is who could be above the target: one pass over
    a dense row, of which nothing is written.
    """
    if len(sums.dense) == 0:
        return False
    again = np.empty(len(removed))
    removed[position] = False
    score, count = anew(sums, history, removed, column), returning(sums, history, removed, again)
    removed[position] = True
    if not abs(score) < INFINITY or (len(empty) > 0 and abs(score - empty[target]) <= tolerance):
        return False
    bar = score + tolerance
    least = bar - sums.delta[history] - 2 * rounding * max(abs(score), abs(bar))
    row, share = sums.dense[sums.row[history, position]], sums.weight[history, position]
    over = count_above(scores, row, share, least) - (scores[column] + share * row[column] > least)
    for turn in range(count):
        over += again[turn] > least
    return bool(over < k)


@compiled
def count_above(scores: FloatArray, row: NDArray[np.floating], share: float, least: float) -> int:
    """Return how many scores are above `least` once a share of a row is added."""
    count = 0
    for column in range(len(scores)):
        count += scores[column] + share * row[column] > least
    return count


@compiled
def alone(unit_of: IntArray, length: int) -> BoolArray:
    """Return which units are a single position, bool [H], given the unit of each [H], of which so many are filled."""
    count, single = np.zeros(len(unit_of), dtype=np.int64), np.zeros(len(unit_of), dtype=np.bool_)
    for position in range(length):
        count[unit_of[position]] += 1
        single[unit_of[position]] = count[unit_of[position]] == 1
    return single
