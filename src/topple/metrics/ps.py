"""PS, the probability of sufficiency."""

from topple.metrics.base import Judged, MeanMetric, named


class ProbabilityOfSufficiency(MeanMetric):
    """Share of the found sets that alone, as the whole history, keep the target in the top-k.

    Source: Wen et al., Sci. China Inf. Sci. 2024. Differs from it in: nothing; the rule there is `unseen_after`.
    """

    name = "ps"
    title = "PS"
    direction = "higher"
    of = "found sets"

    def value(self, judged: Judged) -> float | None:
        """Return 1 for a found set that is sufficient, 0 for another."""
        verdict = judged.verdict
        return float(verdict.sufficient) if named(verdict) else None
