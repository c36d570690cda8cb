"""Compiled: the lists of unchanged histories that are sums, by what the histories touch."""

import numpy as np

from topple.compiled import compiled, compiled_leaf
from topple.scoring.lists.best import INFINITY, bar_of, insert_item
from topple.scoring.sums.changing import column_of, first_untouched
from topple.scoring.sums.rows import Sums
from topple.types import FloatArray, IntArray


@compiled
def best_competitors(sums: Sums, history: int, most: int) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the best competitors of an unchanged history, `most` or all, best first: columns, items, scores, all [C].

    Equal scores stand in the order of the catalogue; the column of an item that is none is -1.
    """
    scores = sums.score[sums.start[history] : sums.start[history + 1]]
    bar = bar_of(scores, most)
    chosen = np.flatnonzero(scores >= bar)
    if len(sums.item):
        chosen = chosen[np.argsort(sums.item[sums.start[history] :][chosen], kind="mergesort")]
    chosen = chosen[np.argsort(-scores[chosen], kind="mergesort")]
    if sums.others[history] > 0 and sums.rest >= bar:
        return among_untouched(sums, history, most, chosen)
    chosen = chosen[:most]
    return chosen, sums.item[sums.start[history] :][chosen] if len(sums.item) else chosen, scores[chosen]


@compiled
def among_untouched(sums: Sums, history: int, most: int, chosen: IntArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Return what `best_competitors` does, given the best columns, best first, where items that are none may be among the best."""
    items, best = np.full(most, -1), np.full(most, -INFINITY)
    begin, columns = sums.start[history], np.full(most, -1)
    for column in chosen:
        insert_item(best, items, sums.score[begin + column], sums.item[begin + column])
    for item in first_untouched(sums, history, most):
        insert_item(best, items, sums.rest, item)
    count = 0
    while count < most and items[count] >= 0:
        count += 1
    for column in chosen:
        for one in range(count):
            if items[one] == sums.item[begin + column]:
                columns[one] = column
    return columns[:count], items[:count], best[:count]


@compiled
def best_listed(sums: Sums, items: IntArray, scores: FloatArray) -> bool:
    """Fill in the best items of each history and what they score, both [B, K]; return whether every list is full."""
    full = True
    for history in range(len(items)):
        _, best, score = best_competitors(sums, history, items.shape[1])
        items[history, : len(best)], scores[history, : len(best)] = best, score
        full &= len(best) == items.shape[1]
    return full


@compiled_leaf
def scores_of(sums: Sums, history: IntArray, items: IntArray, scores: FloatArray) -> None:
    """Fill in the scores of items [R, T] of histories [R], minus infinity for what does not compete [R, T]."""
    for row in range(len(history)):
        one = history[row]
        for number in range(items.shape[1]):
            item = items[row, number]
            column = column_of(sums, one, item)
            if column >= 0:
                scores[row, number] = sums.score[sums.start[one] + column]
                continue
            competes = sums.allowed[sums.filter[one], item]
            if sums.unseen:
                for position in range(sums.length[one]):
                    competes &= sums.event[one, position] != item
            scores[row, number] = sums.rest if competes else -INFINITY
