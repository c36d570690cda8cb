"""Does a metric keep the contract: a stated denominator and direction, and no query lost on the way?"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from topple.metrics.base import MeanMetric, Measurement, Metric, named
from topple.records.answer import Removal, Verdict
from topple.records.question import CandidateRule, Goal, Query
from topple.testing.rules import require

DENOMINATORS: dict[str, Callable[[Verdict], bool]] = {
    "queries": lambda verdict: True,
    "found sets": named,
    "valid sets": lambda verdict: verdict.valid and named(verdict) and verdict.removal is Removal.INFERENCE,
    "bounded sets": lambda verdict: (
        verdict.valid and named(verdict) and verdict.at_least is not None and not verdict.query.item_costs
    ),
}
"""What the denominators of the library count; a metric with another denominator is checked for less."""


def check_metric(metric: type[Metric] | Metric) -> None:
    """Check a metric on handmade verdicts: of each goal, found and true, found and refuted, retrained, and not found at all.

    Raises:
        ContractError: the first rule that is broken, with the value that breaks it.

    Example:
        >>> from topple.metrics.coverage import Coverage
        >>> check_metric(Coverage)
    """
    checked = metric() if isinstance(metric, type) else metric
    for attribute in ("name", "title", "of"):
        value = getattr(checked, attribute, None)
        require(isinstance(value, str) and value, attribute, repr(value), f"{attribute} is declared, as text.")
    part, direction = f"{checked.name}: direction", getattr(checked, "direction", None)
    require(direction in ("higher", "lower"), part, repr(direction), "'higher' or 'lower' is better.")
    found, lost = _verdicts(), [_lost(f"lost-{number}") for number in range(5)]
    for verdicts in ([], *([one] for one in found), found, lost, [*found, *lost], [*lost, *found]):
        _check_measurement(checked, verdicts)
    _check_order(checked, [*found, *lost])
    if isinstance(checked, MeanMetric):
        _check_values(checked, [*found, *lost])


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
    require(0 <= counted <= len(verdicts), part, counted, "a denominator counts verdicts, each once at most.")
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


def _check_values(metric: MeanMetric, verdicts: Sequence[Verdict]) -> None:
    """Check that the numbers of single queries are those whose mean is measured."""
    numbers = [metric.value(verdict) for verdict in verdicts]
    part, counted = f"{metric.name}: values", [number for number in numbers if number is not None]
    if metric.of in DENOMINATORS:
        inside = [number is not None for number in numbers]
        rule = f"the queries with a value are those that the denominator counts, {metric.of}."
        require(inside == list(map(DENOMINATORS[metric.of], verdicts)), part, numbers, rule)
    expected, measured = metric.mean(counted), metric.measure(verdicts)
    rule = "the measurement is the mean of the values of the queries."
    value = f"mean {expected.value} of {expected.denominator}, measured {measured.value} of {measured.denominator}"
    require(_same(expected, measured), part, value, rule)


def _same(one: Measurement, other: Measurement) -> bool:
    level = math.isclose(one.value, other.value, rel_tol=1e-12) or (math.isnan(one.value) and math.isnan(other.value))
    return one.denominator == other.denominator and level


def _verdicts() -> list[Verdict]:
    """Return sets of each goal that are necessary or not, sufficient or not, minimal or not; whole histories, bounds, and a fit."""
    kinds = (
        ("a", 1, True, True, True),
        ("b", 2, True, False, False),
        ("c", 3, False, True, False),
        ("d", 1, False, False, False),
    )
    sets = [
        _found(f"{target}-{goal}", size, goal, necessary=necessary, sufficient=sufficient, minimal=minimal)
        for goal in Goal
        for target, size, necessary, sufficient, minimal in kinds
    ]
    whole = replace(sets[1], size=3, without_evidence=True, whole_history=True)
    bounded = [replace(verdict, at_least=1.0) for verdict in sets[:3]]
    priced = replace(sets[0], query=replace(sets[0].query, item_costs=(("x", 2.0),)), at_least=2.0)
    return [*sets, whole, *bounded, priced, replace(sets[1], removal=Removal.RETRAINED, minimal=None)]


def _found(target: str, size: int, goal: Goal, *, necessary: bool, sufficient: bool, minimal: bool) -> Verdict:
    query = Query(("x", "y", "z"), target, k=2, goal=goal)
    verdict = Verdict(
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
    )
    return replace(verdict, minimal=minimal if verdict.valid else None)


def _lost(target: str) -> Verdict:
    return Verdict(Query(("x", "y", "z"), target, k=2), CandidateRule.UNSEEN_BEFORE, found=False, rank_before=2)
