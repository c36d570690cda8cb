"""F_NS: necessity and sufficiency in one number."""

from collections.abc import Sequence

from topple.metrics.base import Judged, Measurement, Metric
from topple.metrics.pn import ProbabilityOfNecessity
from topple.metrics.ps import ProbabilityOfSufficiency


class FNS(Metric):
    """Harmonic mean of PN and PS; 0 when both are 0.

    Source: Wen et al., Sci. China Inf. Sci. 2024. Differs from it in: nothing.
    """

    name = "f_ns"
    title = "F_NS"
    direction = "higher"
    of = "found sets"

    def measure(self, judged: Sequence[Judged]) -> Measurement:
        """2 PN PS / (PN + PS)."""
        pn = ProbabilityOfNecessity().measure(judged)
        ps = ProbabilityOfSufficiency().measure(judged)
        total = pn.value + ps.value
        value = 0.0 if total == 0 else 2 * pn.value * ps.value / total
        return Measurement(self.name, value, pn.denominator, self.of, self.direction)
