"""Which units promise most for sets that grow, one after the other and without tables between.

Everywhere here: Q sets, H units, C competitors of the shortlist, the target of each set among them.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from topple.compiled import compiled, compiled_leaf
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
    """

    row: NDArray[np.int64]
    target: NDArray[np.int64]
    k: NDArray[np.int64]
    tolerance: NDArray[np.float64]
    scores: NDArray[np.float64]
    promise: NDArray[np.float64]
    counted: NDArray[np.bool_]

    def select(self, going: NDArray[np.bool_]) -> "Growing":
        """Return the sets `going`, bool [Q], alone."""
        row, target, k, tolerance, scores, promise, counted = self
        known = scores[going], promise[going], counted[going]
        return Growing(row[going], target[going], k[going], tolerance[going], *known)


class Alone(NamedTuple):
    """What removing each unit alone does to B histories.

    Args:
        known: scores of the competitors without it [B, H, C].
        unchanged: with nothing removed [B, C].
    """

    known: NDArray[np.float64]
    unchanged: NDArray[np.float64]


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
    expected, best = np.empty(sets.scores.shape[1]), np.empty(sets.k.max() + 1)
    for query in range(queries):
        hope = np.where(free[query], sets.promise[query], -np.inf)
        looked = np.argsort(-hope, kind="mergesort")[:looked_at]
        worths = np.full(len(looked), -np.inf)
        for number, unit in enumerate(looked):
            if np.isfinite(hope[unit]):
                lead = lead_with_one_more(alone, sets, query, unit, expected, best)
                gain = lead - now[query]
                if lead > -np.inf:
                    worths[number] = gain / price[query, unit] if gain > 0 else gain * price[query, unit]
        first = np.argsort(-worths, kind="mergesort")[: able.shape[1]]
        chosen[query, : len(first)] = looked[first]
        able[query, : len(first)] = np.isfinite(worths[first])
    return chosen, able


@compiled
def leads_with_one_more(alone: Any, sets: Any, units: Any) -> Any:
    """Return by how much each target is expected to be out of the list without a set and each of some units [Q, L] more; [Q, L]."""
    leads, expected, best = np.empty(units.shape), np.empty(sets.scores.shape[1]), np.empty(sets.k.max() + 1)
    for query in range(len(units)):
        for number in range(units.shape[1]):
            leads[query, number] = lead_with_one_more(alone, sets, query, units[query, number], expected, best)
    return leads


@compiled_leaf
def lead_with_one_more(alone: Any, sets: Any, query: int, unit: int, expected: Any, best: Any) -> float:
    """Return by how much the target is expected to be out of the list without a set and one unit more.

    The target itself is left out of the count of those that are above it. There is room for the scores to expect [C], and for the
    best of them, one more than the longest list holds.
    """
    expect_scores(alone, sets, query, unit, expected)
    target, k = sets.target[query], sets.k[query]
    best[: k + 1] = -np.inf
    for competitor in range(len(expected)):
        if sets.counted[query, competitor] and expected[competitor] > best[k]:
            insert(best[: k + 1], expected[competitor])
    kth = best[k] if expected[target] >= best[k - 1] else best[k - 1]
    return float(kth - (expected[target] + sets.tolerance[query]))


@compiled_leaf
def expect_scores(alone: Any, sets: Any, query: int, unit: int, expected: Any) -> None:
    """Fill in what the competitors are expected to score without a set and one unit more [C]; minus infinity for what does not compete.

    A unit is expected to change scores as it does alone. An item that comes back once it is removed is expected to score what it does
    where nothing else is removed, and then to stay at its score.
    """
    row = sets.row[query]
    now, known, unchanged = sets.scores[query], alone.known[row, unit], alone.unchanged[row]
    for column in range(len(expected)):
        expected[column] = now[column] if now[column] > -np.inf else known[column]
        if now[column] > -np.inf and unchanged[column] > -np.inf:
            expected[column] += known[column] - unchanged[column]
