"""Compiled: whether a set topples its target, and what becomes of that once a unit is given back, told among the shortlist.

Scores there are differences of sums, off by rounding: what is told holds for scores that are added up anew. Who is not in the
shortlist scores no more than the last of it, and what the removed rows lift a score by at most.
"""

from topple.compiled import compiled_leaf
from topple.explainers.sums.asked import One, Search, Shortlist
from topple.explainers.sums.shortlists import leads_by_more
from topple.scoring.lists.best import INFINITY
from topple.scoring.sums.counting import IN, OPEN, OUT
from topple.scoring.sums.rows import Sums
from topple.types import BoolArray, FloatArray


@compiled_leaf
def surely_out(sums: Sums, search: Search, short: Shortlist, one: One, scores: FloatArray, units: BoolArray) -> bool:
    """Return whether a target is surely out of the list by the scores of the shortlist without a set of units, bool [H]; [C]."""
    return leads_by_more(short, one, scores, units, 0, 0.0, slack_of(sums, search, one, scores[one.target]))


@compiled_leaf
def slack_of(sums: Sums, search: Search, one: One, score: float) -> float:
    """Return how far the lead of a target over scores like its own may be off, and what rounding decides about."""
    return float(2 * (search.rounding * max(abs(score), abs(score + one.tolerance)) + sums.delta[one.history]))


@compiled_leaf
def outside_of(sums: Sums, search: Search, short: Shortlist, one: One, units: BoolArray) -> float:
    """Return what an item that is not in the shortlist scores at most without a set of units, bool [H], or with one of them given back."""
    if one.competitors == 0:
        return INFINITY
    most = short.score[one.competitors - 1]
    for position in range(sums.length[one.history]):
        if units[search.unit[one.history, position]]:
            most += sums.lift[one.history, position]
    return float(most)


@compiled_leaf
def told_beside(
    sums: Sums,
    search: Search,
    short: Shortlist,
    one: One,
    scores: FloatArray,
    units: BoolArray,
    unit: int,
    outside: float,
    beat: float,
) -> int:
    """Tell what becomes of a target once one unit of a set is given back, where the shortlist tells it.

    Args:
        sums: of the histories.
        search: what is asked.
        short: the shortlist.
        one: the query.
        scores: without the set [C].
        units: the set, bool [H].
        unit: the one that is given back.
        outside: what an item that is not in the shortlist scores at most.
        beat: a lead; smaller ones need not be known.

    Returns:
        IN: it is surely in the list. OUT: it is surely out, by no more than `beat`. OPEN: not told.
    """
    score = scores[one.target] + short.gain[unit, one.target]
    bar, slack = score + one.tolerance, slack_of(sums, search, one, score)
    if not leads_by_more(short, one, scores, units, unit, 1.0, -slack):
        empty = search.empty[search.target[one.number]] if len(search.empty) else INFINITY
        return OPEN if outside > bar - slack or abs(score - empty) <= one.tolerance + slack else IN
    if beat == -INFINITY or not leads_by_more(short, one, scores, units, unit, 1.0, slack):
        return OPEN
    if beat == INFINITY:
        return OUT
    more = outside > bar + beat - slack or leads_by_more(short, one, scores, units, unit, 1.0, beat - slack)
    return OPEN if more else OUT
