"""CDCG: the discounted gain of the target that is left when what holds it up is removed."""

import math

from topple.metrics.attributions.base import CurveMetric, FixedLength
from topple.records.curves import Curves


class Cdcg(CurveMetric):
    """Mean of 1 / log2(1 + rank of the target) over the 11 points, as what holds it up most is removed first.

    Source: Barkan et al., "A counterfactual framework for learning and evaluating explanations for recommender systems", WWW 2024.
    Differs from it in: k is that of the query's list; ties speak for the target.
    """

    name = "cdcg"
    title = "CDCG"
    direction = "lower"

    def at(self, curves: Curves, length: int, k: int) -> float | None:
        """Return the discounted gain."""
        return 1 / math.log2(1 + curves.deletion.rank(length))


class CdcgFixed(FixedLength):
    """Mean of 1 / log2(1 + rank of the target) when 1 to 5 events that hold the target up most are removed.

    Source: Barkan et al., SIGIR 2025 (refined metrics). Differs from it in: the mean of the five numbers.
    """

    name = "cdcg_fixed"
    title = "CDCG, 1 to 5 items"
    direction = "lower"

    def at(self, curves: Curves, length: int, k: int) -> float | None:
        """Return the discounted gain."""
        return 1 / math.log2(1 + curves.deletion.rank(length))
