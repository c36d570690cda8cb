"""Compiled: the shortlist of a history, and what its columns score without sets of units."""

import numpy as np

from topple.compiled import compiled
from topple.explainers.folded.asked import Looked
from topple.explainers.sums.asked import One, Search
from topple.scoring.folded.histories import Folded
from topple.scoring.folded.solving import fill_in_solution
from topple.scoring.lists.best import INFINITY, LEAST, insert, insert_item, next_above
from topple.types import BoolArray, FloatArray, IntArray


@compiled
def columns_of(folded: Folded, search: Search, history: int, queries: IntArray) -> tuple[IntArray, IntArray, int, int]:
    """Return the items of the shortlist of a history and its queries [T], and `Looked.back`, `competitors` and `listed` of these."""
    most, scores = max(search.shortlist, search.k[queries].max() + 1), folded.score[history]
    best, items = np.full(most, -INFINITY), np.full(most, -1)
    column = next_above(scores, 0, LEAST)
    while column < len(scores):
        insert_item(best, items, scores[column], column)
        column = next_above(scores, column + 1, max(LEAST, best[most - 1]))
    competitors = int((items >= 0).sum())
    length = folded.length[history]
    chosen = np.empty(competitors + len(queries) + length, dtype=np.int64)
    back = np.full(len(chosen), -1)
    chosen[:competitors] = items[:competitors]
    count = competitors
    for query in queries:  # a target may stand far down where many items tie
        if not (chosen[:count] == search.target[query]).any():
            chosen[count] = search.target[query]
            count += 1
    listed = count
    for position in range(length):
        if folded.returns[history, position]:
            chosen[count], back[count] = folded.event[history, position], search.unit[history, position]
            count += 1
    return chosen[:count], back[:count], competitors, listed


@compiled
def of_query(short: Looked, one: One) -> tuple[Looked, One]:
    """Return what a query looks at: whatever else is asked, as many competitors as its own list needs, and its own target."""
    if one.competitors == short.listed:
        return short, one
    chosen = np.zeros(len(short.item), dtype=np.bool_)
    chosen[: one.competitors], chosen[short.listed :], chosen[one.target] = True, True, True
    columns = np.flatnonzero(chosen)
    listed = one.competitors + (one.target >= one.competitors)
    target = min(one.target, one.competitors)
    looked = Looked(
        short.unit,
        short.left,
        short.pull,
        short.moving,
        short.mutual,
        short.effect[:, columns].copy(),
        short.item[columns],
        short.score[columns],
        short.back[columns],
        one.competitors,
        listed,
    )
    return looked, One(one.history, one.number, target, 0, one.competitors, one.k, one.tolerance)


@compiled
def unchanged(short: Looked) -> FloatArray:
    """Return the scores of the unchanged history [C]; minus infinity for its own items."""
    scores = short.score.copy()
    scores[short.listed :] = -INFINITY
    return scores


@compiled
def scores_without(short: Looked, units: BoolArray, out: FloatArray) -> None:
    """Fill in the scores without a set of units, bool [H]; [C], minus infinity for own items that are not removed."""
    gone, count, kept = np.empty(len(short.unit), dtype=np.int64), 0, 0
    for position in range(len(gone)):
        if short.moving[position]:
            if units[short.unit[position]]:
                gone[count] = position
                count += 1
            else:
                kept += 1
    if kept == 0:
        out[:] = 0
    else:
        step = steps_of(short, gone[:count])
        out[:] = short.score
        for number in range(count):
            effect, share = short.effect[gone[number]], step[number]
            for column in range(len(out)):
                out[column] -= share * effect[column]
    for column in range(short.listed, len(out)):
        if not units[short.back[column]]:
            out[column] = -INFINITY


@compiled
def steps_of(short: Looked, gone: IntArray) -> FloatArray:
    """Return how far the user moves against the effect of each position that is gone [M]."""
    left, step = np.empty((len(gone), len(gone))), short.pull[gone]
    for row in range(len(gone)):
        for column in range(len(gone)):
            left[row, column] = -short.left[gone[row]] * short.mutual[gone[row], gone[column]]
        left[row, row] += 1
    fill_in_solution(left, step)
    return step


@compiled
def lead_of(one: One, scores: FloatArray, best: FloatArray) -> float:
    """Return by how much the target is out of the list of scores [C]; `best` is for the k best."""
    best[:] = -INFINITY
    for column in range(len(scores)):
        if scores[column] > best[-1] and column != one.target:
            insert(best, scores[column])
    return float(best[-1] - (scores[one.target] + one.tolerance))
