"""PN, the probability of necessity."""

from collections.abc import Sequence

from topple.metrics.base import Measurement, Metric
from topple.records.answer import Verdict


class ProbabilityOfNecessity(Metric):
    """Share of the found sets without which the target leaves the re-ranked top-k.

    Source: Wen et al., Sci. China Inf. Sci. 2024. Differs from it in: nothing; its rule is `unseen_after`.
    """

    name = "pn"
    title = "PN"
    direction = "higher"
    of = "found sets"

    def measure(self, verdicts: Sequence[Verdict]) -> Measurement:
        """Necessary / found."""
        return self.mean(verdict.necessary for verdict in verdicts if verdict.found)
