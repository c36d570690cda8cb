"""Coverage: how many queries an explainer names a set for."""

from collections.abc import Sequence

from topple.metrics.base import Measurement, Metric
from topple.records.answer import Verdict


class Coverage(Metric):
    """Share of the queries with a set, true or not."""

    name = "coverage"
    title = "coverage"
    direction = "higher"
    of = "queries"

    def measure(self, verdicts: Sequence[Verdict]) -> Measurement:
        """Found / queries."""
        return self.mean(verdict.found for verdict in verdicts)
