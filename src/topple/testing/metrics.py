"""Does a metric keep the contract: a stated denominator and direction, and no query lost on the way?"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from topple.metrics.base import Judged, MeanMetric, Measurement, Metric, named
from topple.records.answer import Explanation, Removal, Status, Verdict
from topple.records.curves import Curve, Curves, lengths_of
from topple.records.question import CandidateRule, Goal, Query
from topple.testing.rules import require

DENOMINATORS: dict[str, Callable[[Judged], bool]] = {
    "queries": lambda judged: True,
    "found sets": lambda judged: named(judged.verdict),
    "valid sets": lambda judged: (
        judged.verdict.valid and named(judged.verdict) and judged.verdict.removal is Removal.INFERENCE
    ),
    "bounded sets": lambda judged: (
        judged.verdict.valid
        and named(judged.verdict)
        and judged.verdict.at_least is not None
        and not judged.verdict.query.item_costs
    ),
    "attributions": lambda judged: judged.curves is not None,
    "attributions of scores above 0": lambda judged: judged.curves is not None and judged.curves.deletion.score(0) > 0,
    "attributions not all 0": lambda judged: any(judged.explanation.attributions),
}
"""What the denominators of the library count; a metric with another denominator is checked for less."""


def check_metric(metric: type[Metric] | Metric) -> None:
    """Check a metric on handmade answers: of each goal, found and true, found and refuted, retrained, not found, with attributions.

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
    found, lost = (
        [*map(_judged, _verdicts()), *_attributed()],
        [_judged(_lost(f"lost-{number}")) for number in range(5)],
    )
    for answers in ([], *([one] for one in found), found, lost, [*found, *lost], [*lost, *found]):
        _check_measurement(checked, answers)
    _check_order(checked, [*found, *lost])
    if isinstance(checked, MeanMetric):
        _check_values(checked, [*found, *lost])


def _check_measurement(metric: Metric, judged: Sequence[Judged]) -> None:
    measured = metric.measure(judged)
    rule = "a measurement carries the metric's name, denominator ('of') and direction."
    carried = (measured.name, measured.of, measured.direction)
    require(carried == (metric.name, metric.of, metric.direction), f"{metric.name}: measurement", carried, rule)
    part, counted = f"{metric.name}: denominator over {len(judged)} verdicts", measured.denominator
    if metric.of in DENOMINATORS:
        expected = sum(map(DENOMINATORS[metric.of], judged))
        rule = (
            f"'of' says {metric.of}, of which there are {expected}; queries without a set are never dropped silently."
        )
        require(counted == expected, part, counted, rule)
    require(0 <= counted <= len(judged), part, counted, "a denominator counts verdicts, each once at most.")
    rule = "the value is NaN where the denominator is 0, and a number elsewhere."
    value = f"{measured.value} with denominator {counted}"
    require(math.isnan(measured.value) == (counted == 0), f"{metric.name}: value", value, rule)
    require(not math.isinf(measured.value), f"{metric.name}: value", value, rule)


def _check_order(metric: Metric, judged: Sequence[Judged]) -> None:
    expected = metric.measure(judged)
    for order in (judged[::-1], [*judged[3:], *judged[:3]]):
        found = metric.measure(order)
        rule = "the order of the verdicts changes nothing."
        require(_same(found, expected), f"{metric.name}: order", f"{found.value} against {expected.value}", rule)


def _check_values(metric: MeanMetric, judged: Sequence[Judged]) -> None:
    """Check that the numbers of single queries are those whose mean is measured."""
    numbers = [metric.value(one) for one in judged]
    part, counted = f"{metric.name}: values", [number for number in numbers if number is not None]
    if metric.of in DENOMINATORS:
        inside = [number is not None for number in numbers]
        rule = f"the queries with a value are those that the denominator counts, {metric.of}."
        require(inside == list(map(DENOMINATORS[metric.of], judged)), part, numbers, rule)
    expected, measured = metric.mean(counted), metric.measure(judged)
    rule = "the measurement is the mean of the values of the queries."
    value = f"mean {expected.value} of {expected.denominator}, measured {measured.value} of {measured.denominator}"
    require(_same(expected, measured), part, value, rule)


def _same(one: Measurement, other: Measurement) -> bool:
    level = math.isclose(one.value, other.value, rel_tol=1e-12) or (math.isnan(one.value) and math.isnan(other.value))
    return one.denominator == other.denominator and level


def _judged(verdict: Verdict) -> Judged:
    """Return the answer of a method of sets, with a verdict."""
    return Judged(
        Explanation(verdict.query, Status.FOUND if verdict.found else Status.NOT_FOUND, verdict=verdict), verdict
    )


def _attributed() -> list[Judged]:
    """Return answers with attributions and curves: of scores above 0 and below, of numbers that are all 0, without curves."""
    lengths = lengths_of(3)
    ranks, scores = (1, 2, 4, 9)[: len(lengths)], (2.0, 1.5, 0.5, 0.0)
    falling, rising = Curve(lengths, ranks, scores), Curve(lengths, ranks[::-1], scores[::-1])
    below = Curve(lengths, ranks, tuple(score - 3 for score in scores))
    lost = _lost("attributed")
    told = [
        Explanation(lost.query, Status.NOT_FOUND, attributions=numbers)
        for numbers in ((0.5, -0.1, 0.0), (0.0, 0.0, 0.0))
    ]
    above_0 = Curves(falling, falling, rising)
    return [
        *(Judged(explanation, lost, above_0) for explanation in told),
        Judged(told[0], lost, Curves(below, below, below)),
        Judged(told[0], lost),
    ]


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
