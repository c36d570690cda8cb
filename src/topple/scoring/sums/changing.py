"""Compiled: the scores of changed histories as differences of rows, and single scores added up anew.

A difference of sums is off by rounding, by `delta` at most.
"""

import numpy as np
from numpy.typing import NDArray

from topple.compiled import compiled, compiled_leaf
from topple.scoring.lists.best import INFINITY, next_equal
from topple.scoring.sums.entries import entries_by_column, entries_of
from topple.scoring.sums.rows import Sums
from topple.types import BoolArray, FloatArray, IntArray

FEW = 24
"""Sparse rows of a history that are added up anew: then no column has to be once more, of which hundreds may tie."""


@compiled_leaf
def scores_without(sums: Sums, history: int, removed: BoolArray, scores: FloatArray) -> float:
    """Fill in the scores of the columns with the positions `removed`, bool [H], gone; what does not compete stays at minus infinity.

    Returns:
        How far they may be from sums that are added up anew: not at all where nothing is gone, or more than half, or of a few sparse
        rows any, and the rest is added up.
    """
    unchanged = sums.score[sums.start[history] : sums.start[history + 1]]
    length, gone = sums.length[history], 0
    for position in range(length):
        gone += removed[position]
    if gone == 0 or (2 * gone <= length and (length > FEW or len(sums.dense) > 0)):
        copy_into(unchanged, scores)
        for position in range(length):
            if removed[position]:
                add_row(sums, history, position, -1.0, scores)
        return float(sums.delta[history]) if gone else 0.0
    if len(sums.dense) > 0:
        copy_into(sums.constant, scores)
    else:
        scores[:] = sums.rest
    for position in range(length):
        if not removed[position]:
            add_row(sums, history, position, 1.0, scores)
    for column in range(len(scores)):
        if unchanged[column] == -INFINITY:
            scores[column] = -INFINITY
    return 0.0


@compiled_leaf
def copy_into(scores: FloatArray, out: FloatArray) -> None:
    """Fill in the same scores: assigning one array to another makes a third, where they overlap."""
    for column in range(len(out)):
        out[column] = scores[column]


@compiled_leaf
def add_row(sums: Sums, history: int, position: int, share: float, scores: FloatArray) -> None:
    """Add a share of the row of a position to the scores of the columns, in place."""
    if len(sums.dense) > 0:
        add_dense(sums.dense, sums.row[history, position], share * sums.weight[history, position], scores)
    else:
        entries, numbered, weight = entries_of(sums, history, position)
        columns, values, share = sums.column[entries], sums.values[numbered], share * weight
        for entry in range(len(columns)):
            scores[columns[entry]] += share * values[entry]


@compiled_leaf
def add_dense(dense: NDArray[np.floating], row: int, share: float, scores: FloatArray) -> None:
    """Add a share of a dense row to the scores, in place."""
    for column in range(len(scores)):
        scores[column] += share * dense[row, column]


@compiled_leaf
def add_four(dense: NDArray[np.floating], rows: IntArray, weights: FloatArray, scores: FloatArray) -> None:
    """Add four weighted dense rows to the scores, in place, each score in their order: it is read and written once."""
    one, two, three, four = dense[rows[0]], dense[rows[1]], dense[rows[2]], dense[rows[3]]
    first, second, third, fourth = weights[0], weights[1], weights[2], weights[3]
    for column in range(len(scores)):
        score = scores[column] + first * one[column]
        score += second * two[column]
        score += third * three[column]
        scores[column] = score + fourth * four[column]


@compiled_leaf
def anew(sums: Sums, history: int, removed: BoolArray, column: int) -> float:
    """Return the score of a column (-1: of an item that is none) with the positions `removed`, bool [H], gone, added up in their order."""
    if column < 0:
        return float(sums.rest)
    if len(sums.dense) > 0:
        total, across = sums.constant[column], len(sums.across) > 0
        for position in range(sums.length[history]):
            if not removed[position]:
                row = sums.row[history, position]
                number = sums.across[column, row] if across else sums.dense[row, column]
                total += sums.weight[history, position] * number
        return float(total)
    total = sums.rest
    first, last = entries_by_column(sums, history, column)
    for entry in range(first, last):
        if not removed[sums.position[entry]]:
            total += sums.number[entry]
    return float(total)


@compiled_leaf
def settled_score(sums: Sums, history: int, removed: BoolArray, column: int, scores: FloatArray, off: float) -> float:
    """Return the score of a column added up anew; scores that are not off were added up so already."""
    return float(scores[column]) if off == 0 else anew(sums, history, removed, column)


@compiled_leaf
def column_of(sums: Sums, history: int, item: int) -> int:
    """Return the column of an item, -1 for none."""
    if len(sums.dense) > 0 and len(sums.item) == 0:
        return item
    items = sums.item[sums.start[history] : sums.start[history + 1]]
    column = next_equal(items, 0, item)
    return column if column < len(items) else -1


@compiled_leaf
def item_of(sums: Sums, history: int, column: int) -> int:
    """Return the item of a column."""
    if len(sums.dense) > 0 and len(sums.item) == 0:
        return column
    return int(sums.item[sums.start[history] + column])


@compiled_leaf
def returning(sums: Sums, history: int, removed: BoolArray, scores: FloatArray) -> int:
    """Fill in the scores of the removed items that compete again; return how many there are."""
    count = 0
    for position in range(sums.length[history] if sums.any_returns else 0):
        if comes_back(sums, history, removed, position):
            scores[count] = anew(sums, history, removed, sums.found[history, position])
            count += 1
    return count


@compiled_leaf
def comes_back(sums: Sums, history: int, removed: BoolArray, position: int) -> bool:
    """Return whether the item of a position competes again since all its positions are gone; told at the first of them."""
    if not (removed[position] and sums.returns[history, position]):
        return False
    for other in range(position + 1, sums.length[history]):
        if sums.event[history, other] == sums.event[history, position] and not removed[other]:
            return False
    return True


@compiled
def untouched(sums: Sums, history: int) -> IntArray:
    """Return which items are no column and compete, in the order of the catalogue [M]."""
    open_ = sums.allowed[sums.filter[history]].copy()
    for column in range(sums.start[history], sums.start[history + 1]):
        open_[sums.item[column]] = False
    if sums.unseen:
        for position in range(sums.length[history]):
            open_[sums.event[history, position]] = False
    return np.flatnonzero(open_)


@compiled
def first_untouched(sums: Sums, history: int, most: int) -> IntArray:
    """Return the first of the items of `untouched` [M], at most so many: where these are few, the catalogue is not gone through."""
    allowed, touched = sums.allowed[sums.filter[history]], sums.item[sums.start[history] : sums.start[history + 1]]
    seen = sums.event[history, : sums.length[history] if sums.unseen else 0]
    closed = np.sort(np.concatenate((touched, seen)))
    found, count, at = np.empty(most, dtype=np.int64), 0, 0
    for item in range(len(allowed)):
        if count == most:
            break
        while at < len(closed) and closed[at] < item:
            at += 1
        if allowed[item] and not (at < len(closed) and closed[at] == item):
            found[count] = item
            count += 1
    return found[:count]
