"""Compiled: what becomes of targets once positions are given back or taken, told by counting who could be above them."""

import numpy as np
from numpy.typing import NDArray

from topple.compiled import compiled_leaf
from topple.scoring.lists.best import INFINITY, count_over, next_equal
from topple.scoring.sums.changing import add_row, anew, returning
from topple.scoring.sums.entries import entries_of
from topple.scoring.sums.rows import Sums
from topple.types import BoolArray, FloatArray

OPEN, IN, OUT, UNSPOKEN = range(4)
"""What is told at once of a target."""


@compiled_leaf
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
    removed[position] = taken
    score = anew(sums, history, removed, column)
    more = sums.again[: returning(sums, history, removed, sums.again)]
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


@compiled_leaf
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
    score, others = anew(sums, history, removed, column), sums.others[history] - (column < 0)
    more = sums.again[: returning(sums, history, removed, sums.again)]
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


@compiled_leaf
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
    entries, numbered, weight = entries_of(sums, history, position)
    columns, values, share = sums.column[entries], sums.values[numbered], sign * weight
    over += int(counted[1]) + count_changes(scores, columns, values, share, stays, changes)
    if target >= 0:
        mine = next_equal(columns, 0, target)
        over -= scores[target] + share * values[mine] > changes if mine < len(columns) else scores[target] > stays
    return int(over)


@compiled_leaf
def count_changes(
    scores: FloatArray,
    columns: NDArray[np.uint32],
    values: NDArray[np.floating],
    share: float,
    stays: float,
    changes: float,
) -> int:
    """Return how many more scores are above a bar once a share of a sparse row is added: `stays` before, `changes` then."""
    more = 0
    for entry in range(len(columns)):
        before = scores[columns[entry]]
        more += before + share * values[entry] > changes
        more -= before > stays
    return more


@compiled_leaf
def count_dense(scores: FloatArray, row: NDArray[np.floating], share: float, bar: float) -> int:
    """Return how many scores are above a bar once a share of a row is added."""
    count = 0
    for column in range(len(scores)):
        count += scores[column] + share * row[column] > bar
    return count


@compiled_leaf
def may_change(sums: Sums, history: int, position: int, target: int, scores: FloatArray, bar: float) -> bool:
    """Return whether the sparse row of a position, given back, changes the score of a target, a column, or one that reaches a bar."""
    if bar == -INFINITY or sums.returns[history, position]:  # given back, its item does not compete any more
        return True
    entries, numbered, weight = entries_of(sums, history, position)
    columns, values = sums.column[entries], sums.values[numbered]
    for entry in range(len(columns)):
        before = scores[columns[entry]]
        if columns[entry] == target or max(before, before + weight * values[entry]) >= bar:
            return True
    return False


@compiled_leaf
def add_counted(sums: Sums, history: int, position: int, scores: FloatArray, counted: FloatArray) -> None:
    """Give a position back: add its row to the scores of the columns, and change how many of them are above bars [3, 2], in place."""
    if len(sums.dense) > 0:
        add_row(sums, history, position, 1.0, scores)
        return
    entries, numbered, weight = entries_of(sums, history, position)
    columns, values = sums.column[entries], sums.values[numbered]
    for entry in range(len(columns)):
        before = scores[columns[entry]]
        now = before + weight * values[entry]
        scores[columns[entry]] = now
        for bar in range(len(counted)):
            counted[bar, 1] += now > counted[bar, 0]
            counted[bar, 1] -= before > counted[bar, 0]
