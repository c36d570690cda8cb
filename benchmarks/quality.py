"""Quality and speed of the explainers on one model, beside a paper-style LCER loop.

PN and PS are judged in float64; minimal and minimum are shares of the found sets, proven of the queries (minimum, or impossible). Times are
means over all queries, verification included, in time of the processor of one core.
"""

import argparse
import math
import statistics
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rich.console import Console
from rich.table import Table

import topple
from benchmarks.methods import LEARNED, METHODS
from benchmarks.paper_loop import PaperLoop
from benchmarks.timing import mean, repeated
from topple.explainers.lcer import LcerSettings
from topple.recommenders.families.autoencoder import Autoencoder

COLUMNS = (
    "world", "recommender", "method", "rule", "goal", "queries", "coverage", "pn", "ps", "f_ns", "minimal", "minimum",
    "proven", "mean_size", "ms",
)  # fmt: skip
ENOUGH = 8.0
"""Seconds after which a method is not timed again; until then five times, and the median counts."""
PAPER = "lcer, paper-style loop"


def model_rows(
    world: str, recommender: topple.Recommender, split: topple.Split, options: argparse.Namespace
) -> list[dict[str, Any]]:
    """Return a row a method and rule, the paper-style loop first."""
    queries = topple.top_k_queries(recommender, split.histories(limit=options.users), k=options.k)
    rows = []
    if isinstance(recommender, Autoencoder) and options.paper_queries:
        rows += paper_rows(recommender, queries, options)
    for name in options.methods:
        if name not in LEARNED or isinstance(recommender, Autoencoder):
            rows += method_rows(name, recommender, queries, options)
    return [{"world": world, "recommender": recommender.name, **row} for row in rows]


def method_rows(
    name: str, recommender: topple.Recommender, queries: Sequence[topple.Query], options: argparse.Namespace
) -> list[dict[str, Any]]:
    """Explain all queries under both rules (LCER once: its sets do not depend on the rule) and return a row a rule."""
    method = METHODS[name]
    settings = method.settings | ({"steps": options.steps} if name == "lcer" else {})
    asked = {"explainer": method.explainer, "budget": method.budget(), "progress": False}
    rows, run = [], None
    for rule in (topple.CandidateRule.UNSEEN_BEFORE, topple.CandidateRule.UNSEEN_AFTER):
        about = [replace(query, rule=rule, goal=topple.Goal(method.goal)) for query in queries]
        if run is None or name != "lcer":
            quick = settings | ({"steps": 20} if name == "lcer" else {})
            topple.explain_queries(recommender, about[:5], settings=quick, **asked)
            run = repeated(
                lambda about=about: topple.explain_queries(recommender, about, settings=settings, **asked),
                enough=ENOUGH,
            )
        explained = run.result
        verdicts = topple.verify(recommender, about, [each.items for each in explained])
        minimum = sum(each.proof is topple.Proof.MINIMUM for each in explained)
        impossible = sum(each.status is topple.Status.IMPOSSIBLE for each in explained)
        row = {"method": name, "rule": rule.value, "goal": method.goal, **judged(verdicts, len(about))}
        row["minimum"] = minimum / row["found"] if row["found"] else math.nan
        row["proven"] = (minimum + impossible) / len(about)
        rows.append(row | {"ms": 1000 * run.seconds / len(about)})
    return rows


def paper_rows(
    recommender: Autoencoder, queries: Sequence[topple.Query], options: argparse.Namespace
) -> list[dict[str, Any]]:
    """Run the paper-style loop on a few of the queries; the time is the median."""
    few = list(queries[:: max(1, len(queries) // options.paper_queries)][: options.paper_queries])
    loop = PaperLoop(recommender, LcerSettings(steps=options.steps))
    loop.run(few[:1])  # warm-up
    sets, times = [], []
    for query in few:
        removed, seconds = loop.run([query])
        sets += removed
        times.append(seconds)
    rows = []
    for rule in (topple.CandidateRule.UNSEEN_BEFORE, topple.CandidateRule.UNSEEN_AFTER):
        verdicts = topple.verify(recommender, [replace(query, rule=rule) for query in few], sets)
        row = {"method": PAPER, "rule": rule.value, "goal": "necessary", **judged(verdicts, len(few))}
        rows.append(row | {"minimum": 0.0, "proven": 0.0, "ms": 1000 * statistics.median(times)})
    return rows


def judged(verdicts: Sequence[topple.Verdict], queries: int) -> dict[str, Any]:
    """Return coverage, and of the found sets PN, PS, their harmonic mean, the share that is minimal, and the mean size."""
    found = [verdict for verdict in verdicts if verdict.found]
    pn, ps = (mean(float(getattr(verdict, name)) for verdict in found) for name in ("necessary", "sufficient"))
    return {
        "queries": queries,
        "found": len(found),
        "coverage": len(found) / queries if queries else math.nan,
        "pn": pn,
        "ps": ps,
        "f_ns": 2 * pn * ps / (pn + ps) if pn + ps > 0 else 0.0,
        "minimal": mean(float(bool(verdict.minimal)) for verdict in found),
        "mean_size": mean(float(verdict.size) for verdict in found),
    }


def show(rows: Sequence[dict[str, Any]]) -> None:
    """Print the rows."""
    table = Table(title="explanations of test users' top-k, one core")
    for column in COLUMNS:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(f"{row[c]:.3f}" if isinstance(row[c], float) else str(row[c]) for c in COLUMNS))
    Console(width=190).print(table)
