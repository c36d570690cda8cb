"""LCER's quality and speed, beside a paper-style loop in the same run, on one core.

python benchmarks/bench_lcer.py --data-dir FOLDER_OF_ML_100K     trains Mult-VAE on MovieLens 100K first
python benchmarks/bench_lcer.py --model FOLDER                   takes a model folder with its data
python benchmarks/bench_lcer.py                                  generated films, no data needed
"""

import argparse
import json
import math
import statistics
from pathlib import Path

import torch
from paper_loop import PaperLoop
from rich.console import Console
from rich.table import Table

import topple
from topple.explainers.lcer import Lcer, LcerSettings
from topple.recommenders.checkpoints import load_model

COLUMNS = (
    "dataset", "recommender", "method", "rule", "goal", "queries", "coverage", "pn", "minimal", "minimum", "mean_size",
    "ms_per_query", "ratio_to_paper_loop",
)  # fmt: skip


def main() -> None:
    """Run, print a table, write build/bench.json."""
    options = arguments()
    torch.set_num_threads(1)
    recommender, split = world(options)
    settings = LcerSettings(steps=options.steps)
    queries = topple.top_k_queries(recommender, split.histories(limit=options.users), k=5)
    some = queries[:: max(1, len(queries) // options.paper_queries)][: options.paper_queries]

    loop = PaperLoop(recommender, settings)
    loop.run(some[:1])  # warm-up
    paper_times, paper_sets = [], []
    for query in some:
        sets, seconds = loop.run([query])
        paper_times.append(seconds)
        paper_sets += sets
    paper_ms = 1000 * statistics.median(paper_times)

    topple.explain_queries(recommender, queries[:5], explainer=Lcer(LcerSettings(steps=50)), progress=False)  # warm-up
    explained = topple.explain_queries(recommender, queries, explainer=Lcer(settings))
    evaluation = topple.evaluate(recommender, explained)
    ours_ms = 1000 * evaluation.seconds_per_query

    rows = []
    for rule, found in evaluation.measurements.items():
        verdicts = topple.verify(recommender, some, paper_sets, rule=rule)
        named = [v for v in verdicts if v.found]
        base = {"dataset": split.name, "recommender": recommender.name, "rule": rule.value, "goal": "necessary"}
        rows.append(
            {
                **base,
                "method": "lcer, paper-style loop",
                "queries": len(some),
                "coverage": len(named) / len(some),
                "pn": share([v.necessary for v in named]),
                "minimal": share([bool(v.minimal) for v in named]),
                "minimum": 0.0,
                "mean_size": share([v.size for v in named]),
                "ms_per_query": paper_ms,
                "ratio_to_paper_loop": 1.0,
            }
        )
        rows.append(
            {
                **base,
                "method": "lcer",
                "queries": evaluation.queries,
                "coverage": found["coverage"].value,
                "pn": found["pn"].value,
                "minimal": found["share_minimal"].value * found["pn"].value,
                "minimum": 0.0,
                "mean_size": found["mean_size"].value,
                "ms_per_query": ours_ms,
                "ratio_to_paper_loop": paper_ms / ours_ms,
            }
        )
    show(rows, settings)
    target = Path("build/bench.json")
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps({"threads": 1, "steps": settings.steps, "rows": rows}, indent=2) + "\n")
    Console().print(f"written: {target}")


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, help="folder of MovieLens 100K as published")
    parser.add_argument("--model", type=Path, help="model folder with its data")
    parser.add_argument("--users", type=int, default=None, help="explain the first so many test users")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--paper-queries", type=int, default=12, help="queries of the paper-style loop")
    return parser.parse_args()


def world(options: argparse.Namespace) -> tuple[topple.Recommender, topple.Split]:
    """Return the recommender and the split to run on."""
    if options.model:
        loaded = load_model(options.model)
        assert loaded.split is not None
        return loaded.recommender, loaded.split
    split = topple.load_split("ml-100k" if options.data_dir else "generated", options.data_dir)
    return topple.fit(split, "mult-vae"), split


def share(values: list[float]) -> float:
    """Return the mean, NaN of nothing."""
    return math.fsum(values) / len(values) if values else math.nan


def show(rows: list[dict[str, object]], settings: LcerSettings) -> None:
    """Print the rows."""
    table = Table(title=f"LCER, {settings.steps} steps, one core; minimal is a share of the found sets")
    for column in COLUMNS:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(f"{row[c]:.3g}" if isinstance(row[c], float) else str(row[c]) for c in COLUMNS))
    Console(width=180).print(table)


if __name__ == "__main__":
    main()
