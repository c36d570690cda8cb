"""Compiled: whether a set topples its target among all competitors, and what of it can be given back."""

import numpy as np

from topple.compiled import compiled
from topple.explainers.folded.asked import Found, Looked
from topple.explainers.folded.shortlists import lead_of, scores_without
from topple.explainers.sums.asked import One, Search
from topple.explainers.sums.settling import TINY
from topple.scoring.folded.histories import Folded
from topple.scoring.folded.solving import dot, user_without
from topple.scoring.folded.standing import bar_of, counted, kth_best, near_items
from topple.scoring.lists.best import INFINITY
from topple.types import BoolArray, IntArray


@compiled
def settle(folded: Folded, search: Search, one: One, units: BoolArray, found: Found) -> float:
    """Return by how much a set of units, bool [H], surely topples a target among all competitors; at most 0 where it does not.

    What rounding decides about is noted: what the cheapest such set costs.
    """
    history, target = one.history, search.target[one.number]
    removed, user = np.zeros(folded.length[history], dtype=np.bool_), np.empty(folded.solved.user.shape[1])
    for position in range(len(removed)):
        removed[position] = units[search.unit[history, position]]
    user_without(folded, history, removed, user)
    score = dot(user, folded.solved.factors[target])
    near = near_items(folded, history, removed, user, target, bar_of(score, one.tolerance, search.rounding))
    other = kth_best(near.score, np.empty(one.k))
    over, _, ties = counted(near, target, score, one.tolerance, search.empty)
    lead = other - (score + one.tolerance)
    band = search.rounding * max(abs(other) if other > -INFINITY else 0.0, abs(score))
    fillers = lead <= 0 and ties > 0 and over + ties >= one.k
    surely, possibly = lead > band or fillers, lead > 0 or fillers or (band > 0 and lead + band >= 0)
    if surely != possibly:
        cost = 0
        for unit in range(len(units)):
            cost += search.cost[one.number, unit] * units[unit]
        found.noted[one.number] = min(found.noted[one.number], cost)
    if fillers:
        return TINY
    return lead if lead > band else min(lead, 0.0)


@compiled
def prune(
    folded: Folded, search: Search, short: Looked, one: One, left: int, units: BoolArray, found: Found, among_all: bool
) -> int:
    """Give units back, in place, while the target still leaves: the dearest first, of these the one that leaves most.

    It ends when no more sets than are `left` may be scored.

    Returns:
        How many sets were scored.
    """
    scored, scores, best = 0, np.empty(len(short.item)), np.empty(one.k)
    while units.sum() > 1 and scored < left:
        give, largest, dearest = -1, -INFINITY, 0
        for unit in np.flatnonzero(units):
            units[unit] = False
            if among_all:
                lead = settle(folded, search, one, units, found)
            else:
                scores_without(short, units, scores)
                lead = lead_of(one, scores, best)
            units[unit] = True
            scored += 1
            cost = search.cost[one.number, unit]
            if lead > 0 and (cost > dearest or (cost == dearest and lead > largest)):
                give, largest, dearest = int(unit), lead, int(cost)
        if give < 0:
            break
        units[give] = False
    return scored


@compiled
def take_all(folded: Folded, search: Search, one: One, order: IntArray, units: BoolArray, found: Found) -> int:
    """Take all units that may be named [W], in place, if the target then leaves for want of evidence; return how many sets were scored."""
    if len(search.empty) == 0 or search.size[one.history][order].sum() > search.largest[one.number]:
        return 0
    units[order] = True
    if not 0 < settle(folded, search, one, units, found) <= TINY:
        units[:] = False
    return 1


@compiled
def give_back_in_order(folded: Folded, search: Search, one: One, left: int, units: BoolArray, found: Found) -> int:
    """Give units back, in place, while the target still surely leaves: asked in turn, the dearest first, until none can be.

    Returns:
        How many sets were scored.
    """
    scored, before, named = 0, 0, np.flatnonzero(units)
    order = named[np.argsort(-search.cost[one.number][named], kind="mergesort")]
    while units.sum() != before:
        before = units.sum()
        for unit in order:
            if not units[unit]:
                continue
            if units.sum() == 1 or scored >= left:
                break
            units[unit] = False
            units[unit] = settle(folded, search, one, units, found) <= 0
            scored += 1
    return scored
