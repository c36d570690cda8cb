"""What the tables of compared methods say: headings, cells and the lines below, as text for every format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from topple import registry
from topple.errors import UnknownNameError, shown
from topple.metrics import Metric, all_metrics
from topple.reports.tables import ARROWS
from topple.types import JsonObject

NONE, SPREAD = "-", " ± "
SETS = ("validity", "pn", "ps", "mean_size", "share_minimal")
NUMBERS = ("pos", "neg", "del", "ins", "cdcg", "gini")
"""The metrics of sets and of attributions that tables show unless others are chosen; those of other packages join them."""
HEADINGS = {"share_minimal": "minimal", "share_whole_history": "whole history"}
"""Shorter than the titles of the metrics."""
SIZES = ("mean_size", "mean_gap")
"""Metrics that are no shares: two decimals tell enough."""


@dataclass(frozen=True)
class Part:
    """One table: headings, rows of cells, and which columns are numbers."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[bool, ...]


def parts_of(rows: Sequence[JsonObject], metrics: Sequence[str] | None = None) -> list[Part]:
    """Return the table of sets and, where a method gives numbers for events, that of attributions.

    Args:
        rows: of compared methods, plain.
        metrics: names of the registry; None: those that are usually told, and those of other packages.

    Raises:
        UnknownNameError: a name that is of no metric.
    """
    chosen = {name: metric for name, metric in all_metrics().items() if name in _chosen(metrics)}
    of_sets = {name: each for name, each in chosen.items() if not each.reads_attributions}
    of_numbers = {name: each for name, each in chosen.items() if each.reads_attributions}
    several = len({row["model"] for row in rows}) > 1
    found = [_part("Sets", rows, of_sets, several, work=True)]
    attributed = [row for row in rows if any(name in row["measured"] for name in of_numbers)]
    if attributed:
        found.append(_part("Attributions", rows, of_numbers, several, work=False))
    return found


def _chosen(metrics: Sequence[str] | None) -> list[str]:
    names = registry.names("metrics")
    if metrics is None:
        return [name for name in names if name in (*SETS, *NUMBERS) or name not in registry.BUILT_IN["metrics"]]
    for name in metrics:
        if name not in names:
            raise UnknownNameError(f"{shown(name)} is not one of the metrics: {', '.join(names)}. Name one of them.")
    return list(metrics)


def _part(title: str, rows: Sequence[JsonObject], metrics: Mapping[str, Metric], several: bool, *, work: bool) -> Part:
    """Return one table; `several`: whether there are several models, `work`: whether counts, proofs and costs are shown."""
    fitted = any(row["fit_seconds"]["value"] is not None for row in rows)
    claimed = any(row["claimed"]["value"] for row in rows)
    texts = {"model": several, "method": True, "seeds": True}
    counts = {"queries": True, "found": work}
    costs = {"proven": work, "claimed": work and claimed, "scored": work, "ms": work, "fit s": work and fitted}
    told = [name for name, shown_here in (texts | counts).items() if shown_here]
    costly = [name for name, shown_here in costs.items() if shown_here]
    headings = [*told, *(heading(name, metric) for name, metric in metrics.items()), *costly]
    lines = []
    for row in rows:
        measured = [_measured(row, name) for name in metrics]
        lines.append((*(_told(row, name) for name in told), *measured, *(_cost(row, name) for name in costly)))
    return Part(title, tuple(headings), tuple(lines), tuple(name not in texts for name in headings))


def heading(name: str, metric: Metric) -> str:
    """Return the heading of a metric, with an arrow to the better direction.

    Example:
        >>> from topple.metrics.mean_size import MeanSize
        >>> heading("mean_size", MeanSize())
        'mean size ↓'
    """
    return f"{HEADINGS.get(name, metric.title)} {ARROWS[metric.direction]}"


def _told(row: JsonObject, name: str) -> str:
    """Return a cell of what a row is of."""
    if name in ("model", "method"):
        return str(row[name])
    if row["reason"]:
        return NONE
    if name == "seeds":
        return str(len(row["seeds"]))
    return f"{row['queries'] if name == 'queries' else found_of(row):,.0f}"


def found_of(row: JsonObject) -> int:
    """Return how many queries got a set, mean over the seeds."""
    coverage: float = row["measured"].get("coverage", {"value": 0.0})["value"] or 0.0
    queries: int = row["queries"]
    return round(coverage * queries)


def _measured(row: JsonObject, name: str) -> str:
    """Return a cell of a metric; how many count is told where no column has that number."""
    if name not in row["measured"]:
        return NONE
    found = row["measured"][name]
    count = round(found["denominator"])
    of = "" if count in (row["queries"], found_of(row)) or found["value"] is None else f" (of {count:,})"
    return number(found, 2 if name in SIZES else 3) + of


def _cost(row: JsonObject, name: str) -> str:
    """Return a cell of proofs, work or time."""
    key = {"ms": "milliseconds", "fit s": "fit_seconds"}.get(name, name)
    value = row[key]["value"]
    decimals = 3 if name in ("proven", "claimed") else 1 if value is None or value < 100 else 0
    return number(row[key], decimals)


def number(found: Mapping[str, Any], decimals: int) -> str:
    """Return a mean with the spread, where there is one.

    Example:
        >>> number({"value": 0.5, "spread": 0.0123}, 3), number({"value": None, "spread": None}, 3)
        ('0.500 ± 0.012', '-')
    """
    if found["value"] is None:
        return NONE
    spread = "" if found["spread"] is None else f"{SPREAD}{found['spread']:,.{decimals}f}"
    return f"{found['value']:,.{decimals}f}{spread}"


def notes(rows: Sequence[JsonObject], about: JsonObject, metrics: Sequence[str] | None = None) -> list[str]:
    """Return the lines that say what the numbers are of."""
    chosen = set(_chosen(metrics))
    shown_here: dict[str, list[str]] = {}
    for name, metric in all_metrics().items():
        if name in chosen and any(name in row["measured"] for row in rows):
            shown_here.setdefault(metric.of, []).append(HEADINGS.get(name, metric.title))
    of = "; ".join(f"of {what}: {', '.join(names)}" for what, names in shown_here.items())
    seeds, drawn = about["seeds"], any(row["draws"] and not row["reason"] for row in rows)
    lines = [
        f"The top {about['k']} of {about['people']:,} users of {about['name']}; rule {about['rule']}, seeds {', '.join(map(str, seeds))}"
        f"{limits_of(about['budget'])}.",
        f"Means {of}." if of else "",
        "± is the standard deviation over the seeds; a method that draws nothing is run with one seed."
        if len(seeds) > 1 and drawn
        else "",
        "Proven: smallest or impossible, of queries. Scored: histories a query. ms: a query, with verification.",
    ]
    invalid = sum(row["invalid"] for row in rows)
    if invalid:
        lines.append("Queries that could not be asked are in no denominator: " + ", ".join(
            f"{row['invalid']:,} of {row['method']} on {row['model']}" for row in rows if row["invalid"]) + ".")  # fmt: skip
    return [line for line in lines if line]


def limits_of(budget: Mapping[str, Any]) -> str:
    """Return what a query could cost, as the end of a sentence.

    Example:
        >>> limits_of({"scored": 500, "seconds": None}), limits_of({"scored": None})
        ('; at most 500 scored', '')
    """
    limits = [f"{value:g} {name.replace('_', ' ')}" for name, value in budget.items() if value is not None]
    return f"; at most {', '.join(limits)}" if limits else ""


def failures(rows: Sequence[JsonObject]) -> list[str]:
    """Return why methods have no figures, a line each."""
    return [f"{row['method']} on {row['model']}: {row['reason']}" for row in rows if row["reason"]]
