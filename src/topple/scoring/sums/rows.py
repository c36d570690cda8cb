"""What an additive recommender offers of its numbers, and the histories of a call as sums of them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from topple.scoring.memory import may_hold
from topple.types import BoolArray, FloatArray, IntArray


class Rows(NamedTuple):
    """The numbers that each item adds to the scores, row by row: dense, or sparse where `dense` is empty.

    Args:
        dense: [R, I].
        across: the same with the numbers of a column side by side [I, R]; empty for a table too large to be held twice.
        indptr: where the entries of each row begin [R + 1].
        indices: the scored item of each entry [entries].
        values: the number of each entry [entries].
        largest: the largest absolute number of each row [R].
        least: the smallest number of each row, 0 where none is below it [R].
    """

    dense: NDArray[np.floating]
    across: NDArray[np.floating]
    indptr: IntArray
    indices: IntArray
    values: NDArray[np.floating]
    largest: FloatArray
    least: FloatArray


class Sums(NamedTuple):
    """B histories whose scores are sums, for compiled functions. A *column* is an item that the history touches.

    Dense rows touch all items, or those that a filter leaves where these are few. The other items share one score, `rest`.

    Args:
        dense: dense rows [R, I]; empty for sparse ones.
        across: the same by columns [I, R]; empty where it is not held.
        row: the row of each position [B, H].
        weight: what each position's row counts [B, H]; 0 for padding.
        length: how many positions each history has [B].
        entry: where the entries of each position begin, positions of all histories in a row [B * H + 1].
        column: of each entry [entries].
        begin: where the row of each position begins in `values` [B * H].
        values: the numbers of the sparse rows, an entry of the recommender each, without weights; empty for dense rows.
        by_column: where the entries of each column begin, and where those of the last of each history end [columns + B]; of columns
            that are not in order yet, nothing is between.
        position: of each entry in the order of the columns, each history in its part [entries].
        number: the value of each entry, times the weight, in the order of the columns [entries].
        next: room for where the next entry of each column of a history goes [most columns].
        start: where the columns of each history begin [B + 1].
        item: of each column [columns]; empty where the columns are the items.
        score: of each column for the unchanged history, minus infinity for an item that does not compete [columns].
        constant: the scores of the empty history, of the columns for dense rows [I].
        rest: the score of the items that are no column.
        others: how many of these compete [B].
        delta: how far the difference of two sums may be from the sum that is added up anew [B].
        lift: what the removal of each position lifts a score by at most [B, H].
        event: the item of each position [B, H].
        found: the column of the item of each position, -1 for none [B, H].
        returns: whether the item of the position competes once all its positions are removed; the first of them tells [B, H].
        any_returns: whether there is such a position at all.
        again: room for what removed items score that compete again [H].
        allowed: the items that may be listed, a row a filter, bool [F, I].
        filter: the filter of each history [B].
        unseen: whether the items of a history do not compete.
    """

    dense: NDArray[np.floating]
    across: NDArray[np.floating]
    row: IntArray
    weight: FloatArray
    length: IntArray
    entry: IntArray
    column: NDArray[np.uint32]
    begin: IntArray
    values: NDArray[np.floating]
    by_column: IntArray
    position: IntArray
    number: FloatArray
    next: NDArray[np.int32]
    start: IntArray
    item: IntArray
    score: FloatArray
    constant: FloatArray
    rest: float
    others: IntArray
    delta: FloatArray
    lift: FloatArray
    event: IntArray
    found: IntArray
    returns: BoolArray
    any_returns: bool
    again: FloatArray
    allowed: BoolArray
    filter: IntArray
    unseen: bool


def every_item(sums: Sums) -> bool:
    """Return whether the columns of histories are the items."""
    return len(sums.dense) > 0 and len(sums.item) == 0


def dense_rows(numbers: Tensor, *, across: bool = True) -> Rows:
    """Return the rows of a table [R, I]; it is held by columns too where that is asked for and memory lasts."""
    none, dense = np.zeros(0, dtype=np.int64), numbers.detach().numpy()
    least = dense.min(1, initial=0).astype(np.float64)
    largest = np.maximum(dense.max(1, initial=0), -least)
    by_column = np.ascontiguousarray(dense.T) if across and may_hold(dense.size) else dense[:0]
    return Rows(dense, by_column, none, none, np.zeros(0, dtype=dense.dtype), largest, least)


def stored_rows(indptr: Tensor, indices: Tensor, values: Tensor) -> Rows:
    """Return the rows of a sparse table: where each begins [R + 1], and the scored items and numbers of the entries."""
    begin, filled = indptr.numpy()[:-1], np.diff(indptr.numpy()) > 0
    largest, least = np.zeros(len(begin)), np.zeros(len(begin))
    if filled.any():  # empty rows left out, each row ends where the next begins
        largest[filled] = np.maximum.reduceat(np.abs(values.numpy()), begin[filled])
        least[filled] = np.minimum.reduceat(values.numpy(), begin[filled]).clip(max=0)
    # of the same type, so that functions are compiled once for dense and for sparse rows
    nothing = np.zeros((0, 0), dtype=values.numpy().dtype)
    return Rows(nothing, nothing, indptr.numpy(), indices.numpy(), values.numpy(), largest, least)
