"""Compiled: the user of a changed history, as an update of the whole history or of the empty one, whichever is nearer."""

import numpy as np
from numpy.typing import NDArray

from topple.compiled import compiled
from topple.scoring.folded.histories import Folded
from topple.types import BoolArray, FloatArray, IntArray


@compiled
def dot(left: FloatArray, right: NDArray[np.floating]) -> float:
    """Return the product of two vectors [D]: four sums side by side, which a processor adds up at a time."""
    one = two = three = four = 0.0
    whole = len(left) // 4 * 4
    for at in range(0, whole, 4):
        one += left[at] * right[at]
        two += left[at + 1] * right[at + 1]
        three += left[at + 2] * right[at + 2]
        four += left[at + 3] * right[at + 3]
    for at in range(whole, len(left)):
        one += left[at] * right[at]
    return (one + three) + (two + four)


@compiled
def fill_in_solution(left: FloatArray, right: FloatArray) -> None:
    """Solve a system [M, M] for [M], which is filled in; elimination needs no exchange of rows: each part of the history has a solution."""
    size = len(right)
    for pivot in range(size):
        for row in range(pivot + 1, size):
            share = left[row, pivot] / left[pivot, pivot]
            if share != 0:
                for column in range(pivot + 1, size):
                    left[row, column] -= share * left[pivot, column]
                right[row] -= share * right[pivot]
    for row in range(size - 1, -1, -1):
        total = right[row]
        for column in range(row + 1, size):
            total -= left[row, column] * right[column]
        right[row] = total / left[row, row]


@compiled
def user_without(folded: Folded, history: int, removed: BoolArray, user: FloatArray) -> None:
    """Fill in the user [D] of a history whose positions `removed`, bool [H], are gone; exactly 0 where nothing is left that moves it."""
    solved, moves = folded.solved, np.empty(folded.length[history], dtype=np.int64)
    gone, kept = 0, 0
    for position in range(len(moves)):  # those that are gone from the front, those that are kept from the back
        if solved.moving[history, position]:
            if removed[position]:
                moves[gone] = position
                gone += 1
            else:
                kept += 1
                moves[len(moves) - kept] = position
    if kept == 0:
        user[:] = 0
    elif gone <= kept:
        _from_whole(folded, history, moves[:gone], user)
    else:
        _from_empty(folded, history, moves[len(moves) - kept :], user)


@compiled
def _from_whole(folded: Folded, history: int, gone: IntArray, user: FloatArray) -> None:
    """Fill in the user [D] without the positions `gone` [M]."""
    solved = folded.solved
    left, step = np.empty((len(gone), len(gone))), np.empty(len(gone))
    for row in range(len(gone)):
        one = gone[row]
        step[row] = solved.pull[history, one]
        for column in range(len(gone)):
            other = solved.factors[folded.event[history, gone[column]]]
            left[row, column] = -solved.left[history, one] * dot(solved.effect[history, one], other)
        left[row, row] += 1
    fill_in_solution(left, step)
    user[:] = solved.user[history]
    for row in range(len(gone)):
        effect = solved.effect[history, gone[row]]
        for at in range(len(user)):
            user[at] -= step[row] * effect[at]


@compiled
def _from_empty(folded: Folded, history: int, kept: IntArray, user: FloatArray) -> None:
    """Fill in the user [D] of nothing but the positions `kept` [M]."""
    solved = folded.solved
    left, step, effect = np.empty((len(kept), len(kept))), np.empty(len(kept)), np.zeros((len(kept), len(user)))
    for row in range(len(kept)):
        factors = solved.factors[folded.event[history, kept[row]]]
        for at in range(len(user)):
            for to in range(len(user)):
                effect[row, to] += factors[at] * solved.inverse[at, to]
    for row in range(len(kept)):
        step[row] = solved.right[history, kept[row]]
        for column in range(len(kept)):
            other = solved.factors[folded.event[history, kept[column]]]
            left[row, column] = solved.left[history, kept[row]] * dot(effect[row], other)
        left[row, row] += 1
    fill_in_solution(left, step)
    user[:] = 0
    for row in range(len(kept)):
        for at in range(len(user)):
            user[at] += step[row] * effect[row, at]
