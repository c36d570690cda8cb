"""NEG@K: how long the target stays when what holds it up least is removed."""

from topple.metrics.attributions.base import CurveMetric
from topple.records.curves import Curves


class Neg(CurveMetric):
    """Share of the 11 points at which the target is still in the top-k, as what holds it up least is removed first.

    Source: Barkan et al., "A counterfactual framework for learning and evaluating explanations for recommender systems", WWW 2024.
    Differs from it in: k is that of the query's list; ties speak for the target.
    """

    name = "neg"
    title = "NEG@K"
    direction = "higher"

    def at(self, curves: Curves, length: int, k: int) -> float | None:
        """Return 1 where the target is still listed."""
        return float(curves.reverse_deletion.rank(length) <= k)
