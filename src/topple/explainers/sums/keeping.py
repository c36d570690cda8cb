"""Compiled: small sets that are to suffice, for histories that are sums.

The steps are those of `search.growing` and `search.exchange` for goals that no shortlist foresees: what a unit promises is what it did
when it was last tried.
"""

import numpy as np

from topple.compiled import compiled, compiled_leaf
from topple.explainers.sums.asked import One, Search, Shortlist
from topple.explainers.sums.finding import query_of
from topple.explainers.sums.growing import by_worth, choice_of, first_unit, singles, worth_of
from topple.explainers.sums.margins import Kept, margin_of, margins_alone, together
from topple.explainers.sums.settling import TINY
from topple.explainers.sums.shortlists import change, lead_of, scores_without, shortlist_of
from topple.scoring.lists.best import INFINITY
from topple.scoring.sums.rows import Sums
from topple.types import BoolArray, FloatArray, IntArray


@compiled
def find_kept_sets(
    out: bool,
    sums: Sums,
    search: Search,
    history: IntArray,
    first: IntArray,
    sets: BoolArray,
    scored: IntArray,
    noted: FloatArray,
) -> None:
    """Find small sets for the queries of histories, one history after the other; the arguments are those of `find_sets`.

    With `out`, the targets are to leave their lists without the sets, too. A set then counts as scored twice.
    """
    nothing, width = np.zeros(0, dtype=np.int64), sums.row.shape[1]
    for turn in range(len(history)):
        queries, row = np.arange(first[turn], first[turn + 1]), history[turn]
        if len(queries) == 0:
            continue
        short = Shortlist(nothing, np.zeros(0), np.zeros((0, 0)), nothing, 0, 0)
        if out:
            short = shortlist_of(sums, search, row, queries)
        columns = np.empty((3, sums.start[row + 1] - sums.start[row]))
        gone, again = np.zeros((2, width), dtype=np.bool_), np.empty(width)
        kept = Kept(out, short, gone[0], gone[1], again, columns[0], columns[1], columns[2], noted)
        asked = [query_of(sums, search, short, row, query) for query in queries]
        margins = margins_alone(sums, search, kept, asked, np.zeros(width, dtype=np.bool_), np.arange(sums.length[row]))
        if out:
            leads = singles(sums, search, short, asked)
            for number in range(len(asked)):
                for unit in range(margins.shape[1]):
                    margins[number, unit] = together(leads[number, unit], margins[number, unit])
        for number in range(len(asked)):
            query = queries[number]
            scored[query] = find_kept_set(sums, search, kept, asked[number], margins[number], sets[query])


@compiled
def find_kept_set(sums: Sums, search: Search, kept: Kept, one: One, margins: FloatArray, units: BoolArray) -> int:
    """Find a small set, in place, that meets its goal and of which no unit can be given back; return how many sets count as scored.

    Where no more may be scored, it ends with the set that it has.
    """
    order, left, each = np.flatnonzero(search.removable[one.number]), search.left[one.number], 1 + kept.out
    if len(order) == 0 or left <= 0:
        return 0
    scored = each * len(order)
    if scored < left:
        scored += each * grow(sums, search, kept, one, margins, order, sets_left(left - scored, each), units)
        scored += each * prune(sums, search, kept, one, sets_left(left - scored, each), units, True)
    if not units.any() and scored < left:
        scored += each * by_ties(sums, search, kept, one, order, sets_left(left - scored, each), units)
        scored += each * prune(sums, search, kept, one, sets_left(left - scored, each), units, False)
    order = order[np.argsort(-margins[order], kind="mergesort")]
    for _ in range(search.swaps):
        if units.sum() < 3 or units.sum() == len(order) or scored >= left:
            break
        trial = units.copy()
        tried, better = exchange(sums, search, kept, one, order, trial)
        scored += each * tried
        if not better:
            break
        scored += each * prune(sums, search, kept, one, sets_left(left - scored, each), trial, True)
        if not trial.any():
            break
        units[:] = trial
    return scored


@compiled_leaf
def sets_left(histories: int, each: int) -> int:
    """Return how many sets may be scored before no more histories may, each of which counts for so many."""
    return max(0, histories + each - 1) // each


@compiled
def grow(
    sums: Sums,
    search: Search,
    kept: Kept,
    one: One,
    margins: FloatArray,
    order: IntArray,
    left: int,
    units: BoolArray,
) -> int:
    """Grow a set, in place, until it meets its goal, each time by the unit that brings it nearest; else none is left.

    Args:
        sums: of the histories.
        search: what is asked.
        kept: what sets are to do.
        one: the query.
        margins: what each unit reaches alone [H].
        order: the units that may be named, in the order of the history [W].
        left: how many sets may be tried; where these do not suffice, none is found.
        units: for the set, bool [H].

    Returns:
        How many sets were tried.
    """
    cost, now, tried = search.cost[one.number], 0.0, 0
    if margins[order].max() <= 0:  # else a single unit is enough
        now = margin_of(sums, search, kept, one, units, False)
    worths = np.full(len(units), -INFINITY)
    for unit in order:
        worths[unit] = worth_of(margins[unit], margins[unit] - now, cost[unit] / 1000)
    unit = first_unit(order, margins, now, cost)
    promise, now = worths - worths[unit], margins[unit]
    units[unit] = True
    for size in range(1, min(search.most, len(order)) + 1):
        if now > 0:
            return tried
        if size == min(search.most, len(order)) or tried >= left:
            break
        free = order[~units[order]]
        most = free[np.argsort(-promise[free], kind="mergesort")[: search.width]]
        reach = margins_with(sums, search, kept, one, units, most)
        best, tried = by_worth(reach, now, cost, most), tried + len(most)
        choice = choice_of(best, reach, most, cost)
        for number in range(len(most)):  # what a unit promises is how far it fell behind when it was last tried
            promise[most[number]] = _worth(reach, now, cost, most, number) - _worth(reach, now, cost, most, choice)
        units[most[choice]], now = True, reach[choice]
    units[:] = False
    return tried


@compiled_leaf
def _worth(reach: FloatArray, now: float, cost: IntArray, most: IntArray, number: int) -> float:
    """Return what one of the units that were tried is worth for its price."""
    return worth_of(reach[number], reach[number] - now, cost[most[number]] / 1000)


@compiled
def margins_with(sums: Sums, search: Search, kept: Kept, one: One, units: BoolArray, more: IntArray) -> FloatArray:
    """Return the margins of a set, bool [H], with one more of some units [V]; among the shortlist where targets are to leave [V]."""
    margins: FloatArray = margins_alone(sums, search, kept, [one], units, more)[0]
    if kept.out:
        now, best = scores_without(kept.short, units), np.empty(one.k)
        trial = np.empty_like(now)
        for number in range(len(more)):
            change(kept.short, now, units, more[number], -1.0, trial)
            margins[number] = together(lead_of(kept.short, one, trial, best), margins[number])
    return margins


@compiled_leaf
def prune(sums: Sums, search: Search, kept: Kept, one: One, left: int, units: BoolArray, settle: bool) -> int:
    """Give units back, in place, while the goal is still met: the dearest first, of these the one that leaves most.

    It ends when no more sets than are `left` may be scored. With `settle`, all are given back first where the goal is not met.

    Returns:
        How many sets were scored.
    """
    first, scored = int(settle and units.any()), 0
    if first and margin_of(sums, search, kept, one, units, True) <= 0:
        units[:] = False
    while units.sum() > 1 and scored < left:
        give, largest, dearest = -1, -INFINITY, 0
        scored += units.sum()
        for unit in range(len(units)):
            if not units[unit]:
                continue
            units[unit] = False
            cost, margin = search.cost[one.number, unit], margin_of(sums, search, kept, one, units, True)
            units[unit] = True
            if margin > 0 and (cost > dearest or (cost == dearest and margin > largest)):
                give, largest, dearest = unit, margin, int(cost)
        if give < 0:
            break
        units[give] = False
    return first + scored


@compiled
def by_ties(sums: Sums, search: Search, kept: Kept, one: One, order: IntArray, left: int, units: BoolArray) -> int:
    """Take all units that may be named [W], in place, if that meets the goal by ties alone, and give each back that can be.

    Each is asked about once, the dearest first; looking for the best one each time takes as many as there are pairs.

    Returns:
        How many sets were scored.
    """
    if len(search.empty) == 0 or search.size[one.history][order].sum() > search.largest[one.number]:
        return 0
    units[order], scored = True, 1
    if not 0 < margin_of(sums, search, kept, one, units, True) <= TINY:
        units[:] = False
    for unit in np.flatnonzero(units)[np.argsort(-search.cost[one.number][units], kind="mergesort")]:
        if units.sum() == 1 or scored >= left:
            break
        scored, units[unit] = scored + 1, False
        if margin_of(sums, search, kept, one, units, True) <= 0:
            units[unit] = True
    return scored


@compiled
def exchange(sums: Sums, search: Search, kept: Kept, one: One, order: IntArray, units: BoolArray) -> tuple[int, bool]:
    """Exchange two units of a set, bool [H], in place, for one other that meets the goal with the rest and costs less.

    Tried are the exchanges whose sums promise most: of what the set reaches without each of the two, and with the other.

    Args:
        sums: of the histories.
        search: what is asked.
        kept: what sets are to do.
        one: the query.
        order: the units that may be named, by what they reach alone, best first [W].
        units: the set.

    Returns:
        How many sets were scored, and whether an exchange was found.
    """
    inside, outside = np.flatnonzero(units), order[~units[order]][: search.width]
    beside = np.empty(len(units))
    beside[outside] = margins_with(sums, search, kept, one, units, outside)
    for unit in inside:
        units[unit] = False
        beside[unit] = margin_of(sums, search, kept, one, units, False)
        units[unit] = True
    three, sums_of_three = exchanges_of(beside, search.cost[one.number], inside, outside)
    chosen = np.argsort(-sums_of_three, kind="mergesort")[: search.tries]
    largest, best = -INFINITY, units.copy()
    for number in chosen:
        trial = units.copy()
        trial[three[number, 0]] = trial[three[number, 1]] = False
        trial[three[number, 2]] = True
        margin = margin_of(sums, search, kept, one, trial, False)
        if margin > largest:
            largest, best = margin, trial
    units[:] = best
    return len(inside) + len(outside) + len(chosen), largest > 0


@compiled
def exchanges_of(
    beside: FloatArray, cost: IntArray, inside: IntArray, outside: IntArray
) -> tuple[IntArray, FloatArray]:
    """Return the exchanges of two units inside [X] for one outside [W] that costs less [V, 3], and the sums of their margins [V]."""
    most = len(inside) * (len(inside) - 1) // 2 * len(outside)
    three, promise, count = np.empty((most, 3), dtype=np.int64), np.empty(most), 0
    for first in range(len(inside)):
        for second in range(first + 1, len(inside)):
            one, two = inside[first], inside[second]
            for other in outside:
                if cost[other] < cost[one] + cost[two]:
                    three[count, 0], three[count, 1], three[count, 2] = one, two, other
                    promise[count] = beside[one] + beside[two] + beside[other]
                    count += 1
    return three[:count], promise[:count]
