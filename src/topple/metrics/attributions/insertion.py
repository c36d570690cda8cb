"""INS: how much of the score comes back when what holds the target up is kept alone."""

from topple.metrics.attributions.base import CurveMetric, FixedLength
from topple.records.curves import Curves


class Insertion(CurveMetric):
    """Mean score of the target over the 11 points, as an empty history gets what holds it up most first; in the model's units.

    Source: Barkan et al., "A counterfactual framework for learning and evaluating explanations for recommender systems", WWW 2024.
    Differs from it in: k is that of the query's list; ties speak for the target.
    """

    name = "ins"
    title = "INS"
    direction = "higher"

    def at(self, curves: Curves, length: int, k: int) -> float | None:
        """Return the score."""
        return curves.insertion.score(length)


class InsertionFixed(FixedLength):
    """Mean share of the score that 1 to 5 events that hold the target up most give alone; scores above 0 alone.

    Source: Barkan et al., SIGIR 2025 (refined metrics). Differs from it in: the mean of the five numbers.
    """

    name = "ins_fixed"
    title = "INS, 1 to 5 items"
    direction = "higher"
    of = "attributions of scores above 0"

    def at(self, curves: Curves, length: int, k: int) -> float | None:
        """Return the share of the unchanged score; None where that is no measure."""
        whole = curves.insertion.score(curves.events)
        return curves.insertion.score(length) / whole if whole > 0 else None
