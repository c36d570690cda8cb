"""Quality and speed of the explainers, beside a paper-style LCER loop in the same run, on one core.

    python benchmarks/bench.py --data-dir FOLDER_OF_ML_100K     trains on MovieLens 100K first
    python benchmarks/bench.py --model FOLDER                   takes a model folder with its data
    python benchmarks/bench.py                                  generated films, no data needed

Prints a table and writes build/bench.json. PN is judged in float64; minimal and minimum are shares of the found sets,
proven of the queries (minimum, or impossible). ms_per_query is the mean over all queries, verification included.
"""

import argparse
import json
import math
import statistics
import time
from pathlib import Path
from typing import Any

import torch
from paper_loop import PaperLoop
from rich.console import Console
from rich.table import Table

import topple
from topple.explainers.lcer import LcerSettings
from topple.recommenders.autoencoder import Autoencoder
from topple.recommenders.checkpoints import load_model

COLUMNS = (
    "dataset", "recommender", "method", "rule", "goal", "queries", "coverage", "pn", "minimal", "minimum", "proven",
    "mean_size", "ms_per_query", "ratio_to_paper_loop",
)  # fmt: skip
METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "lcer": ("lcer", {}),
    "greedy": ("greedy", {}),
    "auto, no proof": ("auto", {"budget": 0}),
    "auto": ("auto", {}),
}


def main() -> None:
    """Run, print a table, write build/bench.json."""
    options = arguments()
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    for recommender, split in worlds(options):
        queries = topple.top_k_queries(recommender, split.histories(limit=options.users), k=options.k)
        base = {"dataset": split.name, "recommender": recommender.name, "goal": "necessary"}
        yardstick = math.nan
        if isinstance(recommender, Autoencoder) and options.paper_queries:
            paper = paper_rows(recommender, queries, options, base)
            yardstick = paper[0]["ms_per_query"]
            rows += paper
        for name in options.methods:
            if name == "lcer" and not isinstance(recommender, Autoencoder):
                continue
            for row in method_rows(name, recommender, queries, options):
                rows.append({**base, **row, "ratio_to_paper_loop": yardstick / row["ms_per_query"]})
    show(rows)
    target = Path("build/bench.json")
    target.parent.mkdir(exist_ok=True)
    finite = [{c: None if isinstance(v, float) and math.isnan(v) else v for c, v in row.items()} for row in rows]
    target.write_text(json.dumps({"threads": 1, "steps": options.steps, "rows": finite}, indent=2) + "\n")
    Console().print(f"written: {target}")


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
    parser.add_argument("--paper-queries", type=int, default=10, help="queries of the paper-style loop, 0 for none")
    return parser.parse_args()


def worlds(options: argparse.Namespace) -> list[tuple[topple.Recommender, topple.Split]]:
    """Return the recommenders and splits to run on."""
    if options.model:
        loaded = load_model(options.model)
        assert loaded.split is not None
        return [(loaded.recommender, loaded.split)]
    split = topple.load_split("ml-100k" if options.data_dir else "generated", options.data_dir)
    return [(topple.fit(split, name), split) for name in options.recommenders]


def method_rows(
    name: str, recommender: topple.Recommender, queries: list[topple.Query], options: argparse.Namespace
) -> list[dict[str, Any]]:
    """Explain all queries under both rules (LCER once: its sets do not depend on the rule) and return a row a rule."""
    explainer, settings = METHODS[name]
    settings = {"steps": options.steps} if name == "lcer" else settings
    rows, explained = [], None
    for rule in topple.CandidateRule:
        asked = [rule_of(query, rule) for query in queries]
        if explained is None or name != "lcer":
            quick = settings | ({"steps": 20} if name == "lcer" else {})
            topple.explain_queries(recommender, asked[:5], explainer=explainer, settings=quick, progress=False)
            started = time.perf_counter()
            explained = topple.explain_queries(recommender, asked, explainer=explainer, settings=settings)
            seconds = time.perf_counter() - started
        verdicts = topple.verify(recommender, asked, [e.removed for e in explained])
        found = [v for v in verdicts if v.found]
        minimum = sum(e.proof is topple.Proof.MINIMUM for e in explained)
        impossible = sum(e.status is topple.Status.IMPOSSIBLE for e in explained)
        rows.append(
            {
                "method": name,
                "rule": rule.value,
                "queries": len(asked),
                "coverage": len(found) / len(asked),
                "pn": mean([v.necessary for v in found]),
                "minimal": mean([bool(v.minimal) for v in found]),
                "minimum": minimum / len(found) if found else math.nan,
                "proven": (minimum + impossible) / len(asked),
                "mean_size": mean([v.size for v in found]),
                "ms_per_query": 1000 * seconds / len(asked),
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
        found = [v for v in topple.verify(recommender, some, sets, rule=rule) if v.found]
        rows.append(
            {
                **base,
                "method": "lcer, paper-style loop",
                "rule": rule.value,
                "queries": len(some),
                "coverage": len(found) / len(some),
                "pn": mean([v.necessary for v in found]),
                "minimal": mean([bool(v.minimal) for v in found]),
                "minimum": 0.0,
                "proven": 0.0,
                "mean_size": mean([v.size for v in found]),
                "ms_per_query": 1000 * statistics.median(times),
                "ratio_to_paper_loop": 1.0,
            }
        )
    return rows


def rule_of(query: topple.Query, rule: topple.CandidateRule) -> topple.Query:
    """Return the same query under another rule."""
    return topple.Query(query.history, query.target, query.k, rule, query.protected, query.seed, query.user)


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
