"""All metrics of a run, under each candidate rule."""

from collections.abc import Mapping
from dataclasses import dataclass

from topple.explanation import CandidateRule
from topple.metrics.base import Measurement


@dataclass(frozen=True)
class Evaluation:
    """The metrics of explanations under each candidate rule, and what they were measured on.

    Args:
        queries: valid queries; the denominator of coverage.
        invalid: queries that could not be asked; in no denominator.
        seconds_per_query: mean time of a query.
        measurements: by rule, then by metric.
    """

    queries: int
    invalid: int
    seconds_per_query: float
    measurements: Mapping[CandidateRule, Mapping[str, Measurement]]
