"""Explanation size."""

from topple.metrics.base import MeanMetric, named
from topple.records.answer import Verdict


class MeanSize(MeanMetric):
    """Mean number of items in a found set, true or not."""

    name = "mean_size"
    title = "mean size"
    direction = "lower"
    of = "found sets"

    def value(self, verdict: Verdict) -> float | None:
        """Return the number of items of a found set."""
        return float(verdict.size) if named(verdict) else None
