"""Paired tests of compared methods as a table."""

from collections.abc import Sequence
from typing import Any

from topple.metrics import all_metrics
from topple.reports.methods.content import HEADINGS, NONE, SIZES, Part
from topple.types import JsonObject


def differences(tests: Sequence[JsonObject]) -> Part:
    """Return a row for each of paired tests, plain; p-values are corrected where tests were made together."""
    titles = {name: HEADINGS.get(name, metric.title) for name, metric in all_metrics().items()}
    several = len({test["model"] for test in tests}) > 1
    headings = (
        *(("model",) if several else ()),
        *(
            "metric",
            "first",
            "second",
            "means",
            "difference",
            f"{tests[0]['level']:.0%} interval",
            "queries",
            "users",
            "p",
        ),
        *("only first : second", "p McNemar"),
    )
    rows = [
        (*((str(test["model"]),) if several else ()), titles.get(test["metric"], test["metric"]), *_cells(test))
        for test in tests
    ]
    return Part(
        "Paired tests",
        headings,
        tuple(rows),
        tuple(name not in ("model", "metric", "first", "second") for name in headings),
    )


def _cells(test: JsonObject) -> tuple[str, ...]:
    decimals = 2 if test["metric"] in SIZES else 3
    exact = test["mcnemar"]
    ends = NONE if test["low"] is None else f"{test['low']:+.{decimals}f} to {test['high']:+.{decimals}f}"
    return (
        test["first"],
        test["second"],
        f"{test['mean_first']:.{decimals}f}, {test['mean_second']:.{decimals}f}",
        f"{test['difference']:+.{decimals}f}",
        ends,
        f"{test['queries']:,}",
        f"{test['users']:,}",
        chance(test["p"] if test["holm"] is None else test["holm"]),
        NONE if exact is None else f"{exact['only_first']:,} : {exact['only_second']:,}",
        NONE if exact is None else chance(exact["p"] if exact["holm"] is None else exact["holm"]),
    )


def chance(p: float | None) -> str:
    """Return a p-value as tables show it.

    Example:
        >>> chance(0.0342), chance(0.00002), chance(None)
        ('0.034', '< 0.001', '-')
    """
    return NONE if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"


def about_tests(tests: Sequence[JsonObject], seeds: Sequence[Any]) -> list[str]:
    """Return the lines that say how the tests were made."""
    if not tests:
        return []
    together = f", corrected by Holm for {len(tests)} tests" if tests[0]["holm"] is not None else ""
    lines = [
        "Differences: first less second, over the queries that have a value for both with every seed, each the mean over the seeds. "
        f"Intervals: {tests[0]['level']:.0%}, bootstrap over users, each of one test alone. p: drawn signs of users' differences{together}."
    ]
    if any(test["mcnemar"] is not None for test in tests):
        lines.append(
            f"McNemar: exact, of the queries of seed {seeds[0]} that count for one of the two alone{together}; it takes the queries of one "
            "user for independent, which the interval and p do not."
        )
    return lines
