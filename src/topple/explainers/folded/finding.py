"""Compiled: small sets for the queries of a history that is folded in."""

import numpy as np

from topple.compiled import compiled
from topple.explainers.folded.asked import Found, Looked
from topple.explainers.folded.exchanging import exchange
from topple.explainers.folded.growing import grow, singles
from topple.explainers.folded.settling import give_back_in_order, prune, settle, take_all
from topple.explainers.folded.shortlists import lead_of, of_query
from topple.explainers.sums.asked import One, Search
from topple.scoring.folded.histories import Folded
from topple.scoring.lists.best import INFINITY
from topple.types import BoolArray, FloatArray, IntArray


@compiled
def find_sets(folded: Folded, search: Search, short: Looked, history: int, queries: IntArray, found: Found) -> None:
    """Find small sets for the queries [T] of a history."""
    alone = singles(search, short, queries)
    for query in queries:
        target = int(np.flatnonzero(short.item[: short.listed] == search.target[query])[0])
        k = search.k[query]
        competitors = min(short.competitors, max(search.shortlist, k + 1))
        one = One(history, query, target, 0, competitors, k, search.tolerance[query])
        looked, one = of_query(short, one)
        mine = alone if len(looked.item) == len(short.item) else singles(search, looked, np.full(1, query))
        found.scored[query] = find_set(folded, search, looked, one, mine, found.sets[query], found)


@compiled
def find_set(
    folded: Folded, search: Search, short: Looked, one: One, alone: FloatArray, units: BoolArray, found: Found
) -> int:
    """Find a small set, in place, that topples a target and of which no unit can be given back; return how many sets were scored.

    Where no more may be scored, it ends with the set that it has.
    """
    order, margins, best = np.flatnonzero(search.removable[one.number]), np.full(len(units), -INFINITY), np.empty(one.k)
    left = search.left[one.number]
    if len(order) == 0 or left <= 0:
        return 0
    for unit in order:
        margins[unit] = lead_of(one, alone[unit], best)
    order = order[np.argsort(-margins[order], kind="mergesort")]
    scored = len(order)
    scored += grow(search, short, one, alone, margins, order, left - scored, units)
    if units.any():
        scored += prune(folded, search, short, one, left - scored, units, found, False)
        scored += settled_and_pruned(folded, search, short, one, left - scored, units, found)
    if not units.any() and scored < left:
        scored += take_all(folded, search, one, order, units, found)
        scored += give_back_in_order(folded, search, one, left - scored, units, found)
    for _ in range(search.swaps):
        if units.sum() < 3 or units.sum() == len(order) or scored >= left:
            break
        trial, before = units.copy(), (units * search.cost[one.number]).sum()
        lead, tried = exchange(search, short, one, alone, order, trial)
        scored += tried
        if lead <= 0:
            break
        scored += settled_and_pruned(folded, search, short, one, left - scored, trial, found)
        if not trial.any() or (trial * search.cost[one.number]).sum() >= before:
            break
        units[:] = trial
    return scored


@compiled
def settled_and_pruned(
    folded: Folded, search: Search, short: Looked, one: One, left: int, units: BoolArray, found: Found
) -> int:
    """Give back what a set can spare, in place, if it topples its target, else all; return how many sets were scored."""
    if settle(folded, search, one, units, found) <= 0:
        units[:] = False
        return 1
    return 1 + prune(folded, search, short, one, left - 1, units, found, True)
