"""Compiled: small sets for the queries of histories that are sums."""

import numpy as np

from topple.compiled import compiled
from topple.explainers.sums.asked import One, Search, Shortlist
from topple.explainers.sums.exchanging import exchange
from topple.explainers.sums.growing import grow, singles
from topple.explainers.sums.settling import give_back_in_order, prune, settle, take_all
from topple.explainers.sums.shortlists import scores_without, shortlist_of
from topple.explainers.sums.telling import surely_out
from topple.scoring.sums.changing import column_of
from topple.scoring.sums.rows import Sums
from topple.types import BoolArray, FloatArray, IntArray


@compiled
def find_sets(
    sums: Sums, search: Search, history: IntArray, first: IntArray, sets: BoolArray, scored: IntArray, noted: FloatArray
) -> None:
    """Find small sets for the queries of histories, one history after the other.

    Args:
        sums: of the histories.
        search: what is asked.
        history: of each turn [M].
        first: where the queries of each turn begin [M + 1].
        sets: for the units of the set of each query, bool [Q, H]; none where none is found.
        scored: for how many sets count as scored [Q].
        noted: for what the cheapest set costs that rounding decides about, infinity for none [Q].
    """
    for turn in range(len(history)):
        queries = np.arange(first[turn], first[turn + 1])
        if len(queries) == 0:
            continue
        short = shortlist_of(sums, search, history[turn], queries)
        asked = [query_of(sums, search, short, history[turn], query) for query in queries]
        margins = singles(sums, search, short, asked)
        for number in range(len(asked)):
            query = queries[number]
            scored[query] = find_set(sums, search, short, asked[number], margins[number], sets[query], noted)


@compiled
def query_of(sums: Sums, search: Search, short: Shortlist, history: int, query: int) -> One:
    """Return one query of a history."""
    column, target, k = column_of(sums, history, search.target[query]), -1, search.k[query]
    for one in range(len(short.column) - 1, -1, -1):
        if short.column[one] == column:
            target = one
    competitors = min(short.competitors, max(search.shortlist, k + 1))
    return One(history, query, target, column, competitors, k, search.tolerance[query])


@compiled
def find_set(
    sums: Sums, search: Search, short: Shortlist, one: One, margins: FloatArray, units: BoolArray, noted: FloatArray
) -> int:
    """Find a small set, in place, that topples a target and of which no unit can be given back; return how many sets count as scored.

    Where no more may be scored, it ends with the set that it has.
    """
    order, left = np.flatnonzero(search.removable[one.number]), search.left[one.number]
    if len(order) == 0 or left <= 0:
        return 0
    order = order[np.argsort(-margins[order], kind="mergesort")]
    removed, scored = np.zeros(sums.row.shape[1], dtype=np.bool_), len(order)
    scores = np.empty(sums.start[one.history + 1] - sums.start[one.history])
    scored += grow(search, short, one, margins, order, left - scored, units)
    if units.any():
        scored += 1
        if not topples(sums, search, short, one, units, removed, scores, noted):
            units[:] = False
    if units.any():
        scored += prune(sums, search, short, one, left - scored, units, removed, scores, noted)
    elif scored < left:
        more, off = take_all(sums, search, one, order, units, removed, scores, noted)
        scored += more
        scored += give_back_in_order(sums, search, one, left - scored, units, removed, scores, off, noted)
    if not units.any():
        return scored
    for _ in range(search.swaps):
        if units.sum() < 3 or units.sum() == len(order) or scored >= left:
            break
        (first, second, other), lead, tried = exchange(search, short, one, order, units)
        scored += tried
        if lead <= 0:
            break
        units[first], units[second], units[other] = False, False, True
        scored += 1
        if not topples(sums, search, short, one, units, removed, scores, noted):
            units[first], units[second], units[other] = True, True, False
            break
        scored += prune(sums, search, short, one, left - scored, units, removed, scores, noted)
    return scored


@compiled
def topples(
    sums: Sums,
    search: Search,
    short: Shortlist,
    one: One,
    units: BoolArray,
    removed: BoolArray,
    scores: FloatArray,
    noted: FloatArray,
) -> bool:
    """Return whether a set of units, bool [H], surely topples its target: the shortlist tells it of most, the others are settled."""
    return surely_out(sums, search, short, one, scores_without(short, units), units) or settle(
        sums, search, one, units, removed, scores, noted
    )
