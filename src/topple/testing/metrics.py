"""Does a metric keep its contract: a stated denominator and direction, and no query lost on the way?"""

import math
from collections.abc import Callable, Sequence

from topple.metrics.base import Measurement, Metric
from topple.records.answer import CandidateRule, Query, Verdict
from topple.testing.rules import require

DENOMINATORS: dict[str, Callable[[Verdict], bool]] = {
    "queries": lambda verdict: True,
    "found sets": lambda verdict: verdict.found,
    "necessary sets": lambda verdict: verdict.necessary,
}
"""What the denominators of the house count; a metric with a denominator of its own is checked for less."""


def check_metric(metric: type[Metric] | Metric) -> None:
    """Check a metric on handmade verdicts: found and true, found and refuted, and not found at all.

    Raises:
        ContractError: the first rule that is broken, with the value that breaks it.

    Example:
        >>> from topple.metrics.coverage import Coverage
        >>> check_metric(Coverage)
    """
    its = metric() if isinstance(metric, type) else metric
    for attribute in ("name", "title", "of"):
        value = getattr(its, attribute, None)
        require(isinstance(value, str) and value, attribute, repr(value), f"a metric declares its {attribute}.")
    direction = getattr(its, "direction", None)
    require(
        direction in ("higher", "lower"), f"{its.name}: direction", repr(direction), "'higher' or 'lower' is better."
    )
    found, lost = _verdicts(), [_lost(f"lost-{number}") for number in range(5)]
    for verdicts in ([], found, lost, [*found, *lost], [*lost, *found]):
        _check_measurement(its, verdicts)
    _check_order(its, [*found, *lost])


def _check_measurement(metric: Metric, verdicts: Sequence[Verdict]) -> None:
    measured = metric.measure(verdicts)
    rule = "a measurement carries the metric's name, denominator ('of') and direction."
    carried = (measured.name, measured.of, measured.direction)
    require(carried == (metric.name, metric.of, metric.direction), f"{metric.name}: measurement", carried, rule)
    part, counted = f"{metric.name}: denominator over {len(verdicts)} verdicts", measured.denominator
    if metric.of in DENOMINATORS:
        expected = sum(map(DENOMINATORS[metric.of], verdicts))
        rule = (
            f"'of' says {metric.of}, of which there are {expected}; queries without a set are never dropped silently."
        )
        require(counted == expected, part, counted, rule)
    require(0 <= counted <= len(verdicts), part, counted, "a denominator counts some of the verdicts.")
    rule = "the value is NaN where the denominator is 0, and a number elsewhere."
    value = f"{measured.value} with denominator {counted}"
    require(math.isnan(measured.value) == (counted == 0), f"{metric.name}: value", value, rule)
    require(not math.isinf(measured.value), f"{metric.name}: value", value, rule)


def _check_order(metric: Metric, verdicts: Sequence[Verdict]) -> None:
    expected = metric.measure(verdicts)
    for order in (verdicts[::-1], [*verdicts[3:], *verdicts[:3]]):
        found = metric.measure(order)
        rule = "the order of the verdicts changes nothing."
        require(_same(found, expected), f"{metric.name}: order", f"{found.value} against {expected.value}", rule)


def _same(one: Measurement, other: Measurement) -> bool:
    return one.denominator == other.denominator and math.isclose(one.value, other.value, rel_tol=1e-12)


def _verdicts() -> list[Verdict]:
    """Return sets that are necessary or not, sufficient or not, minimal or not."""
    return [
        _found("a", 1, necessary=True, sufficient=True, minimal=True),
        _found("b", 2, necessary=True, sufficient=False, minimal=False),
        _found("c", 3, necessary=False, sufficient=True, minimal=None),
        _found("d", 1, necessary=False, sufficient=False, minimal=None),
    ]


def _found(target: str, size: int, *, necessary: bool, sufficient: bool, minimal: bool | None) -> Verdict:
    query = Query(("x", "y", "z"), target, k=2)
    return Verdict(
        query,
        CandidateRule.UNSEEN_BEFORE,
        found=True,
        size=size,
        rank_before=1,
        rank_after=3 if necessary else 2,
        rank_alone=2 if sufficient else 4,
        replacements=("w",) if necessary else (),
        necessary=necessary,
        sufficient=sufficient,
        minimal=minimal,
    )


def _lost(target: str) -> Verdict:
    return Verdict(Query(("x", "y", "z"), target, k=2), CandidateRule.UNSEEN_BEFORE, found=False, rank_before=2)
