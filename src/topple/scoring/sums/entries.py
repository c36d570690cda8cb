"""Compiled: the entries of the rows of a history, by position and by column."""

import numpy as np

from topple.compiled import compiled, compiled_leaf
from topple.scoring.lists.best import INFINITY, bar_of
from topple.scoring.sums.rows import Sums
from topple.types import FloatArray

BEST, MANY = 112, 1 << 15
"""Columns that are put in order at first, of histories with more entries than so many: the cache holds no more of both orders."""


@compiled_leaf
def entries_of(sums: Sums, history: int, position: int) -> tuple[slice, slice, float]:
    """Return the entries of the sparse row of a position, in `Sums.column` and in `Sums.values`, and what the row counts.

    Slices of arrays are indexed twice as fast as the whole.
    """
    number = history * sums.row.shape[1] + position
    first, last, begin = sums.entry[number], sums.entry[number + 1], sums.begin[number]
    return slice(first, last), slice(begin, begin + last - first), sums.weight[history, position]


@compiled_leaf
def entries_by_column(sums: Sums, history: int, column: int) -> tuple[int, int]:
    """Return where the entries of a column begin and end in the order of the columns."""
    number = sums.start[history] + history + column
    if sums.by_column[number] == sums.by_column[number + 1]:  # every column has entries: these are not in order yet
        order_columns(sums, history, -INFINITY)
    return sums.by_column[number], sums.by_column[number + 1]


@compiled_leaf
def add_parts(sums: Sums, history: int, column: int, part: FloatArray) -> None:
    """Add what each position of a history adds to a column, -1 for an item that is none [H]."""
    if len(sums.dense) > 0:
        across = len(sums.across) > 0
        for position in range(sums.length[history]):
            row = sums.row[history, position]
            number = sums.across[column, row] if across else sums.dense[row, column]
            part[position] += sums.weight[history, position] * number
    elif column >= 0:
        first, last = entries_by_column(sums, history, column)
        for entry in range(first, last):
            part[sums.position[entry]] += sums.number[entry]


@compiled
def order_best(sums: Sums) -> None:
    """Put entries in the order of the columns; where there are many, those of the best columns alone: others are rarely asked for."""
    for history in range(len(sums.length)):
        scores, bar = sums.score[sums.start[history] : sums.start[history + 1]], -INFINITY
        first, width = history * sums.row.shape[1], sums.row.shape[1]
        if sums.entry[first + width] - sums.entry[first] > MANY and not sums.any_returns:
            bar = bar_of(scores, BEST)
        order_columns(sums, history, bar)


@compiled_leaf
def order_columns(sums: Sums, history: int, bar: float) -> None:
    """Put the entries of the columns of a history that score at least a bar in the order of the columns."""
    first, last, width = sums.start[history], sums.start[history + 1], sums.row.shape[1]
    begin, end = sums.entry[history * width], sums.entry[(history + 1) * width]
    scores, next_ = sums.score[first:last], sums.next[: last - first]
    by_column = sums.by_column[first + history : last + history + 1]
    positions, numbers, at = sums.position[begin:end], sums.number[begin:end], 0
    next_[:] = 0
    for column in sums.column[begin:end]:
        next_[column] += 1
    for column in range(len(next_)):
        count, by_column[column] = next_[column], begin + at
        if scores[column] >= bar:
            next_[column] = at
            at += count
        else:
            next_[column] = -1
    by_column[len(next_)] = begin + at
    for position in range(sums.length[history]):
        entries, numbered, weight = entries_of(sums, history, position)
        columns, values = sums.column[entries], sums.values[numbered]
        for entry in range(len(columns)):
            to = next_[columns[entry]]
            if to >= 0:
                positions[np.uint32(to)], numbers[np.uint32(to)] = position, weight * values[entry]
                next_[columns[entry]] = to + 1
