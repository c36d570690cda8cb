"""Validity: how many queries get a set that is true."""

from collections.abc import Sequence

from topple.explanation import Verdict
from topple.metrics.base import Measurement, Metric


class Validity(Metric):
    """Share of the queries with a set whose removal topples the target when re-ranked."""

    name = "validity"
    title = "validity"
    direction = "higher"
    of = "queries"

    def measure(self, verdicts: Sequence[Verdict]) -> Measurement:
        """Found and verified / queries."""
        return self.mean(verdict.necessary for verdict in verdicts)
