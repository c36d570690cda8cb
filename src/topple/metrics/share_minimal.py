"""Share minimal: of the true sets, how many are no larger than they need be."""

from collections.abc import Sequence

from topple.metrics.base import Measurement, Metric
from topple.records.answer import Removal, Verdict


class ShareMinimal(Metric):
    """Share of the valid sets of which no single item (or group) can be given back."""

    name = "share_minimal"
    title = "minimal"
    direction = "higher"
    of = "valid sets"

    def measure(self, verdicts: Sequence[Verdict]) -> Measurement:
        """Minimal / valid; a verdict by retraining, where this is not checked, is in neither."""
        checked = (its for its in verdicts if its.valid and its.removal is Removal.INFERENCE)
        return self.mean(bool(verdict.minimal) for verdict in checked)
