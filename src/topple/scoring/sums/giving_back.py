"""Compiled: targets out of their lists without positions, and what becomes of them once positions are given back."""

import numpy as np
from numpy.typing import NDArray

from topple.compiled import compiled
from topple.scoring.lists.best import INFINITY, count_over
from topple.scoring.sums.changing import add_row, anew, returning, scores_without
from topple.scoring.sums.rows import Sums
from topple.scoring.sums.standing import stand
from topple.types import BoolArray, FloatArray, IntArray

OPEN, IN, OUT, UNSPOKEN = range(4)
"""What is told at once of a target."""
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
    again = np.empty(len(removed))
    more, best = again[: returning(sums, history, removed, again)], np.empty(k)
    score, other, ties, over = stand(
        sums, history, removed, target, column, tolerance, empty, scores, off, more, best, rounding, NEAR
    )
    lead = other - (score + tolerance)
    band = rounding * max(abs(other) if other > -INFINITY else 0.0, abs(score))
    fillers = lead <= 0 and ties > 0 and over + ties >= k
    return lead, lead > band or fillers, lead > 0 or fillers or (band > 0 and lead + band >= 0)


@compiled
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


@compiled
def copy_changed(
    sums: Sums, unit_of: IntArray, history: int, unit: int, every: bool, scores: FloatArray, copy: FloatArray
) -> None:
    """Fill in the scores [columns] that a unit changes, or every one, into a copy of them before or after that."""
    if every or len(sums.dense) > 0:
        copy[:] = scores
        return
    for position in range(sums.length[history]):
        if unit_of[position] == unit:
            first = history * sums.row.shape[1] + position
            for entry in range(sums.entry[first], sums.entry[first + 1]):
                copy[sums.column[entry]] = scores[sums.column[entry]]


@compiled
def told_at_once(
    sums: Sums,
    history: int,
    removed: BoolArray,
    scores: FloatArray,
    off: float,
    position: int,
    taken: bool,
    target: int,
    column: int,
    k: int,
    tolerance: float,
    empty: FloatArray,
    rounding: float,
    beat: float,
    counted: FloatArray,
) -> int:
    """Tell what becomes of a target once one position is given back, or taken, where that is told without new scores.

    Only counted is who could be above the target: of a dense row in one pass, of a sparse one where it changes scores.

    Args:
        sums: of the histories.
        history: which of them.
        removed: the positions that are gone before, bool [H].
        scores: of the columns before, as differences [columns].
        off: how far these may be off.
        position: the one that is given back or taken.
        taken: whether it is taken.
        target: the item.
        column: which column it is, -1 for none.
        k: length of the list.
        tolerance: of the query.
        empty: the scores of the empty history [I]; empty where no item is a filler.
        rounding: of the model.
        beat: a lead; smaller ones need not be known.
        counted: three bars, and how many columns were above each at the last call with these scores; NaN for none [3, 2].

    Returns:
        IN: it is surely in the list. UNSPOKEN: it is surely out for want of evidence. OUT: it is surely out, by no more than
        `beat`. OPEN: not told.
    """
    again = np.empty(len(removed))
    removed[position] = taken
    score = anew(sums, history, removed, column)
    more = again[: returning(sums, history, removed, again)]
    removed[position] = not taken
    filler = len(empty) > 0 and abs(score - empty[target]) <= tolerance
    bar = score + tolerance
    band, delta = 2 * rounding * max(abs(score), abs(bar)), sums.delta[history]
    change = (history, position, -1.0 if taken else 1.0, column, scores, more)
    if count_above(sums, *change, bar - band, -off, -delta, counted[0]) < k:
        if not filler:
            return IN
        enough = abs(sums.rest - score) <= tolerance and sums.others[history] - (column < 0) >= k
        return UNSPOKEN if enough else OPEN
    if beat == -INFINITY or count_above(sums, *change, bar + band, off, delta, counted[1]) < k:
        return OPEN
    if beat == INFINITY or count_above(sums, *change, bar + beat - band, -off, -delta, counted[2]) < k:
        return OUT
    return OPEN


@compiled
def told_by_counts(
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
) -> int:
    """Tell whether a target is surely IN the list or OUT of it; OPEN where counting does not tell. Arguments as of `lead_without`."""
    again, others = np.empty(len(removed)), sums.others[history] - (column < 0)
    score = anew(sums, history, removed, column)
    more = again[: returning(sums, history, removed, again)]
    bar = score + tolerance
    band = 2 * rounding * max(abs(score), abs(bar))
    over = 0
    for turn in range(len(more)):
        over += more[turn] > bar + band
    over += others if sums.rest > bar + band else 0
    over += count_over(scores, bar + band + off) - (column >= 0 and scores[column] > bar + band + off)
    if over >= k:
        return OUT
    if len(empty) > 0 and abs(score - empty[target]) <= tolerance:
        return OPEN
    over = 0
    for turn in range(len(more)):
        over += more[turn] > bar - band
    over += others if sums.rest > bar - band else 0
    over += count_over(scores, bar - band - off) - (column >= 0 and scores[column] > bar - band - off)
    return IN if over < k else OPEN


@compiled
def count_above(
    sums: Sums,
    history: int,
    position: int,
    sign: float,
    target: int,
    scores: FloatArray,
    more: FloatArray,
    bar: float,
    off: float,
    delta: float,
    counted: FloatArray,
) -> int:
    """Return how many items other than the target, a column, are above a bar once a position is given back or taken.

    Args:
        sums: of the histories.
        history: which of them.
        position: the position.
        sign: 1 where it is given back, -1 where it is taken.
        target: the column of the target, -1 for none.
        scores: of the columns before [columns].
        more: scores of removed items that compete again [M].
        bar: what is to be exceeded; by `off` more where the row of the position is 0, by `delta` more elsewhere.
        off: below 0, who could be above counts too.
        delta: as well.
        counted: a bar and how many columns were above it before [2]; filled in.
    """
    over = 0
    for turn in range(len(more)):
        over += more[turn] > bar
    if len(sums.dense) > 0:
        row, share = sums.dense[sums.row[history, position]], sign * sums.weight[history, position]
        over += count_dense(scores, row, share, bar + delta)
        return int(over - (scores[target] + share * row[target] > bar + delta))
    stays, changes = bar + off, bar + delta
    if counted[0] != stays:
        counted[0], counted[1] = stays, count_over(scores, stays)
    if sums.rest > bar:
        over += sums.others[history] - (target < 0)
    first, mine = history * sums.row.shape[1] + position, target >= 0 and scores[target] > stays
    over += int(counted[1])
    for entry in range(sums.entry[first], sums.entry[first + 1]):
        before = scores[sums.column[entry]]
        now = before + sign * sums.value[entry] > changes
        over += now
        over -= before > stays
        if sums.column[entry] == target:
            mine = now
    return int(over - mine)


@compiled
def may_change(sums: Sums, history: int, position: int, target: int, scores: FloatArray, bar: float) -> bool:
    """Return whether the sparse row of a position, given back, changes the score of a target, a column, or one that reaches a bar."""
    if bar == -INFINITY or sums.returns[history, position]:  # given back, its item does not compete any more
        return True
    first = history * sums.row.shape[1] + position
    for entry in range(sums.entry[first], sums.entry[first + 1]):
        before = scores[sums.column[entry]]
        if sums.column[entry] == target or max(before, before + sums.value[entry]) >= bar:
            return True
    return False


@compiled
def add_counted(sums: Sums, history: int, position: int, scores: FloatArray, counted: FloatArray) -> None:
    """Give a position back: add its row to the scores of the columns, and change how many of them are above bars [3, 2], in place."""
    if len(sums.dense) > 0:
        add_row(sums, history, position, 1.0, scores)
        return
    first = history * sums.row.shape[1] + position
    for entry in range(sums.entry[first], sums.entry[first + 1]):
        before = scores[sums.column[entry]]
        now = before + sums.value[entry]
        scores[sums.column[entry]] = now
        for bar in range(len(counted)):
            counted[bar, 1] += now > counted[bar, 0]
            counted[bar, 1] -= before > counted[bar, 0]


@compiled
def count_dense(scores: FloatArray, row: NDArray[np.floating], share: float, bar: float) -> int:
    """Return how many scores are above a bar once a share of a row is added."""
    count = 0
    for column in range(len(scores)):
        count += scores[column] + share * row[column] > bar
    return count


@compiled
def alone(unit_of: IntArray, length: int) -> BoolArray:
    """Return which units are a single position, bool [H], given the unit of each [H], of which so many are filled."""
    count, single = np.zeros(len(unit_of), dtype=np.int64), np.zeros(len(unit_of), dtype=np.bool_)
    for position in range(length):
        count[unit_of[position]] += 1
        single[unit_of[position]] = count[unit_of[position]] == 1
    return single
