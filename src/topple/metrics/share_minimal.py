"""Share minimal: of the true sets, how many are no larger than they need be."""

from topple.metrics.base import Judged, MeanMetric, named
from topple.records.answer import Removal


class ShareMinimal(MeanMetric):
    """Share of the valid sets of which no single item (or group) can be given back."""

    name = "share_minimal"
    title = "minimal"
    direction = "higher"
    of = "valid sets"

    def value(self, judged: Judged) -> float | None:
        """Return 1 for a valid set that is minimal, 0 for another; a verdict by retraining does not check it and is left out."""
        verdict = judged.verdict
        checked = verdict.valid and named(verdict) and verdict.removal is Removal.INFERENCE
        return float(bool(verdict.minimal)) if checked else None
