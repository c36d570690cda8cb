"""Compiled: what the positions of a history add to targets, and whether a few units could make up all of it.

Everywhere here: Q queries; H positions of a history, or units.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from topple.compiled import compiled, compiled_leaf
from topple.explainers.removals.asked import Asked
from topple.scoring.lists.best import insert
from topple.scoring.sums.entries import add_parts
from topple.scoring.sums.rows import Sums
from topple.types import BoolArray, FloatArray, IntArray

FEW = 32
"""Up to so many removals the best ones are told apart; for more, everything that lifts a gap is counted."""
UNIT = 2.0**-53
"""Half the distance of 1 to the next number."""
NEAR = 1e-3
"""By what share more than enough is taken where a sum is only looked at."""


class Held(NamedTuple):
    """One history of `Sums`, and what these hold of it, cut to its H positions and its columns."""

    sums: Sums
    history: int
    dense: NDArray[np.floating]
    row: IntArray
    weight: FloatArray
    item: IntArray
    score: FloatArray
    found: IntArray
    returns: BoolArray
    constant: FloatArray
    rest: float
    others: int
    size: float
    """What the absolute terms of a score come to at most."""
    off: float
    """How far the score of a column may be from the sum that is added up anew."""


class Target(NamedTuple):
    """The target of a query.

    Args:
        column: which column of the history it is; -1 for none.
        part: what each position adds to the score [H].
        score: the score.
        size: the sum of the absolute terms of the score.
        constant: the score for the empty history.
        speaks: whether no position takes anything from the score.
    """

    column: int
    part: FloatArray
    score: float
    size: float
    constant: float
    speaks: bool


@compiled
def held_of(sums: Sums, history: int) -> Held:
    """Return one history."""
    length, first, last = sums.length[history], sums.start[history], sums.start[history + 1]
    delta = sums.delta[history]
    return Held(
        sums,
        history,
        sums.dense,
        sums.row[history, :length],
        sums.weight[history, :length],
        sums.item[first:last] if len(sums.item) > 0 else sums.item,
        sums.score[first:last],
        sums.found[history, :length],
        sums.returns[history, :length],
        sums.constant,
        sums.rest,
        sums.others[history],
        delta / (4 * (sums.row.shape[1] + 2) * UNIT),
        delta,
    )


@compiled
def target_of(held: Held, item: int, part: FloatArray) -> Target:
    """Return the target of a query; what each position adds to it is filled in [H]."""
    column = item if len(held.dense) > 0 and len(held.item) == 0 else -1
    for one in range(len(held.item)):
        if held.item[one] == item:
            column = one
    parts_of(held, column, part)
    score, size, speaks = 0.0, 0.0, True
    for value in part:
        score, size, speaks = score + value, size + abs(value), speaks and value >= 0
    constant = held.constant[column] if len(held.dense) > 0 else held.rest
    return Target(column, part.copy(), score + constant, size + abs(constant), constant, speaks)


@compiled_leaf
def parts_of(held: Held, column: int, part: FloatArray) -> None:
    """Fill in what each position of a history adds to a column, -1 for an item that is none [H]."""
    part[:] = 0.0
    add_parts(held.sums, held.history, column, part)


@compiled_leaf
def most_together(values: FloatArray, free: BoolArray, most: int, room: FloatArray) -> float:
    """Return the largest sum of up to `most` of the values that are free; of all above 0 where `most` is more than a few."""
    if most < 1:
        return 0.0
    total, best = 0.0, room[: min(most, FEW)]
    best[:] = 0.0
    for number in range(len(values)):
        if free[number] and values[number] > 0:
            total += values[number]
            insert(best, values[number])
    if most > FEW:
        return total
    total = 0.0
    for value in best:
        total += value
    return total


@compiled
def could_be_silent(
    sums: Sums, asked: Asked, unit: IntArray, empty: FloatArray, possible: BoolArray, parts: FloatArray
) -> None:
    """Tell for which queries so few units could make up all that speaks for the target; some are told that cannot [Q].

    Args:
        sums: of the histories.
        asked: what is asked; what may be removed are units, and so many of them.
        unit: the unit of each position, in the history of each query [Q, H].
        empty: the scores of the empty history [I].
        possible: for the answers, bool [Q].
        parts: for what each position adds to the target, where that is possible [Q, H].
    """
    width = asked.removable.shape[1]
    lifts, room = np.empty(width), np.empty(max(width, FEW))
    for query in range(len(possible)):
        eps, mine, near = asked.tolerance[query], empty[asked.target[query]], 0
        for score in empty:
            near += abs(score - mine) <= 3 * eps
            if near > 1:
                break
        if near < 2 or asked.most[query] < 1:
            continue
        target = target_of(held_of(sums, asked.history[query]), asked.target[query], parts[query])
        total, sign = abs(target.score - target.constant), 1.0 if target.score >= target.constant else -1.0
        lifts[:] = 0.0
        for position in range(width):
            lifts[unit[query, position]] += sign * parts[query, position]
        lifted = most_together(lifts, asked.removable[query], asked.most[query], room)
        possible[query] = total - lifted <= (1 + NEAR) * (eps + asked.rounding * target.size)
