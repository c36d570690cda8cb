"""POS@K: how long the target stays when what holds it up is removed."""

from topple.metrics.attributions.base import CurveMetric, FixedLength
from topple.records.curves import Curves


class Pos(CurveMetric):
    """Share of the 11 points at which the target is still in the top-k, as what holds it up most is removed first.

    Source: Barkan et al., "A counterfactual framework for learning and evaluating explanations for recommender systems", WWW 2024.
    Differs from it in: k is that of the query's list; ties speak for the target.
    """

    name = "pos"
    title = "POS@K"
    direction = "lower"

    def at(self, curves: Curves, length: int, k: int) -> float | None:
        """Return 1 where the target is still listed."""
        return float(curves.deletion.rank(length) <= k)


class PosFixed(FixedLength):
    """Share of 1 to 5 removed events, those that hold the target up most, after which the target is still in the top-k.

    Source: Barkan et al., SIGIR 2025 (refined metrics). Differs from it in: the mean of the five numbers.
    """

    name = "pos_fixed"
    title = "POS@K, 1 to 5 items"
    direction = "lower"

    def at(self, curves: Curves, length: int, k: int) -> float | None:
        """Return 1 where the target is still listed."""
        return float(curves.deletion.rank(length) <= k)
