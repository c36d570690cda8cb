"""Compiled: one unit in the stead of two of a set, among the shortlist."""

import numpy as np

from topple.compiled import compiled
from topple.explainers.folded.asked import Looked
from topple.explainers.folded.growing import most_promising
from topple.explainers.folded.shortlists import lead_of, scores_without
from topple.explainers.loops.exchanges import Beside, most_promising_exchanges
from topple.explainers.sums.asked import One, Search
from topple.scoring.lists.best import INFINITY
from topple.types import BoolArray, FloatArray, IntArray


@compiled
def exchange(
    search: Search, short: Looked, one: One, alone: FloatArray, order: IntArray, units: BoolArray
) -> tuple[float, int]:
    """Exchange two units of a set, bool [H], in place, for one other that topples the target among the shortlist.

    Returns:
        By how much the target is out then: at most 0 where no exchange was found; how many sets were scored.
    """
    beside, scored = _beside(search, short, one, alone, order, units)
    chosen, real = most_promising_exchanges(beside, search.width, search.tries)
    scores, best, largest, at = np.empty(len(short.item)), np.empty(one.k), -INFINITY, -1
    for number in range(real.sum()):
        trial = exchanged(units, chosen[0, number])
        scores_without(short, trial, scores)
        lead = lead_of(one, scores, best)
        if lead > largest:
            largest, at = lead, number
    if largest > 0:
        units[:] = exchanged(units, chosen[0, at])
    return largest, scored + int(real.sum())


@compiled
def exchanged(units: BoolArray, three: IntArray) -> BoolArray:
    """Return a set of units, bool [H], without the first two of three units and with the third."""
    out = units.copy()
    out[three[0]] = out[three[1]] = False
    out[three[2]] = True
    return out


@compiled
def _beside(
    search: Search, short: Looked, one: One, alone: FloatArray, order: IntArray, units: BoolArray
) -> tuple[Beside, int]:
    """Return what single units do beside a set, bool [H], and how many sets were scored for that."""
    inside, base = np.flatnonzero(units), np.empty((1, len(short.item)))
    scores_without(short, units, base[0])
    outside = most_promising(search, short, one, alone, base[0], -INFINITY, order, units)
    scores = np.empty((1, 1 + len(inside) + len(outside), len(short.item)))
    scores[0, 0] = base[0]
    for number in range(len(inside) + len(outside)):
        unit = inside[number] if number < len(inside) else outside[number - len(inside)]
        units[unit] = not units[unit]
        scores_without(short, units, scores[0, 1 + number])
        units[unit] = not units[unit]
    beside = Beside(
        np.full(1, one.target),
        np.full(1, one.k),
        np.full(1, one.tolerance),
        inside.reshape(1, len(inside)),
        outside.reshape(1, len(outside)),
        np.ones((1, len(inside)), dtype=np.bool_),
        np.ones((1, len(outside)), dtype=np.bool_),
        scores,
        search.cost[one.number].copy().reshape(1, len(units)),
        np.ones((1, len(short.item)), dtype=np.bool_),
    )
    return beside, scores.shape[1]
