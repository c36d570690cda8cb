"""Validity: how many queries get a set that is true."""

from collections.abc import Sequence

from topple.metrics.base import Measurement, Metric
from topple.records.answer import Verdict


class Validity(Metric):
    """Share of the queries with a set that, re-ranked, does what their goal asks: by default, topples the target."""

    name = "validity"
    title = "validity"
    direction = "higher"
    of = "queries"

    def measure(self, verdicts: Sequence[Verdict]) -> Measurement:
        """Found and verified / queries."""
        return self.mean(verdict.valid for verdict in verdicts)
