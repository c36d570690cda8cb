"""Compiled: histories over sparse rows, arranged by the columns that they touch, and the scores of unchanged histories."""

import numpy as np
from numpy.typing import NDArray

from topple.compiled import compiled, compiled_leaf
from topple.scoring.lists.best import INFINITY
from topple.scoring.sums.changing import add_four, add_row, copy_into, untouched
from topple.scoring.sums.rows import Rows, Sums
from topple.types import FloatArray, IntArray


@compiled_leaf
def touch(
    rows: Rows,
    row: IntArray,
    length: IntArray,
    weight: FloatArray,
    event: IntArray,
    rest: float,
    where: NDArray[np.int32],
    first: IntArray,
    begin: IntArray,
    column: NDArray[np.uint32],
    start: IntArray,
    item: IntArray,
    score: FloatArray,
    found: IntArray,
) -> int:
    """Tell which columns the sparse rows of each history touch and add them up; return how many columns there are in all.

    The arguments up to `where` are given, the others filled in: those of `Sums`, large enough for as many columns as entries.

    Args:
        rows: the sparse rows.
        row: the row of each position [B, H].
        length: how many positions each history has [B].
        weight: what the row of each position counts [B, H].
        event: the item of each position [B, H].
        rest: the score of what no row touches.
        where: -1 everywhere, for the column of each item of the catalogue [I].
        first: for `Sums.entry`.
        begin: as there.
        column: as there.
        start: as there; 0 is in it.
        item: as there.
        score: as there, of what competes and of what does not.
        found: as there; -1 everywhere.
    """
    width, at = row.shape[1], 0
    for history in range(len(row)):
        columns, items, scores = 0, item[start[history] :], score[start[history] :]
        for at_position in range(width):
            first[history * width + at_position] = at
            if at_position >= length[history]:
                continue
            entries = slice(rows.indptr[row[history, at_position]], rows.indptr[row[history, at_position] + 1])
            begin[history * width + at_position] = entries.start
            scored, numbers, share = rows.indices[entries], rows.values[entries], weight[history, at_position]
            mine = column[at : at + len(scored)]
            for entry in range(len(scored)):  # slices are indexed twice as fast as the whole arrays
                one = where[scored[entry]]
                if one < 0:
                    one = columns
                    columns += 1
                    where[scored[entry]], items[one], scores[one] = one, scored[entry], rest
                mine[entry] = one
                scores[one] += share * numbers[entry]
            at += len(scored)
        for at_position in range(length[history]):
            found[history, at_position] = where[event[history, at_position]]
        first[history * width + width] = at
        for one in range(columns):
            where[items[one]] = -1
        start[history + 1] = start[history] + columns
    return int(start[len(row)])


@compiled_leaf
def count_others(sums: Sums, listed: IntArray) -> None:
    """Fill in how many items that are no column compete; `listed` is how many each filter allows [F]."""
    for history in range(len(sums.length)):
        allowed = sums.allowed[sums.filter[history]]
        count = listed[sums.filter[history]]
        for column in range(sums.start[history], sums.start[history + 1]):
            count -= allowed[sums.item[column]]
        if sums.unseen:
            for position in range(sums.length[history]):
                item, again = sums.event[history, position], False
                for earlier in range(position):
                    again |= sums.event[history, earlier] == item
                if sums.found[history, position] < 0 and allowed[item] and not again:
                    count -= 1
        sums.others[history] = count


@compiled_leaf
def unchanged_scores(sums: Sums) -> None:
    """Fill in the scores of the columns of unchanged histories, minus infinity for what does not compete.

    Over sparse rows `touch` has added them up.
    """
    for history in range(len(sums.length)):
        scores = sums.score[sums.start[history] : sums.start[history + 1]]
        if len(sums.dense) > 0:
            copy_into(sums.constant, scores)
            length = sums.length[history]
            together = length - length % 4
            for position in range(0, together, 4):
                four = slice(position, position + 4)
                add_four(sums.dense, sums.row[history, four], sums.weight[history, four], scores)
            for position in range(together, length):
                add_row(sums, history, position, 1.0, scores)
        allowed, items = sums.allowed[sums.filter[history]], sums.item[sums.start[history] : sums.start[history + 1]]
        if len(items) == 0:
            for column in range(len(scores)):
                if not allowed[column]:
                    scores[column] = -INFINITY
        else:
            for column in range(len(scores)):
                if not allowed[items[column]]:
                    scores[column] = -INFINITY
        if sums.unseen:
            for position in range(sums.length[history]):
                if sums.found[history, position] >= 0:
                    scores[sums.found[history, position]] = -INFINITY


@compiled
def written_out(sums: Sums, scores: FloatArray) -> None:
    """Fill in the scores of all items of unchanged histories over sparse rows [B, I]."""
    scores[:] = -INFINITY
    for history in range(len(scores)):
        for item in untouched(sums, history):
            scores[history, item] = sums.rest
        for column in range(sums.start[history], sums.start[history + 1]):
            scores[history, sums.item[column]] = sums.score[column]
