"""What a metric is, and what it sees of an answer."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from topple.records.answer import Explanation, Verdict
from topple.records.curves import Curves


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer as metrics see it.

    Args:
        explanation: what was answered, with attributions where the method gives them.
        verdict: what re-ranking says of the set, under the candidate rule that is measured.
        curves: of the attributions, under the rule that the query asks for; None under another rule, and where no metric reads them.
    """

    explanation: Explanation
    verdict: Verdict
    curves: Curves | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """A number with what it was divided by; NaN where the denominator is 0."""

    name: str
    value: float
    denominator: int
    of: str
    direction: Literal["higher", "lower"]


class Metric(ABC):
    """A number over answers. Queries without a set are among them and are never dropped silently.

    A metric that is a mean over queries inherits `MeanMetric`; one that is not (a harmonic mean of two others) inherits
    this class and has no values of single queries.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    direction: ClassVar[Literal["higher", "lower"]]
    of: ClassVar[str]
    """What the denominator counts."""
    reads_attributions: ClassVar[bool] = False
    """Whether the metric looks at attributions; where no answer has any, it is not measured."""
    reads_curves: ClassVar[bool] = False
    """Whether the metric looks at the curves of attributions, which are worked out for such metrics alone."""

    @abstractmethod
    def measure(self, judged: Sequence[Judged]) -> Measurement:
        """Measure answers, with the verdicts of one candidate rule."""

    def mean(self, values: Iterable[float]) -> Measurement:
        """Return the mean as a measurement."""
        numbers = list(values)
        value = math.fsum(numbers) / len(numbers) if numbers else math.nan
        return Measurement(self.name, value, len(numbers), self.of, self.direction)


def named(verdict: Verdict) -> bool:
    """Return whether a set was found that tells something.

    A whole history of two items or more, after which nothing is left to speak for the target, does not: it counts in the share
    of whole histories, and the query counts like one without a set elsewhere.
    """
    return verdict.found and not verdict.whole_history


class MeanMetric(Metric):
    """A metric that is the mean of one number for each query of the denominator."""

    @abstractmethod
    def value(self, judged: Judged) -> float | None:
        """Return the number of one query; None for a query outside the denominator."""

    def measure(self, judged: Sequence[Judged]) -> Measurement:
        """Return the mean of the numbers of the queries in the denominator."""
        return self.mean(value for value in map(self.value, judged) if value is not None)
