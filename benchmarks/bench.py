"""Quality and speed of the explainers, beside a paper-style LCER loop in the same run, on one core.

    python benchmarks/bench.py --data-dir FOLDER_OF_ML_100K     trains on MovieLens 100K first
    python benchmarks/bench.py --model FOLDER                   takes a model folder with its data
    python benchmarks/bench.py                                  generated films, no data needed

With --limit, how near the searches come to what one core's matrix products alone would allow; with --growth, how the
time grows with the history, with k and, given --epinions FOLDER, with the catalogue.

Prints tables and writes build/bench.json. PN and PS are judged in float64; minimal and minimum are shares of the found
sets, proven of the queries (minimum, or impossible). ms_per_query is the mean over all queries, verification included.
"""

import argparse
import json
import math
import statistics
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import growth
import limit
import torch
from paper_loop import PaperLoop
from rich.console import Console
from rich.table import Table

import topple
from topple.explainers.lcer import LcerSettings
from topple.recommenders.families.autoencoder import Autoencoder
from topple.recommenders.saving.folders import load_model

COLUMNS = (
    "dataset", "recommender", "method", "rule", "goal", "queries", "coverage", "pn", "ps", "f_ns", "minimal", "minimum",
    "proven", "mean_size", "ms_per_query", "ratio_to_paper_loop",
)  # fmt: skip


@dataclass(frozen=True)
class Method:
    """An explainer as it is measured."""

    explainer: str
    settings: dict[str, Any] = field(default_factory=dict)
    goal: topple.Goal = topple.Goal.NECESSARY
    seconds: float | None = None


METHODS = {
    "lcer": Method("lcer"),
    "lcer-rank": Method("lcer-rank"),
    "greedy": Method("greedy"),
    "auto, no proof": Method("auto", {"budget": 0}),
    "auto, 50 ms": Method("auto", seconds=0.05),
    "auto": Method("auto"),
    "auto, both": Method("auto", goal=topple.Goal.BOTH),
    "auto, sufficient": Method("auto", goal=topple.Goal.SUFFICIENT),
}
ENOUGH = 10.0
"""Seconds after which a method is not timed again; until then five times, and the median counts."""
LEARNED = ("lcer", "lcer-rank")


def main() -> None:
    """Run, print a table, write build/bench.json."""
    options = arguments()
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    asked = []
    for recommender, split in worlds(options):
        queries = topple.top_k_queries(recommender, split.histories(limit=options.users), k=options.k)
        base = {"dataset": split.name, "recommender": recommender.name}
        asked.append((recommender, queries))
        yardstick = math.nan
        if isinstance(recommender, Autoencoder) and options.paper_queries:
            paper = paper_rows(recommender, queries, options, base)
            yardstick = paper[0]["ms_per_query"]
            rows += paper
        for name in options.methods:
            if name in LEARNED and not isinstance(recommender, Autoencoder):
                continue
            for row in method_rows(name, recommender, queries, options):
                rows.append({**base, **row, "ratio_to_paper_loop": yardstick / row["ms_per_query"]})
    show(rows)
    write(rows, options)
    more: dict[str, Any] = {}
    if options.limit:
        more["limit"] = [row for recommender, queries in asked for row in limit.rows(recommender, queries)]
        limit.show(more["limit"])
    if options.growth:
        recommender, queries = asked[0]
        histories = {query.user: query.history for query in queries if query.user is not None}
        more["growth"] = growth.rows(recommender, histories, k=options.k)
        large = [growth.epinions_world(options, items) for items in growth.CATALOGUES if options.epinions]
        more["growth"] += growth.catalogue_rows([(recommender, histories), *large], k=options.k)
        growth.show(more["growth"])
        if options.picture:
            growth.draw(more["growth"], options.picture)
    write(rows, options, **more)
    Console().print("written: build/bench.json")


def write(rows: list[dict[str, Any]], options: argparse.Namespace, **more: Any) -> None:
    """Write build/bench.json; a number that is none becomes null."""
    target = Path("build/bench.json")
    target.parent.mkdir(exist_ok=True)
    finite = [{c: None if isinstance(v, float) and math.isnan(v) else v for c, v in row.items()} for row in rows]
    target.write_text(json.dumps({"threads": 1, "steps": options.steps, "rows": finite, **more}, indent=2) + "\n")


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, help="folder of MovieLens 100K as published")
    parser.add_argument("--model", type=Path, help="model folder with its data")
    parser.add_argument("--recommenders", nargs="+", default=["mult-vae", "ease"], help="trained without --model")
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--users", type=int, default=None, help="explain the first so many test users")
    parser.add_argument("--k", type=int, default=5)
    parser.add_argument("--steps", type=int, default=3000, help="of LCER")
    parser.add_argument("--limit", action="store_true", help="measure the share of the matrix products' limit too")
    parser.add_argument("--growth", action="store_true", help="measure how the time grows too")
    parser.add_argument("--epinions", type=Path, help="folder of interactions.csv.gz, for large catalogues")
    parser.add_argument("--max-minutes", type=float, default=3.0, help="of fitting each large model")
    parser.add_argument("--build", type=Path, default=Path("build/growth"), help="where large models are kept")
    parser.add_argument("--picture", type=Path, help="draw the growth here")
    parser.add_argument(
        "--interactions", type=Path, help="another table, such as MovieLens 1M: columns user_id, movie_id"
    )
    parser.add_argument("--held-out-users", type=int, default=500, help="of --interactions")
    parser.add_argument("--paper-queries", type=int, default=10, help="queries of the paper-style loop, 0 for none")
    return parser.parse_args()


def worlds(options: argparse.Namespace) -> list[tuple[topple.Recommender, topple.Split]]:
    """Return the recommenders and splits to run on."""
    if options.model:
        split = topple.load_model_split(options.model)
        assert split is not None, "the model folder holds no data"
        return [(load_model(options.model), split)]
    if options.interactions:
        read = topple.read_interactions(options.interactions, user="user_id", item="movie_id")
        split = topple.prepare(read, topple.Preparation(held_out_users=options.held_out_users))
        return [(topple.fit(split, name), split) for name in options.recommenders]
    split = topple.load_split("ml-100k" if options.data_dir else "generated", options.data_dir)
    return [(topple.fit(split, name), split) for name in options.recommenders]


def method_rows(
    name: str, recommender: topple.Recommender, queries: list[topple.Query], options: argparse.Namespace
) -> list[dict[str, Any]]:
    """Explain all queries under both rules (LCER once: its sets do not depend on the rule) and return a row a rule."""
    method = METHODS[name]
    settings = method.settings | ({"steps": options.steps} if name == "lcer" else {})
    budget = {} if method.seconds is None else {"seconds": method.seconds}
    rows, explained = [], None
    for rule in topple.CandidateRule:
        asked = [replace(query, rule=rule, goal=method.goal) for query in queries]
        if explained is None or name != "lcer":
            quick = settings | ({"steps": 20} if name == "lcer" else {})
            topple.explain_queries(recommender, asked[:5], explainer=method.explainer, settings=quick, progress=False)
            seconds = []
            while len(seconds) < 5 and sum(seconds) < ENOUGH:
                started = time.perf_counter()
                explained = topple.explain_queries(
                    recommender, asked, explainer=method.explainer, settings=settings, budget=budget
                )
                seconds.append(time.perf_counter() - started)
        verdicts = topple.verify(recommender, asked, [e.items for e in explained])
        found = [v for v in verdicts if v.found]
        minimum = sum(e.proof is topple.Proof.MINIMUM for e in explained)
        impossible = sum(e.status is topple.Status.IMPOSSIBLE for e in explained)
        rows.append(
            {
                "method": name,
                "rule": rule.value,
                "goal": method.goal.value,
                "queries": len(asked),
                "coverage": len(found) / len(asked),
                **shares(found),
                "minimum": minimum / len(found) if found else math.nan,
                "proven": (minimum + impossible) / len(asked),
                "mean_size": mean([v.size for v in found]),
                "ms_per_query": 1000 * statistics.median(seconds) / len(asked),
            }
        )
    return rows


def paper_rows(
    recommender: Autoencoder, queries: list[topple.Query], options: argparse.Namespace, base: dict[str, Any]
) -> list[dict[str, Any]]:
    """Run the paper-style loop on some of the queries; its time is the median."""
    some = queries[:: max(1, len(queries) // options.paper_queries)][: options.paper_queries]
    loop = PaperLoop(recommender, LcerSettings(steps=options.steps))
    loop.run(some[:1])  # warm-up
    sets, times = [], []
    for query in some:
        removed, seconds = loop.run([query])
        sets += removed
        times.append(seconds)
    rows = []
    for rule in topple.CandidateRule:
        judged = [replace(query, rule=rule) for query in some]
        found = [v for v in topple.verify(recommender, judged, sets) if v.found]
        rows.append(
            {
                **base,
                "method": "lcer, paper-style loop",
                "rule": rule.value,
                "goal": "necessary",
                "queries": len(some),
                "coverage": len(found) / len(some),
                **shares(found),
                "minimum": 0.0,
                "proven": 0.0,
                "mean_size": mean([v.size for v in found]),
                "ms_per_query": 1000 * statistics.median(times),
                "ratio_to_paper_loop": 1.0,
            }
        )
    return rows


def shares(found: list[topple.Verdict]) -> dict[str, float]:
    """Return PN, PS, their harmonic mean and the share of minimal sets, of the found ones."""
    pn, ps = (mean([getattr(verdict, name) for verdict in found]) for name in ("necessary", "sufficient"))
    f_ns = 2 * pn * ps / (pn + ps) if pn + ps > 0 else 0.0
    return {"pn": pn, "ps": ps, "f_ns": f_ns, "minimal": mean([bool(verdict.minimal) for verdict in found])}


def mean(values: list[float]) -> float:
    """Return the mean, NaN of nothing."""
    return math.fsum(values) / len(values) if values else math.nan


def show(rows: list[dict[str, Any]]) -> None:
    """Print the rows."""
    table = Table(title="explanations of every test user's top-k, one core")
    for column in COLUMNS:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(f"{row[c]:.3f}" if isinstance(row[c], float) else str(row[c]) for c in COLUMNS))
    Console(width=190).print(table)


if __name__ == "__main__":
    main()
