"""Compiled: the best of a row of scores, and where targets stand in it."""

import math

import numpy as np
from numpy.typing import NDArray

from topple.compiled import compiled, compiled_leaf
from topple.types import FloatArray, IntArray

INFINITY = np.inf
LEAST = np.finfo(np.float64).min
"""What competes scores at least this."""
BLOCK = 64
"""Scores that are held against a bar together: few blocks have one that is above it."""
GROUP = 16
"""Scores of which the best is looked up first."""


@compiled_leaf
def next_above(scores: FloatArray, start: int, bar: float) -> int:
    """Return the first number from `start` on whose score is at least `bar`, or how many there are."""
    while start + BLOCK <= len(scores):  # blocks of one length are compared by vector instructions
        block, count = scores[start : start + BLOCK], 0
        for number in range(BLOCK):
            count += block[number] >= bar
        if count:
            break
        start += BLOCK
    while start < len(scores) and not scores[start] >= bar:
        start += 1
    return start


@compiled_leaf
def next_over(scores: FloatArray, start: int, bar: float) -> int:
    """Return the first number from `start` on whose score is more than `bar`, or how many there are."""
    return next_above(scores, start, np.nextafter(bar, INFINITY))


@compiled_leaf
def next_within(scores: FloatArray, start: int, low: float, high: float) -> int:
    """Return the first number from `start` on whose score is in [low, high], or how many there are."""
    while start + BLOCK <= len(scores):
        block, count = scores[start : start + BLOCK], 0
        for number in range(BLOCK):
            count += (block[number] >= low) & (block[number] <= high)
        if count:
            break
        start += BLOCK
    while start < len(scores) and not low <= scores[start] <= high:
        start += 1
    return start


@compiled_leaf
def next_equal(numbers: NDArray[np.integer], start: int, number: int) -> int:
    """Return the first place from `start` on where a number stands, or how many there are."""
    while start + BLOCK <= len(numbers):
        block, count = numbers[start : start + BLOCK], 0
        for at in range(BLOCK):
            count += block[at] == number
        if count:
            break
        start += BLOCK
    while start < len(numbers) and numbers[start] != number:
        start += 1
    return start


@compiled_leaf
def count_over(scores: FloatArray, bar: float) -> int:
    """Return how many scores are above a bar."""
    count = 0
    for number in range(len(scores)):
        count += scores[number] > bar
    return count


@compiled_leaf
def exactly_tied(scores: FloatArray, score: float, other: float, tolerance: float) -> int:
    """Return how many scores are within the tolerance of two scores."""
    count = 0
    for column in range(len(scores)):
        count += (abs(scores[column] - score) <= tolerance) & (abs(scores[column] - other) <= tolerance)
    return count


@compiled
def bar_of(scores: FloatArray, most: int) -> float:
    """Return the score of the best `most` items [N] that is the smallest; where there are fewer, what every competing item reaches."""
    if len(scores) <= most:
        return float(LEAST)
    groups = len(scores) // GROUP
    if groups > 2 * most:  # as many groups as are asked for have a best score that reaches it, so the others are below
        best = scores[:groups].copy()
        for first in range(groups, GROUP * groups, groups):
            larger(best, scores[first : first + groups])
        scores = scores[scores >= np.partition(best, groups - most)[groups - most]]
    return float(max(LEAST, np.partition(scores, len(scores) - most)[len(scores) - most]))


@compiled_leaf
def larger(scores: FloatArray, others: FloatArray) -> None:
    """Replace scores by others that are larger, one by one [N]."""
    for number in range(len(scores)):
        scores[number] = others[number] if others[number] > scores[number] else scores[number]


@compiled_leaf
def insert(best: FloatArray, value: float) -> None:
    """Insert a value into the best ones [K], best first, if it is one of them."""
    at = len(best) - 1
    if value > best[at]:
        while at > 0 and best[at - 1] < value:
            best[at] = best[at - 1]
            at -= 1
        best[at] = value


@compiled_leaf
def insert_item(best: FloatArray, items: IntArray, score: float, item: int) -> None:
    """Insert an item into the best ones [K], best first and equal ones in the order of the catalogue, if it is one of them."""
    at = len(best) - 1
    if score < best[at] or (score == best[at] and item > items[at] >= 0):
        return
    while at > 0 and (best[at - 1] < score or (best[at - 1] == score and items[at - 1] > item)):
        best[at], items[at] = best[at - 1], items[at - 1]
        at -= 1
    best[at], items[at] = score, item


@compiled_leaf
def best_items(scores: FloatArray, items: IntArray, best: FloatArray) -> None:
    """Fill in the best items of rows of scores [B, I] and what they score, both [B, K]: equal ones in the order of the catalogue."""
    best[:] = -INFINITY
    items[:] = len(scores[0]) if len(scores) else 0
    for row in range(len(scores)):
        item = 0
        while item < len(scores[row]):
            insert_item(best[row], items[row], scores[row, item], item)
            item = next_above(scores[row], item + 1, best[row, -1])


@compiled
def unchanged_standings(
    scores: FloatArray,
    asked: tuple[IntArray, IntArray, IntArray, FloatArray],
    empty: FloatArray,
    rounding: float,
    numbers: FloatArray,
    counts: IntArray,
) -> None:
    """Tell where targets stand in rows of scores, of which they are part.

    Args:
        scores: minus infinity where an item does not compete [B, I].
        asked: the row, the target, the length of the list and the tolerance of each [N].
        empty: the scores of the empty history [I]; empty where no item is a filler.
        rounding: of the model.
        numbers: for `set_standing` [N, 3].
        counts: for `set_standing` [N, 4].
    """
    row, target, k, tolerance = asked
    for number in range(len(target)):
        mine, score, eps = scores[row[number]], scores[row[number], target[number]], tolerance[number]
        best, bar = np.full(k[number], -INFINITY), score + eps
        item = next_above(mine, 0, LEAST)
        while item < len(mine):
            if item != target[number]:
                insert(best, mine[item])
            item = next_above(mine, item + 1, max(LEAST, best[-1]))
        over, near, ties = 0, 0, 0
        filler = len(empty) > 0 and abs(score - empty[target[number]]) <= eps
        item = next_above(mine, 0, max(LEAST, score - eps))
        while item < len(mine):
            if mine[item] > bar:
                over += 1
            elif item != target[number] and abs(mine[item] - score) <= eps:
                near += 1
                ties += filler and abs(mine[item] - empty[item]) <= eps
            item = next_above(mine, item + 1, max(LEAST, score - eps))
        set_standing(score, best[-1], eps, rounding, numbers[number])
        set_counts(numbers[number, 1], ties, over, near, k[number], counts[number])


@compiled_leaf
def set_standing(score: float, other: float, tolerance: float, rounding: float, numbers: FloatArray) -> None:
    """Fill in the score of a target, its lead and the band of the lead [3], given the k-th best other."""
    size = 0.0
    for value in (score, other):
        if abs(value) < INFINITY:
            size = max(size, abs(value))
    numbers[0], numbers[1], numbers[2] = score, other - (score + tolerance), rounding * size


@compiled_leaf
def set_counts(lead: float, ties: int, over: int, near: int, k: int, counts: IntArray) -> None:
    """Fill in how many fillers tie with a target that is one, how many items outrank it and how many tie, and its rank [4]."""
    by_fillers = lead <= 0 and ties > 0 and over + ties >= k
    counts[0], counts[1], counts[2], counts[3] = ties, over, near, 1 + over + (ties if by_fillers else 0)


@compiled_leaf
def tolerances(scores: FloatArray, times: float, scale: float, out: FloatArray) -> None:
    """Fill in the next power of two above `times` what scores or the scale are, whichever is larger [N]; 0 for 0."""
    for number in range(len(scores)):
        size = times * max(abs(scores[number]), scale)
        mantissa, exponent = math.frexp(size)  # size = mantissa * 2 ** exponent, mantissa in [0.5, 1)
        out[number] = math.ldexp(1.0, exponent - (mantissa == 0.5)) if size > 0 else 0.0
