"""Rows that repeat a (user, item) pair become one."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from topple.errors import DataError
from topple.types import FloatArray, IntArray, TimeArray

Duplicates: TypeAlias = Literal["error", "sum", "mean", "count", "max", "first", "last", "keep"]
"""What is done with the rows of a pair: refused, merged to what they come to together or to one of them, or kept as events."""


@dataclass(frozen=True, eq=False)
class Rows:
    """What is told of each row; None where it is not known.

    Args:
        pairs: the number of the (user, item) pair [rows].
        ratings: [rows].
        weights: [rows]; None for 1 each.
        timestamps: [rows].
    """

    pairs: IntArray
    ratings: FloatArray | None
    weights: FloatArray | None
    timestamps: TimeArray | None

    def take(self, rows: IntArray) -> "Rows":
        """Return the chosen rows."""
        ratings, weights = (None if values is None else values[rows] for values in (self.ratings, self.weights))
        return Rows(self.pairs[rows], ratings, weights, None if self.timestamps is None else self.timestamps[rows])


def merged(rows: Rows, duplicates: Duplicates | None) -> Rows:
    """Return one row a pair, in the order of the rows that come first (or, for "last", last).

    "sum" adds weights up, "count" counts rows; of the ratings of the pair the mean is kept then. "mean" and "max" are taken
    of weights and ratings alike; "keep" merges as "sum" does, and the rows stay beside as events. The time of a pair is that of the
    row that is kept, for "sum", "mean", "count" and "keep" the latest.

    Args:
        rows: any rows.
        duplicates: None adds weights up, and leaves the repeats where there are none, or ratings too.

    Raises:
        DataError: an unknown name, or ratings that would be added up.
    """
    duplicates = duplicates or usual(rows)
    if duplicates not in get_args(Duplicates):
        raise DataError(
            f"duplicates={duplicates!r} is not one of {', '.join(map(repr, get_args(Duplicates)))}. Choose one of them."
        )
    if duplicates == "keep" and (rows.ratings is not None or rows.timestamps is None):
        why = (
            "the events of a history have weights and no ratings"
            if rows.ratings is not None
            else "the order of the events is not known"
        )
        helps = (
            "Read the ratings as weights (weight=, --weight-column), or leave them out" if rows.ratings is not None
            else "Name the column of times (timestamp=, --time-column), or say that the rows are in order (ordered=True, --ordered)"
        )  # fmt: skip
        raise DataError(
            f"duplicates='keep' keeps every row as an event, and {why}. {helps}, or choose another way to merge."
        )
    if duplicates == "sum" and rows.weights is None and rows.ratings is not None:
        raise DataError(
            "duplicates='sum' would add up ratings, which makes no rating. Choose 'mean', 'max', 'first' or 'last', or read the "
            "column as weights (weight=, --weight-column)."
        )
    unique, first, pair = np.unique(rows.pairs, return_index=True, return_inverse=True)
    if duplicates == "error" or (len(unique) == len(pair) and duplicates != "count"):
        return rows
    return _merged(rows, pair, first, duplicates)


def usual(rows: Rows) -> Duplicates:
    """Return what is done with repeats where nothing is said: weights are summed, others refused."""
    return "sum" if rows.weights is not None and rows.ratings is None else "error"


def _merged(rows: Rows, pair: IntArray, first: IntArray, duplicates: Duplicates) -> Rows:
    """Return one row a pair; `pair` tells the number of the pair of each row, `first` the first row of each pair."""
    numbers = np.arange(len(pair))
    last = np.zeros(len(first), dtype=np.int64)
    np.maximum.at(last, pair, numbers)
    if duplicates in ("first", "last"):
        return rows.take(np.sort(first if duplicates == "first" else last))
    if duplicates == "max":
        decides = rows.weights if rows.weights is not None else rows.ratings
        order = np.lexsort((numbers, numbers * 0 if decides is None else -decides, pair))
        best = order[np.searchsorted(pair[order], np.arange(len(first)))]
        kept = rows.take(best)
        ratings, weights, times = _most(rows.ratings, pair, first), kept.weights, kept.timestamps
    else:
        counts = np.bincount(pair).astype(np.float64)
        sums = counts if rows.weights is None else np.bincount(pair, rows.weights).astype(np.float64)
        ratings = None if rows.ratings is None else np.bincount(pair, rows.ratings).astype(np.float64) / counts
        weights = counts if duplicates == "count" else sums if duplicates in ("sum", "keep") else sums / counts
        times = _most(rows.timestamps, pair, first)
    return Rows(rows.pairs[first], ratings, weights, times).take(np.argsort(first))


def _most(values: Any, pair: IntArray, first: IntArray) -> Any:
    """Return the largest value of each pair."""
    if values is None:
        return None
    most = values[first].copy()
    np.maximum.at(most, pair, values)
    return most
