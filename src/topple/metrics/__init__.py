"""How good: one file per metric, over Verdicts; each states the denominator and the direction."""

from collections.abc import Sequence

from topple import registry
from topple.metrics.base import MeanMetric, Measurement, Metric
from topple.metrics.evaluation import Evaluation, Retrained
from topple.metrics.proofs import Proofs, claimed_by, count_proofs
from topple.records.answer import Verdict

__all__ = [
    "Evaluation",
    "MeanMetric",
    "Measurement",
    "Metric",
    "Proofs",
    "Retrained",
    "claimed_by",
    "count_proofs",
    "measure",
    "values",
]


def measure(verdicts: Sequence[Verdict]) -> dict[str, Measurement]:
    """Return every registered metric over the verdicts of one candidate rule, by name."""
    return {name: metric.measure(verdicts) for name, metric in _metrics().items()}


def values(verdicts: Sequence[Verdict]) -> dict[str, tuple[float | None, ...]]:
    """Return what each query counts for in every registered metric that is a mean over queries, by name.

    Returns:
        for each metric one number a verdict, in the order of the verdicts; None where the query is outside the denominator.
    """
    means = {name: metric for name, metric in _metrics().items() if isinstance(metric, MeanMetric)}
    return {name: tuple(map(metric.value, verdicts)) for name, metric in means.items()}


def _metrics() -> dict[str, Metric]:
    return {name: registry.load("metrics", name)() for name in registry.names("metrics")}
