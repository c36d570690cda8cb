"""PN, the probability of necessity."""

from topple.metrics.base import Judged, MeanMetric, named


class ProbabilityOfNecessity(MeanMetric):
    """Share of the found sets without which the target leaves the re-ranked top-k.

    Source: Wen et al., Sci. China Inf. Sci. 2024. Differs from it in: nothing; the rule there is `unseen_after`.
    """

    name = "pn"
    title = "PN"
    direction = "higher"
    of = "found sets"

    def value(self, judged: Judged) -> float | None:
        """Return 1 for a found set that is necessary, 0 for another."""
        verdict = judged.verdict
        return float(verdict.necessary) if named(verdict) else None
