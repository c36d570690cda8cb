"""DEL: how much of the score is left when what holds the target up is removed."""

from topple.metrics.attributions.base import CurveMetric, FixedLength
from topple.records.curves import Curves


class Deletion(CurveMetric):
    """Mean score of the target over the 11 points, as what holds it up most is removed first; in the model's units.

    Source: Barkan et al., "A counterfactual framework for learning and evaluating explanations for recommender systems", WWW 2024.
    Differs from it in: k is that of the query's list; ties speak for the target.
    """

    name = "del"
    title = "DEL"
    direction = "lower"

    def at(self, curves: Curves, length: int, k: int) -> float | None:
        """Return the score."""
        return curves.deletion.score(length)


class DeletionFixed(FixedLength):
    """Mean share of the score that is left when 1 to 5 events that hold the target up most are removed; scores above 0 alone.

    Source: Barkan et al., SIGIR 2025 (refined metrics). Differs from it in: the mean of the five numbers.
    """

    name = "del_fixed"
    title = "DEL, 1 to 5 items"
    direction = "lower"
    of = "attributions of scores above 0"

    def at(self, curves: Curves, length: int, k: int) -> float | None:
        """Return the share of the unchanged score; None where that is no measure."""
        whole = curves.deletion.score(0)
        return curves.deletion.score(length) / whole if whole > 0 else None
