"""Compiled: where targets stand in changed histories, among the items that may outrank them.

How far a score moves is bounded by how far the user moves times the length of the item's factors: items that cannot come up to
the target are passed over, the others are scored. Everywhere here: `removed`, the positions that are gone, bool [H].
"""

from typing import NamedTuple

import numpy as np

from topple.compiled import compiled
from topple.scoring.folded.histories import Folded
from topple.scoring.folded.solving import dot, user_without
from topple.scoring.lists.best import INFINITY, insert, insert_item, set_counts, set_standing
from topple.types import BoolArray, FloatArray, IntArray

BLOCK = 64
"""Items that are held against a bar together."""
LOWEST = -1e300
"""In the stead of minus infinity, of which there are no shares."""


class Near(NamedTuple):
    """The items other than a target that score at least a bar without positions of a history.

    Args:
        item: which [M].
        score: what they score [M].
    """

    item: IntArray
    score: FloatArray


@compiled
def standings(
    folded: Folded,
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
    """Tell where targets stand without positions, one variation of a history after the other; arguments as of the one for sums.

    Args:
        folded: the histories.
        history: of each variation [M].
        removed: the positions that are gone, bool [M, H].
        first: where the targets of each variation begin [M + 1].
        target: the targets, variations in a row [N].
        k: length of the list of each [N].
        tolerance: of each [N].
        empty: the scores of the empty history [I]; empty where no item is a filler.
        rounding: of the model.
        numbers: for `set_standing` [N, 3].
        counts: for `set_counts` [N, 4]; how many tie is counted where `listed` has rows.
        listed: for the best items that outrank each [N, K]; without rows where these are not asked for.
    """
    user = np.empty(folded.solved.user.shape[1])
    for variation in range(len(history)):
        row, gone = history[variation], removed[variation]
        user_without(folded, row, gone, user)
        for number in range(first[variation], first[variation + 1]):
            item, eps, best = target[number], tolerance[number], np.empty(k[number])
            score = dot(user, folded.solved.factors[item])
            near = near_items(folded, row, gone, user, item, bar_of(score, eps, rounding))
            other = kth_best(near.score, best)
            if len(listed) and other == -INFINITY:  # a margin is told of whoever stays in the list too
                other = kth_best(near_items(folded, row, gone, user, item, -INFINITY).score, best)
            over, tied, ties = counted(near, item, score, eps, empty)
            if len(listed):
                outranking(near, score + eps, best, listed[number, : k[number]])
            set_standing(score, other, eps, rounding, numbers[number])
            set_counts(numbers[number, 1], ties, over, tied if len(listed) else 0, k[number], counts[number])


@compiled
def bar_of(score: float, tolerance: float, rounding: float) -> float:
    """Return below what score nobody ties with a target, nor outranks it whatever rounding did."""
    return score - 2 * tolerance - 4 * rounding * abs(score)


@compiled
def near_items(folded: Folded, history: int, removed: BoolArray, user: FloatArray, target: int, bar: float) -> Near:
    """Return the items other than a target that compete and score at least a bar by a user [D], in the order of the catalogue.

    Items that return come last.
    """
    scores, factors, whole = folded.score[history], folded.solved.factors, folded.solved.user[history]
    before, along, after = (whole**2).sum(), (user * whole).sum(), (user**2).sum()
    share = along / before if before > 0 else 0.0  # along the user as before, every score changes by this share
    aside = np.sqrt(max(0.0, after - share * along)) + folded.off * (np.sqrt(before) + np.sqrt(after))
    items = may_come_up(scores, folded.solved.size, share, aside, bar)
    event, score, count = folded.event[history], np.empty(len(items) + folded.length[history]), 0
    item = np.empty(len(score), dtype=np.int64)
    for one in items:
        found = dot(user, factors[one]) if one != target and scores[one] > -INFINITY else -INFINITY
        if found >= bar and found > -INFINITY:
            item[count], score[count] = one, found
            count += 1
    for position in range(folded.length[history]):
        if comes_back(folded, history, removed, position) and event[position] != target:
            found = dot(user, factors[event[position]])
            if found >= bar:
                item[count], score[count] = event[position], found
                count += 1
    return Near(item[:count], score[:count])


@compiled
def may_come_up(scores: FloatArray, size: FloatArray, share: float, aside: float, bar: float) -> IntArray:
    """Return the items that may score at least a bar, in the order of the catalogue [M].

    Args:
        scores: of the unchanged history [I].
        size: the lengths of the items' factors [I].
        share: of the unchanged user that is left.
        aside: the length of what the user is besides.
        bar: the bar.
    """
    items, count = np.empty(len(scores), dtype=np.int64), 0
    for start in range(0, len(scores), BLOCK):
        stop, many = min(start + BLOCK, len(scores)), 0
        for one in range(start, stop):
            many += share * (scores[one] if scores[one] > LOWEST else LOWEST) + aside * size[one] >= bar
        if many:
            for one in range(start, stop):
                items[count] = one
                count += share * (scores[one] if scores[one] > LOWEST else LOWEST) + aside * size[one] >= bar
    return items[:count]


@compiled
def comes_back(folded: Folded, history: int, removed: BoolArray, position: int) -> bool:
    """Return whether the item of a position competes again since all its positions are gone; told at the first of them."""
    if not (removed[position] and folded.returns[history, position]):
        return False
    for other in range(position + 1, folded.length[history]):
        if folded.event[history, other] == folded.event[history, position] and not removed[other]:
            return False
    return True


@compiled
def kth_best(scores: FloatArray, best: FloatArray) -> float:
    """Return the k-th best of scores [M]; minus infinity where there are fewer; `best` is for the k best."""
    best[:] = -INFINITY
    for score in scores:
        insert(best, score)
    return float(best[-1])


@compiled
def counted(near: Near, target: int, score: float, tolerance: float, empty: FloatArray) -> tuple[int, int, int]:
    """Return how many items outrank a target, how many tie with it, and how many of these are fillers where it is one."""
    over, tied, ties = 0, 0, 0
    filler = len(empty) > 0 and abs(score - empty[target]) <= tolerance
    for number in range(len(near.item)):
        over += near.score[number] > score + tolerance
        if abs(near.score[number] - score) <= tolerance:
            tied += 1
            ties += filler and abs(near.score[number] - empty[near.item[number]]) <= tolerance
    return over, tied, ties


@compiled
def outranking(near: Near, bar: float, best: FloatArray, items: IntArray) -> None:
    """Fill in the best items [K] that score more than a bar, best first and equal ones in the order of the catalogue, then -1."""
    best[:], items[:] = -INFINITY, -1
    for number in range(len(near.item)):
        if near.score[number] > bar:
            insert_item(best, items, near.score[number], near.item[number])
