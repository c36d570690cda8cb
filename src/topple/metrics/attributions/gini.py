"""Gini: whether a few events carry an attribution, or all alike."""

import math
from typing import ClassVar

from topple.metrics.base import Judged, MeanMetric


class Gini(MeanMetric):
    """Gini coefficient of the sizes of the numbers of a history: 0 where all are equal, near 1 where one event has all.

    Attributions that are 0 everywhere, or not finite, have none.
    Source: used for attributions of recommendations by CFExpRec, SIGIR 2026. Differs from it in: the sizes are taken, so that numbers
    below 0 count by how large they are.
    """

    name = "gini"
    title = "Gini"
    direction = "higher"
    of = "attributions not all 0"
    reads_attributions: ClassVar = True

    def value(self, judged: Judged) -> float | None:
        """Return the coefficient of one query; None without attributions."""
        sizes = sorted(map(abs, judged.explanation.attributions))
        total = math.fsum(sizes)
        if not total > 0 or not math.isfinite(total):
            return None
        weighted = math.fsum((2 * turn - len(sizes) - 1) * size for turn, size in enumerate(sizes, start=1))
        return weighted / (len(sizes) * total)
