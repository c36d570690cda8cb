"""Coverage: how many queries an explainer names a set for."""

from topple.metrics.base import Judged, MeanMetric, named


class Coverage(MeanMetric):
    """Share of the queries with a set, true or not."""

    name = "coverage"
    title = "coverage"
    direction = "higher"
    of = "queries"

    def value(self, judged: Judged) -> float | None:
        """Return 1 for a query with a set, 0 for another."""
        return float(named(judged.verdict))
