"""Validity: how many queries get a set that is true."""

from topple.metrics.base import Judged, MeanMetric, named


class Validity(MeanMetric):
    """Share of the queries with a set that, re-ranked, does what their goal asks: by default, topples the target."""

    name = "validity"
    title = "validity"
    direction = "higher"
    of = "queries"

    def value(self, judged: Judged) -> float | None:
        """Return 1 for a query with a set that is found and verified, 0 for another."""
        verdict = judged.verdict
        return float(verdict.valid and named(verdict))
