"""Compiled: how far sets of units that are to suffice are past their goal, as the engine of the general search tells it.

A set that is the whole history is a removal of all else, so that it is asked about as removals are: `removed` holds the other positions.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from topple.compiled import compiled, compiled_leaf
from topple.explainers.sums.asked import One, Search, Shortlist
from topple.explainers.sums.settling import TINY, fill_positions, settled
from topple.explainers.sums.shortlists import lead_of
from topple.explainers.sums.shortlists import scores_without as short_scores_without
from topple.scoring.lists.best import INFINITY, insert
from topple.scoring.sums.changing import add_row, anew, comes_back, copy_into, returning, scores_without
from topple.scoring.sums.rows import Sums
from topple.scoring.sums.standing import above, kth_other, tied
from topple.types import BoolArray, FloatArray, IntArray

BLOCK = 32
"""Scores that are held against the best ones together."""


class Kept(NamedTuple):
    """What sets of the queries of one history are to do, and room for what they do.

    Args:
        out: whether the targets are to leave their lists without the sets, too.
        short: the shortlist; empty where targets are not to leave.
        removed: for the positions that are gone where a set is all that is left, bool [H].
        gone: for the positions that are gone in a set that is asked about meanwhile, bool [H].
        again: for the scores of removed items that compete again [H].
        scores: for the columns of the history [columns].
        base: for the columns where a set is all that is left, removed items that compete again among them [columns].
        trial: for the same with a unit more [columns].
        noted: for what rounding decides about, by query: infinity for nothing [Q].
    """

    out: bool
    short: Shortlist
    removed: BoolArray
    gone: BoolArray
    again: FloatArray
    scores: FloatArray
    base: FloatArray
    trial: FloatArray
    noted: FloatArray


@compiled
def margin_of(sums: Sums, search: Search, kept: Kept, one: One, units: BoolArray, full: bool) -> float:
    """Return how far a set of units, bool [H], is past the goal of a query: above 0 it is met.

    What the set alone keeps is always asked of all competitors; whether the target leaves without it, of these only where `full`, and
    then margins at most 0 tell no more than that the goal is not met.
    """
    gone = INFINITY
    if kept.out and full:
        fill_positions(sums, search, one.history, units, kept.gone)
        off = scores_without(sums, one.history, kept.gone, kept.scores)
        gone = settled(sums, search, one, units, kept.gone, kept.scores, off, kept.noted)
    elif kept.out:
        gone = lead_of(kept.short, one, short_scores_without(kept.short, units), np.empty(one.k))
    return together(gone, margin_alone(sums, search, kept, one, units))


@compiled_leaf
def together(gone: float, stays: float) -> float:
    """Return the margin that two parts come to: above 0 where both are."""
    least = min(gone, stays)
    return least if least > 0 else min(gone, 0.0) + min(stays, 0.0)


@compiled
def margin_alone(sums: Sums, search: Search, kept: Kept, one: One, units: BoolArray) -> float:
    """Return by how much a target is surely in the list of a set of units, bool [H], as the whole history; at most 0 where it is not."""
    off = leave_alone(sums, search, one.history, units, kept.gone, kept.scores)
    more = kept.again[: returning(sums, one.history, kept.gone, kept.again)]
    score = anew(sums, one.history, kept.gone, one.column)
    known = sums, one.history, kept.gone, one.column, kept.scores, off, more
    if off > 0:
        other = kth_other(*known, np.empty(one.k), -INFINITY)
    else:
        best = np.empty(one.k + 1)
        best_of_all(sums.rest, sums.others[one.history], more, kept.scores, best)
        other = other_of(one, score, best)
    if may_be_unspoken(search.empty, search.target[one.number], one, score, other):
        ties = tied(*known, score, one.tolerance, search.empty, True, one.k)
        if ties > 0 and ties + above(*known, score + one.tolerance) >= one.k:
            return -TINY
    return stays_by(search.rounding, one, score, other, kept.noted)


@compiled
def leave_alone(
    sums: Sums, search: Search, history: int, units: BoolArray, removed: BoolArray, scores: FloatArray
) -> float:
    """Fill in what is gone, bool [H], and the scores of the columns, where a set of units, bool [H], is all that is left of a history.

    Returns:
        How far the scores may be off.
    """
    for position in range(sums.length[history]):
        removed[position] = not units[search.unit[history, position]]
    return float(scores_without(sums, history, removed, scores))


@compiled_leaf
def other_of(one: One, score: float, best: FloatArray) -> float:
    """Return the k-th best score of the others than a target, given the score of it and the k + 1 best of all."""
    return float(best[one.k] if score >= best[one.k - 1] else best[one.k - 1])


@compiled_leaf
def best_of_all(rest: float, others: int, more: FloatArray, scores: FloatArray, best: FloatArray) -> None:
    """Fill in the best scores [M] of columns, of as many `others` that score `rest`, and of `more` items that compete again."""
    best[:] = -INFINITY
    for _ in range(min(others, len(best))):
        insert(best, rest)
    for turn in range(len(more)):
        insert(best, more[turn])
    for start in range(0, len(scores), BLOCK):  # few blocks hold one of the best
        stop, least, count = min(start + BLOCK, len(scores)), best[-1], 0
        for column in range(start, stop):
            count += scores[column] > least
        for column in range(start, stop if count else start):
            insert(best, scores[column])


@compiled_leaf
def may_be_unspoken(empty: FloatArray, target: int, one: One, score: float, other: float) -> bool:
    """Return whether a target that nobody outranks could be out of the list for want of evidence."""
    if other - (score + one.tolerance) > 0 or len(empty) == 0:
        return False
    return bool(abs(score - empty[target]) <= one.tolerance)


@compiled_leaf
def stays_by(rounding: float, one: One, score: float, other: float, noted: FloatArray) -> float:
    """Return by how much a target is surely in a list, given the k-th best score of the others; at most 0 where it is not."""
    lead = other - (score + one.tolerance)
    band = rounding * max(abs(other) if other > -INFINITY else 0.0, abs(score))
    possibly_out = lead > 0 or (band > 0 and lead + band >= 0)
    if possibly_out != (lead > band):
        noted[one.number] = 0.0
    if possibly_out:
        return -max(lead, 0.0)
    return TINY if lead == 0 else -lead  # a tie of zeros stays in the list


@compiled_leaf
def begin_with(sums: Sums, search: Search, kept: Kept, history: int, units: BoolArray) -> None:
    """Fill in the scores where a set of units, bool [H], is all that is left: sets with a unit more are told by these."""
    leave_alone(sums, search, history, units, kept.removed, kept.base)
    for position in range(sums.length[history]):
        column = sums.found[history, position]
        if column >= 0 and comes_back(sums, history, kept.removed, position):
            kept.base[column] = anew(sums, history, kept.removed, column)


@compiled_leaf
def try_unit(sums: Sums, search: Search, kept: Kept, history: int, unit: int) -> int:
    """Fill in the scores with a unit more than those that `begin_with` began with; return how many items that are no column compete."""
    before, dense = kept.base, len(sums.dense) > 0
    if not dense:
        copy_into(kept.base, kept.trial)
    for position in range(sums.length[history]):
        if search.unit[history, position] == unit:
            kept.removed[position] = False
            if dense:
                share = sums.weight[history, position]
                fill_sums(before, sums.dense[sums.row[history, position]], share, kept.trial)
                before = kept.trial
            else:
                add_row(sums, history, position, 1.0, kept.trial)
    others = sums.others[history]
    for position in range(sums.length[history]):
        if sums.unseen and search.unit[history, position] == unit and sums.found[history, position] >= 0:
            kept.trial[sums.found[history, position]] = -INFINITY
        if sums.found[history, position] < 0 and comes_back(sums, history, kept.removed, position):
            others += 1
    for position in range(sums.length[history]):
        if search.unit[history, position] == unit:
            kept.removed[position] = True
    return int(others)


@compiled_leaf
def fill_sums(scores: FloatArray, row: NDArray[np.floating], share: float, out: FloatArray) -> None:
    """Fill in scores and a share of a row [columns]."""
    for column in range(len(out)):
        out[column] = scores[column] + share * row[column]


@compiled
def margins_alone(
    sums: Sums, search: Search, kept: Kept, asked: list[One], units: BoolArray, more: IntArray
) -> FloatArray:
    """Return what `margin_alone` does of a set, bool [H], with one more of some units [V], for queries of a history [T, V].

    It is minus infinity for what a query may not name. The best scores are looked for once for all queries with lists of one length.
    They are of sums in another order than that of the history: what they propose is settled by `margin_alone`, which is asked here
    too where fillers count.
    """
    margins, history, best = np.full((len(asked), len(more)), -INFINITY), asked[0].history, np.empty(0)
    begin_with(sums, search, kept, history, units)
    for number in range(len(more)):
        unit, others, known = more[number], -1, 0
        for turn in range(len(asked)):
            one = asked[turn]
            if not search.removable[one.number, unit]:
                continue
            if others < 0:
                others = try_unit(sums, search, kept, history, unit)
            if one.k != known:
                best, known = np.empty(one.k + 1), one.k
                best_of_all(sums.rest, others, kept.again[:0], kept.trial, best)
            score = kept.trial[one.column] if one.column >= 0 else sums.rest
            other = other_of(one, score, best)
            if may_be_unspoken(search.empty, search.target[one.number], one, score, other):
                units[unit] = True
                margins[turn, number] = margin_alone(sums, search, kept, one, units)
                units[unit] = False
            else:
                margins[turn, number] = stays_by(search.rounding, one, score, other, kept.noted)
    return margins
