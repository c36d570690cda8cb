"""All metrics of a run, under each candidate rule."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from topple.metrics.base import Measurement
from topple.metrics.proofs import Proofs
from topple.records.curves import Curves
from topple.records.question import CandidateRule
from topple.records.telling.above import by


@dataclass(frozen=True)
class Retrained:
    """What fitting the model anew says of a sample of the sets that re-ranking confirms, each under the rule that its query asks for.

    Args:
        true: sets whose removal topples their target by re-ranking.
        sampled: how many of them were judged by a fit.
        still_topple: how many of the sample topple their target after the fit too.
        same_rank: of how many of the sample the target's rank after the fit is that of re-ranking.
        steady: how many targets of the sample keep their rank when the model is fitted again with nothing removed.
        seconds_a_fit: mean time of a fit.
    """

    true: int
    sampled: int
    still_topple: int
    same_rank: int
    steady: int
    seconds_a_fit: float

    @property
    def seconds_for_all(self) -> float:
        """What judging every true set by a fit would take, estimated."""
        return self.seconds_a_fit * self.true


@dataclass(frozen=True, repr=False)
class Evaluation:
    """The metrics of explanations under each candidate rule, and what they were measured on.

    Args:
        queries: valid queries; the denominator of coverage.
        invalid: queries that could not be asked; in no denominator.
        seconds_per_query: mean time of a query.
        measurements: by rule, then by metric; always by inference. Queries about unseen items are measured under both rules of
            these, queries under the rule `all` under that one.
        retrained: what retraining says of a sample, where that was asked for and a set is true.
        values: by rule, then by metric: what each explanation that was given counts for, in the order given; None for one
            outside the metric's denominator, such as an invalid query, or one without a set where found sets are counted. The
            measurement is the mean of the numbers. Metrics that are no mean over queries (F_NS) are not here.
        proofs: how many answers are proven, and by whom, as the explanations say.
        curves: of each explanation that was given, where it has attributions and a metric reads curves; else None.
    """

    queries: int
    invalid: int
    seconds_per_query: float
    measurements: Mapping[CandidateRule, Mapping[str, Measurement]]
    retrained: Retrained | None = None
    values: Mapping[CandidateRule, Mapping[str, tuple[float | None, ...]]] = field(default_factory=dict)
    proofs: Proofs = field(default_factory=lambda: Proofs(0, 0, 0))
    curves: tuple[Curves | None, ...] = ()

    def __repr__(self) -> str:
        told = []
        for rule, measured in self.measurements.items():
            values = ", ".join(
                f"{name} {measured[name].value:.3f}" for name in ("coverage", "pn", "mean_size") if name in measured
            )
            told.append(f"{rule.value}: {values}")
        return f"<Evaluation of {self.queries:,} queries; {'; '.join(told)}>"

    def _repr_html_(self) -> str:
        """Return the card that a notebook shows."""
        return str(by("evaluation_card")(self))
