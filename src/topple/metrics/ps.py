"""PS, the probability of sufficiency."""

from collections.abc import Sequence

from topple.metrics.base import Measurement, Metric
from topple.records.answer import Verdict


class ProbabilityOfSufficiency(Metric):
    """Share of the found sets that alone, as the whole history, keep the target in the top-k.

    Source: Wen et al., Sci. China Inf. Sci. 2024. Differs from it in: nothing; its rule is `unseen_after`.
    """

    name = "ps"
    title = "PS"
    direction = "higher"
    of = "found sets"

    def measure(self, verdicts: Sequence[Verdict]) -> Measurement:
        """Sufficient / found."""
        return self.mean(verdict.sufficient for verdict in verdicts if verdict.found)
