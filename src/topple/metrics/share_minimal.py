"""Share minimal: of the true sets, how many are no larger than they need be."""

from collections.abc import Sequence

from topple.explanation import Verdict
from topple.metrics.base import Measurement, Metric


class ShareMinimal(Metric):
    """Share of the valid sets of which no single item (or group) can be given back."""

    name = "share_minimal"
    title = "minimal"
    direction = "higher"
    of = "valid sets"

    def measure(self, verdicts: Sequence[Verdict]) -> Measurement:
        """Minimal / valid."""
        return self.mean(bool(verdict.minimal) for verdict in verdicts if verdict.valid)
