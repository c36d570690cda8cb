"""Share of whole histories: how many queries have no other answer than that nothing is left to speak for the target."""

from topple.metrics.base import Judged, MeanMetric


class ShareWholeHistory(MeanMetric):
    """Share of the queries whose found set is a whole history of two items or more, and topples by ties alone.

    Such a set counts in no other metric. The only item of a history of one is a set like any other.
    """

    name = "share_whole_history"
    title = "whole history"
    direction = "lower"
    of = "queries"

    def value(self, judged: Judged) -> float | None:
        """Return 1 for a query whose set is a whole history, 0 for another."""
        verdict = judged.verdict
        return float(verdict.found and verdict.whole_history)
