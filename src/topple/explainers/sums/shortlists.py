"""Compiled: the shortlist of a history, and what its columns score without sets of units."""

import numpy as np

from topple.compiled import compiled, compiled_leaf
from topple.explainers.sums.asked import One, Search, Shortlist
from topple.scoring.lists.best import INFINITY, insert
from topple.scoring.sums.changing import anew, column_of
from topple.scoring.sums.entries import entries_by_column
from topple.scoring.sums.listing import best_competitors
from topple.scoring.sums.rows import Sums
from topple.types import BoolArray, FloatArray, IntArray


@compiled
def shortlist_of(sums: Sums, search: Search, history: int, queries: IntArray) -> Shortlist:
    """Return the shortlist of one history and its queries [T], with as many competitors as the longest list needs."""
    most = max(search.shortlist, search.k[queries].max() + 1)
    column, _, best = best_competitors(sums, history, most)
    competitors, length, width = len(column), sums.length[history], sums.row.shape[1]
    chosen = np.empty(competitors + len(queries) + length, dtype=np.int64)
    score, back, nothing = np.empty(len(chosen)), np.full(len(chosen), -1), np.zeros(width, dtype=np.bool_)
    chosen[:competitors], score[:competitors] = column, best
    listed = competitors
    for query in queries:  # a target may stand far down where many items tie
        target = column_of(sums, history, search.target[query])
        if not (chosen[:listed] == target).any():
            chosen[listed], score[listed] = target, anew(sums, history, nothing, target)
            listed += 1
    count = listed
    for position in range(length):
        if sums.returns[history, position]:
            chosen[count], back[count] = sums.found[history, position], search.unit[history, position]
            score[count] = anew(sums, history, nothing, chosen[count])
            count += 1
    column = chosen[:count]
    return Shortlist(column, score[:count], gains(sums, search, history, column), back[:count], competitors, listed)


@compiled
def gains(sums: Sums, search: Search, history: int, column: IntArray) -> FloatArray:
    """Return what each unit adds to columns of a history [C]; [H, C]."""
    gain = np.zeros((sums.length[history], len(column)))
    if len(sums.dense) > 0:
        for position in range(sums.length[history]):
            row, weight = sums.dense[sums.row[history, position]], sums.weight[history, position]
            mine = gain[search.unit[history, position]]
            for one in range(len(column)):
                mine[one] += weight * row[column[one]]
        return gain
    for one in range(len(column)):
        if column[one] >= 0:
            first, last = entries_by_column(sums, history, column[one])
            for entry in range(first, last):
                gain[search.unit[history, sums.position[entry]], one] += sums.number[entry]
    return gain


@compiled
def unchanged(short: Shortlist) -> FloatArray:
    """Return the scores of the unchanged history [C]; minus infinity for its own items."""
    scores = short.score.copy()
    scores[short.listed :] = -INFINITY
    return scores


@compiled
def scores_without(short: Shortlist, units: BoolArray) -> FloatArray:
    """Return the scores without a set of units, bool [H]; [C]."""
    scores = unchanged(short)
    for unit in range(len(short.gain)):
        if units[unit]:
            for one in range(short.listed):
                scores[one] -= short.gain[unit, one]
    for one in range(short.listed, len(scores)):
        if units[short.back[one]]:
            scores[one] = of_returning(short, one, units, short.back[one])
    return scores


@compiled_leaf
def change(short: Shortlist, scores: FloatArray, units: BoolArray, unit: int, sign: float, out: FloatArray) -> None:
    """Fill in the scores [C] with one unit more removed (sign -1), or given back (sign 1); `units` are the removed ones, bool [H]."""
    gain = short.gain[unit]
    for one in range(short.listed):
        out[one] = scores[one] + sign * gain[one]
    for one in range(short.listed, len(out)):
        out[one] = changed(short, scores, units, unit, sign, one)


@compiled_leaf
def changed(short: Shortlist, scores: FloatArray, units: BoolArray, unit: int, sign: float, one: int) -> float:
    """Return the score of an item of the history, a column, as `change` fills it in."""
    if short.back[one] == unit:
        return of_returning(short, one, units, unit) if sign < 0 else -INFINITY
    return float(scores[one] + sign * short.gain[unit, one])


@compiled_leaf
def of_returning(short: Shortlist, one: int, units: BoolArray, unit: int) -> float:
    """Return what an item of the history, a column, scores without a set of units, bool [H], and one unit more."""
    score = short.score[one] - short.gain[unit, one]
    for other in range(len(short.gain)):
        if units[other] and other != unit:
            score -= short.gain[other, one]
    return float(score)


@compiled_leaf
def best_of(short: Shortlist, scores: FloatArray, target: int, competitors: int, best: FloatArray) -> None:
    """Fill in the best scores [M] of competitors other than a target; the arguments are those of `One` and scores [C]."""
    best[:] = -INFINITY
    for one in range(competitors):
        if scores[one] > best[-1] and one != target:
            insert(best, scores[one])
    for one in range(short.listed, len(scores)):
        if scores[one] > best[-1]:
            insert(best, scores[one])


@compiled_leaf
def lead_of(short: Shortlist, one: One, scores: FloatArray, best: FloatArray) -> float:
    """Return by how much the target is out of the list by scores [C]; `best` is for the k best."""
    best_of(short, scores, one.target, one.competitors, best)
    return float(best[one.k - 1] - (scores[one.target] + one.tolerance))


@compiled_leaf
def leads_by_more(
    short: Shortlist, one: One, scores: FloatArray, units: BoolArray, unit: int, sign: float, lead: float
) -> bool:
    """Return whether `lead_of` the scores with a unit changed is more than so much: counting tells that sooner than the k best."""
    gain = short.gain[unit]
    score = scores[one.target] + sign * gain[one.target]
    mine = score + one.tolerance
    over = count_leading(scores[: one.competitors], gain[: one.competitors], sign, mine, lead)
    if one.target < one.competitors:
        over -= score - mine > lead
    for number in range(short.listed, len(scores)):
        over += changed(short, scores, units, unit, sign, number) - mine > lead
    return bool(over >= one.k)


@compiled_leaf
def count_leading(scores: FloatArray, gain: FloatArray, sign: float, mine: float, lead: float) -> int:
    """Return how many scores lead another one by more than so much, once what a unit gives them is added (sign 1) or taken (-1)."""
    count = 0
    for number in range(len(scores)):
        count += (scores[number] + sign * gain[number]) - mine > lead
    return count


@compiled_leaf
def lead_above(
    short: Shortlist,
    one: One,
    scores: FloatArray,
    units: BoolArray,
    unit: int,
    sign: float,
    lead: float,
    trial: FloatArray,
    best: FloatArray,
) -> float:
    """Return `lead_of` the scores with a unit changed where it is more than so much, else minus infinity.

    Args:
        short: the shortlist.
        one: the query.
        scores: the scores before [C].
        units: the removed units before, bool [H].
        unit: the one that is removed (sign -1), or given back (sign 1).
        sign: which of these.
        lead: what is to be passed.
        trial: for the scores after [C].
        best: for the k best [K].
    """
    if lead > -INFINITY and not leads_by_more(short, one, scores, units, unit, sign, lead):
        return -INFINITY
    change(short, scores, units, unit, sign, trial)
    return lead_of(short, one, trial, best)
