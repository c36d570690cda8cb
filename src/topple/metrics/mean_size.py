"""Explanation size."""

from collections.abc import Sequence

from topple.metrics.base import Measurement, Metric
from topple.records.answer import Verdict


class MeanSize(Metric):
    """Mean number of items in a found set, true or not."""

    name = "mean_size"
    title = "mean size"
    direction = "lower"
    of = "found sets"

    def measure(self, verdicts: Sequence[Verdict]) -> Measurement:
        """Removed items / found sets."""
        return self.mean(verdict.size for verdict in verdicts if verdict.found)
