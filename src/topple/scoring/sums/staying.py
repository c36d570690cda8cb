"""Compiled: which single positions leave a target in the list for sure, told from the unchanged scores."""

import numpy as np

from topple.compiled import compiled, compiled_leaf
from topple.scoring.lists.best import INFINITY
from topple.scoring.sums.changing import anew
from topple.scoring.sums.entries import add_parts, entries_of
from topple.scoring.sums.rows import Sums
from topple.scoring.sums.standing import kth_other
from topple.types import BoolArray, FloatArray

SLACK = 4
"""How many times `delta` a competitor stays below the bar: what is told here is so of sums that are added up anew too."""


@compiled_leaf
def largest_lifts(sums: Sums, history: int, lift: FloatArray) -> None:
    """Fill in by how much the removal of each position lifts a score at most [H]."""
    for position in range(sums.length[history]):
        least = 0.0
        if len(sums.dense) > 0:
            row, weight = sums.dense[sums.row[history, position]], sums.weight[history, position]
            for column in range(len(row)):
                number = weight * row[column]
                least = number if number < least else least
        else:
            _, numbered, weight = entries_of(sums, history, position)
            for value in sums.values[numbered]:
                number = weight * value
                least = number if number < least else least
        lift[position] = -least


@compiled
def surely_listed(
    sums: Sums,
    history: int,
    lift: FloatArray,
    target: int,
    column: int,
    k: int,
    tolerance: float,
    empty: FloatArray,
    rounding: float,
    listed: BoolArray,
) -> None:
    """Tell without which positions, each alone, a target is surely in the list: fewer than k others could reach it.

    A position is not told of whose item competes once it is gone, nor where the target could be a filler then.

    Args:
        sums: of the histories.
        history: which of them.
        lift: what the removal of each position lifts a score by at most [H].
        target: the item.
        column: which column it is, -1 for none.
        k: length of the list.
        tolerance: of the query.
        empty: the scores of the empty history [I]; empty where no item is a filler.
        rounding: of the model.
        listed: bool [H]; filled in for the positions of the history.
    """
    scores, nothing = sums.score[sums.start[history] : sums.start[history + 1]], np.zeros(len(listed), dtype=np.bool_)
    other = kth_other(sums, history, nothing, column, scores, 0.0, np.empty(0), np.empty(k), -INFINITY)
    score, delta = anew(sums, history, nothing, column), SLACK * sums.delta[history]
    part = np.zeros(len(listed))
    add_parts(sums, history, column, part)
    for position in range(sums.length[history]):
        left = score - part[position]
        bar = left + tolerance
        band = 2 * rounding * max(abs(left), abs(bar))
        speaks = len(empty) == 0 or abs(left - empty[target]) > tolerance + delta
        below = other + lift[position] + band + delta <= bar
        listed[position] = speaks and below and not sums.returns[history, position]
