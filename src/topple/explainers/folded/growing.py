"""Compiled: what single units do, and a set that grows unit by unit among the shortlist."""

import numpy as np

from topple.compiled import compiled
from topple.explainers.folded.asked import Looked
from topple.explainers.folded.shortlists import lead_of, scores_without, unchanged
from topple.explainers.sums.asked import One, Search
from topple.explainers.sums.growing import by_worth, choice_of, first_unit, worth_of
from topple.scoring.lists.best import INFINITY
from topple.types import BoolArray, FloatArray, IntArray


@compiled
def singles(search: Search, short: Looked, queries: IntArray) -> FloatArray:
    """Return the scores without each unit that any of the queries [T] may name [H, C]; one scan serves all targets."""
    alone, units = np.zeros((len(short.unit), len(short.item))), np.zeros(len(short.unit), dtype=np.bool_)
    for unit in range(len(units)):
        if search.removable[queries, unit].any():
            units[unit] = True
            scores_without(short, units, alone[unit])
            units[unit] = False
    return alone


@compiled
def grow(
    search: Search,
    short: Looked,
    one: One,
    alone: FloatArray,
    margins: FloatArray,
    order: IntArray,
    left: int,
    units: BoolArray,
) -> int:
    """Grow a set, in place, until the target leaves the shortlist, each time by the unit that brings it nearest; else none is left.

    Args:
        search: what is asked.
        short: what is looked at.
        one: the query.
        alone: the scores without each unit [H, C].
        margins: what each unit reaches alone [H].
        order: the units that may be named, by that, best first [W].
        left: how many sets may be tried; where these do not suffice, none is found.
        units: for the set, bool [H].

    Returns:
        How many sets were tried.
    """
    cost, scores, best = search.cost[one.number], unchanged(short), np.empty(one.k)
    now, tried, trials = lead_of(one, scores, best), 0, np.empty((search.width, len(scores)))
    for size in range(min(search.most, len(order))):
        if tried > 0 and tried >= left:
            break
        if size == 0:
            unit = first_unit(np.sort(order), margins, now, cost)
            lead, scores = margins[unit], alone[unit].copy()
        else:
            units_tried = most_promising(search, short, one, alone, scores, now, order, units)
            if len(units_tried) == 0:
                break
            reach = np.empty(len(units_tried))
            for number in range(len(units_tried)):
                units[units_tried[number]] = True
                scores_without(short, units, trials[number])
                units[units_tried[number]] = False
                reach[number] = lead_of(one, trials[number], best)
            tried += len(reach)
            choice = choice_of(by_worth(reach, now, cost, units_tried), reach, units_tried, cost)
            unit, lead, scores = units_tried[choice], reach[choice], trials[choice].copy()
        units[unit], now = True, lead
        if now > 0:
            return tried
    units[:] = False
    return tried


@compiled
def most_promising(
    search: Search,
    short: Looked,
    one: One,
    alone: FloatArray,
    scores: FloatArray,
    now: float,
    order: IntArray,
    units: BoolArray,
) -> IntArray:
    """Return the units that promise most beside a set, bool [H], of those that reach most alone, best first [V].

    A unit is expected to change the scores [C] as it does alone; it promises what that is worth for its price, or where the set
    is not held against where it is `now`, minus infinity, how far the target is out.
    """
    looked, count = np.empty(max(search.looked, search.width), dtype=np.int64), 0
    for unit in order:
        if count < len(looked) and not units[unit]:
            looked[count] = unit
            count += 1
    worths, cost = np.empty(count), search.cost[one.number]
    whole, expected, room = unchanged(short), np.empty(len(scores)), np.empty(one.k)
    for number in range(count):
        expect_without(whole, alone[looked[number]], scores, expected)
        lead = lead_of(one, expected, room)
        worths[number] = -lead if now == -INFINITY else -worth_of(lead, lead - now, cost[looked[number]] / 1000)
    best = np.argsort(worths, kind="mergesort")[: search.width]
    return looked[best[worths[best] < INFINITY]]


@compiled
def expect_without(whole: FloatArray, alone: FloatArray, scores: FloatArray, out: FloatArray) -> None:
    """Fill in the scores to expect once a unit more is removed [C]; the arguments are those of nothing, of the unit and of a set.

    An item that comes back once it is removed is expected to score what it does where nothing else is removed.
    """
    for column in range(len(out)):
        effect = alone[column] - whole[column] if whole[column] > -INFINITY else 0.0
        out[column] = scores[column] + effect if scores[column] > -INFINITY else alone[column]
