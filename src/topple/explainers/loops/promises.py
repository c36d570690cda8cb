"""Which units promise most for sets that grow, one after the other and without tables between.

Everywhere here: Q sets, H units, C competitors of the shortlist, the target of each set among them.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from topple.compiled import compiled
from topple.scoring.lists.best import insert


class Growing(NamedTuple):
    """Sets that grow.

    Args:
        row: the history of each set [Q].
        target: where its target stands among the competitors [Q].
        k: length of its list [Q].
        tolerance: by how much a competitor must be above the target [Q].
        scores: of the competitors without the set [Q, C].
        promise: what each unit does alone [Q, H].
        counted: which of the competitors count for its target, bool [Q, C].
        units: the units of each set, bool [Q, H].
    """

    row: NDArray[np.int64]
    target: NDArray[np.int64]
    k: NDArray[np.int64]
    tolerance: NDArray[np.float64]
    scores: NDArray[np.float64]
    promise: NDArray[np.float64]
    counted: NDArray[np.bool_]
    units: NDArray[np.bool_]

    def select(self, going: NDArray[np.bool_]) -> "Growing":
        """Return the sets `going`, bool [Q], alone."""
        row, target, k, tolerance, scores, promise, counted, units = self
        known = scores[going], promise[going], counted[going], units[going]
        return Growing(row[going], target[going], k[going], tolerance[going], *known)


class Alone(NamedTuple):
    """What removing each unit alone does to B histories.

    Args:
        known: scores of the competitors without it [B, H, C].
        unchanged: with nothing removed [B, C].
        returning: what it does to the scores of the items of the history, the last columns, competing or not; none where these never
            compete [B, H, H].
    """

    known: NDArray[np.float64]
    unchanged: NDArray[np.float64]
    returning: NDArray[np.float64]


@compiled
def most_promising_units(
    alone: Any, sets: Any, free: Any, now: Any, price: Any, looked_at: int, width: int
) -> tuple[Any, Any]:
    """Return the units whose effect on each set is worth most for its price, if units change scores as they do alone.

    Units that are level come in the order of what they do alone, and then of the history.

    Args:
        alone: what each unit does alone, `Alone`.
        sets: the sets, `Growing`.
        free: units that may be named and are not, bool [Q, H].
        now: how far each set is past its goal [Q].
        price: of the units [Q, H].
        looked_at: units that are looked at for each set, those that do most alone.
        width: units to return for each set.

    Returns:
        the units, most promising first, and which of them may be named; both [Q, V].
    """
    queries, units = free.shape
    chosen, able = np.zeros((queries, min(width, units)), np.int64), np.zeros((queries, min(width, units)), np.bool_)
    for query in range(queries):
        hope = np.where(free[query], sets.promise[query], -np.inf)
        looked = np.argsort(-hope, kind="mergesort")[:looked_at]
        worths = np.full(len(looked), -np.inf)
        for number, unit in enumerate(looked):
            if np.isfinite(hope[unit]):
                lead = lead_with_one_more(alone, sets, query, unit)
                gain = lead - now[query]
                if lead > -np.inf:
                    worths[number] = gain / price[query, unit] if gain > 0 else gain * price[query, unit]
        best = np.argsort(-worths, kind="mergesort")[: able.shape[1]]
        chosen[query, : len(best)] = looked[best]
        able[query, : len(best)] = np.isfinite(worths[best])
    return chosen, able


@compiled
def leads_with_one_more(alone: Any, sets: Any, units: Any) -> Any:
    """Return by how much each target is expected to be out of the list without a set and each of some units [Q, L] more; [Q, L]."""
    leads = np.empty(units.shape)
    for query in range(len(units)):
        for number in range(units.shape[1]):
            leads[query, number] = lead_with_one_more(alone, sets, query, units[query, number])
    return leads


@compiled
def lead_with_one_more(alone: Any, sets: Any, query: int, unit: int) -> float:
    """Return by how much the target is expected to be out of the list without a set and one unit more.

    A unit is expected to change scores as it does alone, those of an item that comes back once it is removed among them. The
    target itself is left out of the count of those that are above it.
    """
    target = sets.target[query]
    best = np.full(sets.k[query] + 1, -np.inf)
    score = -np.inf
    for competitor in range(sets.scores.shape[1]):
        if not sets.counted[query, competitor]:
            continue
        expected = expected_score(alone, sets, query, unit, competitor)
        if competitor == target:
            score = expected
        insert(best, expected)
    kth = best[-1] if score >= best[-2] else best[-2]
    return float(kth - (score + sets.tolerance[query]))


@compiled
def expected_score(alone: Any, sets: Any, query: int, unit: int, competitor: int) -> float:
    """Return what a competitor is expected to score without a set and one unit more; minus infinity where it does not compete."""
    row, now, number = (
        sets.row[query],
        sets.scores[query, competitor],
        competitor - sets.scores.shape[1] + alone.returning.shape[2],
    )
    if np.isfinite(now):
        if number >= 0:
            return float(now + alone.returning[row, unit, number])
        if np.isfinite(alone.unchanged[row, competitor]):
            return float(now + (alone.known[row, unit, competitor] - alone.unchanged[row, competitor]))
        return float(now)
    score = alone.known[row, unit, competitor]
    if number >= 0 and np.isfinite(score):  # the unit brings it back
        for other in range(sets.units.shape[1]):
            if sets.units[query, other]:
                score += alone.returning[row, other, number]
    return float(score)
