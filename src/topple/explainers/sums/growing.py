"""Compiled: what single units do, and a set that grows unit by unit among the shortlist."""

import numpy as np

from topple.compiled import compiled, compiled_leaf
from topple.explainers.sums.asked import One, Search, Shortlist
from topple.explainers.sums.shortlists import best_of, change, lead_above, lead_of, unchanged
from topple.scoring.lists.best import INFINITY, insert
from topple.scoring.sums.rows import Sums
from topple.types import BoolArray, FloatArray, IntArray


@compiled
def singles(sums: Sums, search: Search, short: Shortlist, queries: list[One]) -> FloatArray:
    """Return by how much each unit alone topples each target [T, H]; minus infinity for what may not be named.

    The best scores are looked for once for all queries with lists of one length.
    """
    margins = np.full((len(queries), search.unit.shape[1]), -INFINITY)
    scores, trial, best = unchanged(short), np.empty(len(short.score)), np.empty(1)
    nothing, history = np.zeros(search.unit.shape[1], dtype=np.bool_), queries[0].history
    for unit in range(sums.length[history]):
        if search.unit[history, unit] != unit:
            continue
        change(short, scores, nothing, unit, -1.0, trial)
        known = 0
        for turn in range(len(queries)):
            one = queries[turn]
            if not search.removable[one.number, unit]:
                continue
            if one.k != known:
                if len(best) != one.k + 1:
                    best = np.empty(one.k + 1)
                best_of(short, trial, -1, one.competitors, best)
                known = one.k
            score, kth = trial[one.target], best[one.k - 1]
            if one.target < one.competitors and score >= kth:  # the target is one of the k best
                kth = best[one.k]
            margins[turn, unit] = kth - (score + one.tolerance)
    return margins


@compiled
def grow(
    search: Search, short: Shortlist, one: One, margins: FloatArray, order: IntArray, left: int, units: BoolArray
) -> int:
    """Grow a set, in place, until the target leaves the shortlist, each time by the unit that brings it nearest; else none is left.

    Args:
        search: what is asked.
        short: the shortlist.
        one: the query.
        margins: what each unit reaches alone [H].
        order: the units that may be named, by that, best first [W].
        left: how many sets may be tried; where these do not suffice, none is found.
        units: for the set, bool [H].

    Returns:
        How many sets count as tried.
    """
    cost, scores, trial, best = search.cost[one.number], unchanged(short), np.empty(len(short.score)), np.empty(one.k)
    now, tried = lead_of(short, one, scores, best), 0
    looked = np.empty(max(search.looked, search.width), dtype=np.int64)
    reach, worths = np.empty(len(looked)), np.empty(len(looked))
    # Where all cost the same, only the unit that reaches most is asked for.
    wanted = 1 if len(order) > 0 and cost[order].min() == cost[order].max() else 0
    for size in range(min(search.most, len(order))):
        if tried > 0 and tried >= left:
            break
        if size == 0:
            unit = first_unit(np.flatnonzero(search.removable[one.number]), margins, now, cost)
            lead = margins[unit]
        else:
            count = reach_beside(short, one, scores, units, order, wanted, looked, reach)
            if wanted == 1:
                choice = int(np.argmax(reach[:count]))
            else:
                for number in range(count):
                    worths[number] = worth_of(reach[number], reach[number] - now, cost[looked[number]] / 1000)
                promising = np.argsort(-worths[:count], kind="mergesort")[: search.width]
                choice = choice_of(promising, reach, looked, cost)
            unit, lead, tried = looked[choice], reach[choice], tried + min(count, search.width)
        change(short, scores, units, unit, -1.0, trial)
        scores[:] = trial
        units[unit], now = True, lead
        if now > 0:
            return tried
    units[:] = False
    return tried


@compiled
def reach_beside(
    short: Shortlist,
    one: One,
    scores: FloatArray,
    units: BoolArray,
    order: IntArray,
    wanted: int,
    looked: IntArray,
    reach: FloatArray,
) -> int:
    """Tell how far the first units in an order bring a query, each beside a set, bool [H]; return how many are looked at.

    Args:
        short: the shortlist.
        one: the query.
        scores: without the set [C].
        units: the set.
        order: units [W].
        wanted: how many of the best are asked for; what surely is none of them reaches minus infinity. 0 for all.
        looked: for the units that are looked at, which are not in the set [W].
        reach: for how far each brings it [W].
    """
    trial, best, most, count = np.empty(len(scores)), np.empty(one.k), np.full(max(wanted, 1), -INFINITY), 0
    for unit in order:
        if count == len(looked):
            break
        if units[unit]:
            continue
        looked[count] = unit
        reach[count] = lead_above(short, one, scores, units, unit, -1.0, most[-1], trial, best)
        if wanted > 0:
            insert(most, reach[count])
        count += 1
    return count


@compiled_leaf
def first_unit(order: IntArray, margins: FloatArray, now: float, cost: IntArray) -> int:
    """Return the cheapest unit that meets the goal alone, of these the one that reaches most; else the one that is worth most."""
    chosen, meets, worth = order[0], False, -INFINITY
    for unit in order:
        if margins[unit] > 0:
            price, best = cost[unit], cost[chosen]
            if not meets or price < best or (price == best and margins[unit] > margins[chosen]):
                chosen, meets = unit, True
        elif not meets:
            mine = worth_of(margins[unit], margins[unit] - now, cost[unit] / 1000)
            if mine > worth:
                chosen, worth = unit, mine
    return int(chosen)


@compiled_leaf
def choice_of(promising: IntArray, reach: FloatArray, looked: IntArray, cost: IntArray) -> int:
    """Return the number of the cheapest unit that meets the goal, of these the one that reaches most; else the most promising."""
    choice = -1
    for turn in promising:
        if reach[turn] <= 0:
            continue
        if choice < 0:
            choice = turn
            continue
        price, best = cost[looked[turn]], cost[looked[choice]]
        if price < best or (price == best and reach[turn] > reach[choice]):
            choice = turn
    return int(promising[0]) if choice < 0 else choice


@compiled
def by_worth(reach: FloatArray, now: float, cost: IntArray, tried: IntArray) -> IntArray:
    """Return the numbers of units that were tried [V], the one that is worth most for its price first."""
    worths = np.empty(len(tried))
    for number in range(len(tried)):
        worths[number] = -worth_of(reach[number], reach[number] - now, cost[tried[number]] / 1000)
    return np.argsort(worths, kind="mergesort")


@compiled_leaf
def worth_of(margin: float, effect: float, price: float) -> float:
    """Return what a unit is worth for its price: minus infinity where it reaches nothing."""
    if margin == -INFINITY:
        return -INFINITY
    return effect / price if effect > 0 else effect * price
