"""PS, the probability of sufficiency."""

from topple.metrics.base import MeanMetric, named
from topple.records.answer import Verdict


class ProbabilityOfSufficiency(MeanMetric):
    """Share of the found sets that alone, as the whole history, keep the target in the top-k.

    Source: Wen et al., Sci. China Inf. Sci. 2024. Differs from it in: nothing; the rule there is `unseen_after`.
    """

    name = "ps"
    title = "PS"
    direction = "higher"
    of = "found sets"

    def value(self, verdict: Verdict) -> float | None:
        """Return 1 for a found set that is sufficient, 0 for another."""
        return float(verdict.sufficient) if named(verdict) else None
