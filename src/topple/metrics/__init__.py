"""How good: one file per metric, over answers that were judged; each states the denominator and the direction."""

from collections.abc import Sequence

from topple import registry
from topple.metrics.base import Judged, MeanMetric, Measurement, Metric
from topple.metrics.evaluation import Evaluation, Retrained
from topple.metrics.proofs import Proofs, claimed_by, count_proofs

__all__ = [
    "Evaluation",
    "Judged",
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


def measure(judged: Sequence[Judged]) -> dict[str, Measurement]:
    """Return every registered metric over answers with the verdicts of one candidate rule, by name; of attributions where there are any."""
    return {name: metric.measure(judged) for name, metric in _metrics_for(judged).items()}


def values(judged: Sequence[Judged]) -> dict[str, tuple[float | None, ...]]:
    """Return what each query counts for in every registered metric that is a mean over queries, by name.

    Returns:
        for each metric one number an answer, in the order of the answers; None where the query is outside the denominator.
    """
    means = {name: metric for name, metric in _metrics_for(judged).items() if isinstance(metric, MeanMetric)}
    return {name: tuple(map(metric.value, judged)) for name, metric in means.items()}


def all_metrics() -> dict[str, Metric]:
    """Return every registered metric, by name."""
    return {name: registry.load("metrics", name)() for name in registry.names("metrics")}


def _metrics_for(judged: Sequence[Judged]) -> dict[str, Metric]:
    """Return the registered metrics, those of attributions only where an answer has some."""
    attributed = any(each.explanation.attributions for each in judged)
    return {name: metric for name, metric in all_metrics().items() if attributed or not metric.reads_attributions}
