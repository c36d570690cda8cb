"""Compiled: where targets stand in changed histories.

Scores that are differences of sums decide only which ones are added up anew, in the order of the history; where a target stands
is told by these alone. Everywhere here: `scores` of the columns, as differences [columns]; `off`, how far these may be off;
`removed`, the positions that are gone, bool [H]; `more`, scores of removed items that compete again [M].
"""

import numpy as np

from topple.compiled import compiled, compiled_leaf
from topple.scoring.lists.best import (
    INFINITY,
    count_over,
    exactly_tied,
    insert,
    insert_item,
    next_above,
    next_over,
    next_within,
    set_counts,
    set_standing,
)
from topple.scoring.sums.changing import (
    anew,
    column_of,
    comes_back,
    first_untouched,
    item_of,
    returning,
    scores_without,
    settled_score,
)
from topple.scoring.sums.rows import Sums
from topple.types import BoolArray, FloatArray, IntArray

EVERY = np.iinfo(np.int64).max


@compiled
def standings(
    sums: Sums,
    history: IntArray,
    removed: BoolArray,
    first: IntArray,
    target: IntArray,
    k: IntArray,
    tolerance: FloatArray,
    empty: FloatArray,
    rounding: float,
    numbers: FloatArray,
    counts: IntArray,
    listed: IntArray,
) -> None:
    """Tell where targets stand without positions, one variation of a history after the other.

    Args:
        sums: of the histories.
        history: of each variation [M].
        removed: the positions that are gone, bool [M, H].
        first: where the targets of each variation begin [M + 1].
        target: the targets, variations in a row [N].
        k: length of the list of each [N].
        tolerance: of each [N].
        empty: the scores of the empty history [I]; empty where no item is a filler.
        rounding: of the model.
        numbers: for `set_standing` [N, 3].
        counts: for `set_counts` [N, 4].
        listed: for the best items that outrank each [N, K]; without rows where these are not asked for.
    """
    more = np.empty(removed.shape[1])
    for variation in range(len(history)):
        row, gone = history[variation], removed[variation]
        scores = np.empty(sums.start[row + 1] - sums.start[row])
        off = scores_without(sums, row, gone, scores)
        again = more[: returning(sums, row, gone, more)]
        for number in range(first[variation], first[variation + 1]):
            best, eps = np.empty(k[number]), tolerance[number]
            item, column = target[number], column_of(sums, row, target[number])
            score, other, ties, _ = stand(
                sums, row, gone, item, column, eps, empty, scores, off, again, best, rounding, INFINITY
            )
            over = above(sums, row, gone, column, scores, off, again, score + eps)
            near = tied(sums, row, gone, column, scores, off, again, score, eps, empty, False, EVERY)
            if len(listed):
                outranking(sums, row, gone, scores, off, score + eps, other, best, listed[number, : k[number]])
            set_standing(score, other, eps, rounding, numbers[number])
            set_counts(numbers[number, 1], ties, over, near, k[number], counts[number])


@compiled_leaf
def stand(
    sums: Sums,
    history: int,
    removed: BoolArray,
    target: int,
    column: int,
    tolerance: float,
    empty: FloatArray,
    scores: FloatArray,
    off: float,
    more: FloatArray,
    best: FloatArray,
    rounding: float,
    near: float,
) -> tuple[float, float, int, int]:
    """Return where a target stands: its score, the k-th best other, and where it is a filler how many tie with it and outrank it.

    Args:
        sums: of the histories.
        history: which of them.
        removed: the positions that are gone, bool [H].
        target: the item.
        column: which column it is, -1 for none.
        tolerance: of the query.
        empty: the scores of the empty history [I]; empty where no item is a filler.
        scores: of the columns, as differences [columns].
        off: how far these may be off.
        more: scores of removed items that compete again [M].
        best: for the k best [K].
        rounding: of the model.
        near: how many times the rounding and the tolerance below the target a k-th best counts still.
    """
    score = anew(sums, history, removed, column)
    bar = score + tolerance
    floor = bar - near * (rounding * abs(bar) + tolerance) if near < INFINITY else -INFINITY
    other = kth_other(sums, history, removed, column, scores, off, more, best, floor)
    ties, over = 0, 0
    if len(empty) and abs(score - empty[target]) <= tolerance:
        enough = EVERY if near == INFINITY else len(best)  # a search asks only whether the list is full
        ties = tied(sums, history, removed, column, scores, off, more, score, tolerance, empty, True, enough)
        over = above(sums, history, removed, column, scores, off, more, bar)
    return score, other, ties, over


@compiled_leaf
def kth_other(
    sums: Sums,
    history: int,
    removed: BoolArray,
    target: int,
    scores: FloatArray,
    off: float,
    more: FloatArray,
    best: FloatArray,
    floor: float,
) -> float:
    """Return the k-th best score of the items other than a target, added up anew; minus infinity where it is below `floor`.

    Args:
        sums: of the histories.
        history: which of them.
        removed: the positions that are gone, bool [H].
        target: the column of the target; -1 for an item that is none.
        scores: of the columns, as differences [columns].
        off: how far these may be off.
        more: scores of removed items that compete again [M].
        best: for the k best [K].
        floor: scores below it do not count.
    """
    k, off = len(best), 2 * off
    others = sums.others[history] - (target < 0)
    best[:] = floor - off
    column = next_over(scores, 0, best[k - 1])
    while column < len(scores):
        if column != target:
            insert(best, scores[column])
        column = next_over(scores, column + 1, best[k - 1])
    for _ in range(min(others, k)):
        insert(best, sums.rest)
    for turn in range(len(more)):
        insert(best, more[turn])
    kth = best[k - 1]
    if kth <= floor - off:
        return -INFINITY
    if off == 0:
        return float(kth)
    certain = 0
    best[:] = -INFINITY
    column = next_above(scores, 0, kth - off)
    while column < len(scores):
        if scores[column] > kth + off:
            certain += column != target
        elif column != target:
            insert(best, settled_score(sums, history, removed, column, scores, off))
        column = next_above(scores, column + 1, kth - off)
    for turn in range(len(more)):
        if more[turn] > kth + off:
            certain += 1
        else:
            insert(best, more[turn])
    if sums.rest > kth + off:
        certain += others
    else:
        for _ in range(min(others, k)):
            insert(best, sums.rest)
    return float(best[k - 1 - certain])


@compiled_leaf
def above(
    sums: Sums,
    history: int,
    removed: BoolArray,
    target: int,
    scores: FloatArray,
    off: float,
    more: FloatArray,
    bar: float,
) -> int:
    """Return how many items other than a target score more than `bar`; the arguments are those of `kth_other`."""
    count = count_over(scores, bar + off)
    if target >= 0:
        count -= scores[target] > bar + off
    column = next_within(scores, 0, bar - off, bar + off) if off > 0 else len(scores)
    while column < len(scores):
        if column != target:
            count += settled_score(sums, history, removed, column, scores, off) > bar
        column = next_within(scores, column + 1, bar - off, bar + off)
    for turn in range(len(more)):
        count += more[turn] > bar
    if sums.rest > bar:
        count += sums.others[history] - (target < 0)
    return count


@compiled_leaf
def tied(
    sums: Sums,
    history: int,
    removed: BoolArray,
    target: int,
    scores: FloatArray,
    off: float,
    more: FloatArray,
    score: float,
    tolerance: float,
    empty: FloatArray,
    fillers: bool,
    enough: int,
) -> int:
    """Return how many items other than a target are within the tolerance of its score, or `enough`; with `fillers`, only fillers."""
    reach, count = tolerance + off, 0
    if abs(sums.rest - score) <= tolerance:  # they score what an empty history gives them
        count += sums.others[history] - (target < 0)
    sparse = len(sums.dense) == 0  # there an empty history gives all items the same
    column = 0
    if off == 0 and (sparse or not fillers):
        count += exactly_tied(scores, score, sums.rest if fillers else score, tolerance)
        if target >= 0:
            count -= exactly_tied(scores[target : target + 1], score, sums.rest if fillers else score, tolerance)
        column = len(scores)
    column = next_within(scores, column, score - reach, score + reach)
    while column < len(scores) and count < enough:
        if column != target:
            other = settled_score(sums, history, removed, column, scores, off)
            if abs(other - score) <= tolerance:
                count += not fillers or abs(other - empty[item_of(sums, history, column)]) <= tolerance
        column = next_within(scores, column + 1, score - reach, score + reach)
    if not fillers:
        for turn in range(len(more)):
            count += abs(more[turn] - score) <= tolerance
    else:
        for position in range(sums.length[history]):
            if comes_back(sums, history, removed, position):
                other = anew(sums, history, removed, sums.found[history, position])
                near = abs(other - empty[sums.event[history, position]]) <= tolerance
                count += abs(other - score) <= tolerance and near
    return count


@compiled
def outranking(
    sums: Sums,
    history: int,
    removed: BoolArray,
    scores: FloatArray,
    off: float,
    bar: float,
    kth: float,
    best: FloatArray,
    items: IntArray,
) -> None:
    """Fill in the best items [K] that score more than `bar`, best first, -1 where there are fewer; `kth` is what the last of K scores."""
    best[:], items[:] = -INFINITY, -1
    column = next_above(scores, 0, max(bar, kth) - off)
    while column < len(scores):
        score = settled_score(sums, history, removed, column, scores, off)
        if score > bar:
            insert_item(best, items, score, item_of(sums, history, column))
        column = next_above(scores, column + 1, max(bar, kth, best[-1]) - off)
    for position in range(sums.length[history]):
        if comes_back(sums, history, removed, position):
            score = anew(sums, history, removed, sums.found[history, position])
            if score > bar:
                insert_item(best, items, score, sums.event[history, position])
    if sums.rest > bar and len(sums.dense) == 0:
        for item in first_untouched(sums, history, len(best)):
            insert_item(best, items, sums.rest, item)
