"""Explanation size."""

from topple.metrics.base import Judged, MeanMetric, named


class MeanSize(MeanMetric):
    """Mean number of items in a found set, true or not."""

    name = "mean_size"
    title = "mean size"
    direction = "lower"
    of = "found sets"

    def value(self, judged: Judged) -> float | None:
        """Return the number of items of a found set."""
        verdict = judged.verdict
        return float(verdict.size) if named(verdict) else None
