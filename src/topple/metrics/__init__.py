"""How good: one file per metric, over Verdicts; each states its denominator and its direction."""

from collections.abc import Sequence

from topple import registry
from topple.metrics.base import Measurement, Metric
from topple.metrics.evaluation import Evaluation, Retrained
from topple.records.answer import Verdict

__all__ = ["Evaluation", "Measurement", "Metric", "Retrained", "measure"]


def measure(verdicts: Sequence[Verdict]) -> dict[str, Measurement]:
    """Return every registered metric over the verdicts of one candidate rule, by name."""
    found: dict[str, Measurement] = {}
    for name in registry.names("metrics"):
        metric: Metric = registry.load("metrics", name)()
        found[name] = metric.measure(verdicts)
    return found
