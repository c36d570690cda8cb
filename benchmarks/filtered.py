"""What a filter costs: requests with nine tenths of the catalogue excluded beside the same without, in turn; one core.

    python -m benchmarks.filtered --models FOLDER ...

Each user's list of five is explained in a call of its own, once with everything and once with the exclusion. *Drawn* leaves out a tenth
of the catalogue that is drawn anew for each user, so that other items are listed, and their sets are as a rule larger; *unlisted* leaves
out the nine tenths that score lowest for the user, so that the questions are the same. The ratio is that of the sums over the users, of
the medians of each; *sizes* and *scored* say how far the questions differ: items of the sets, and histories that were scored.
"""

import argparse
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import topple
from benchmarks import results
from benchmarks.methods import METHODS
from benchmarks.speed import model_folders
from benchmarks.timing import one_core, timed
from topple.randomness import generator

K, LEFT_OUT = 5, 0.9
KINDS = ("drawn", "unlisted")
ASKED = ("greedy", "auto")


def left_out(model: Any, histories: Mapping[Any, Sequence[Any]], kind: str) -> dict[Any, frozenset[Any]]:
    """Return the items that are excluded for each user."""
    ids = np.array(list(model.catalogue.vocabulary.ids), dtype=object)
    count = int(LEFT_OUT * len(ids))
    if kind == "drawn":
        draws = generator(0, "filtered")
        return {user: frozenset(ids[draws.permutation(len(ids))[:count]].tolist()) for user in histories}
    found = {}
    for user, history in histories.items():
        scores = np.array(topple.score(model, history), dtype=np.float64)
        scores[model.catalogue.vocabulary.encode(list(history))] = -np.inf  # what is seen is not listed anyway
        found[user] = frozenset(ids[np.argsort(scores, kind="stable")[:count]].tolist())
    return found


def model_rows(world: str, folder: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return a row a method and kind of filter of one model."""
    model, split = topple.load_model(folder), topple.load_model_split(folder)
    assert split is not None, f"{folder} holds no data"
    histories = split.histories(limit=options.users)
    rows = []
    for kind in options.kinds:
        gone = left_out(model, histories, kind)
        for name in options.methods:
            both = {user: _of_user(model, user, histories[user], gone[user], name, options.pairs) for user in histories}
            plain, filtered = (
                {key: sum(each[at][key] for each in both.values()) for key in ("ms", "scored", "size")} for at in (0, 1)
            )
            row: dict[str, Any] = {"world": world, "recommender": model.name, "method": name, "kind": kind}
            row |= {"users": len(both), "ms": [plain["ms"] / len(both), filtered["ms"] / len(both)]}
            row["ratio"] = filtered["ms"] / plain["ms"]
            row |= {key: [plain[key], filtered[key]] for key in ("scored", "size")}
            rows.append(row)
    return rows


def _of_user(
    model: Any, user: Any, history: Sequence[Any], gone: frozenset[Any], name: str, pairs: int
) -> list[dict[str, float]]:
    """Return milliseconds of a request, scored histories and items of the sets: without the filter, and with it."""
    method, excluded = METHODS[name], (frozenset[Any](), gone)

    def ask(at: int) -> Any:
        named: dict[str, Any] = {"explainer": method.explainer, "settings": method.settings, "goal": method.goal}
        return timed(lambda: topple.explain(model, {user: history}, k=K, exclude=excluded[at], progress=False, **named))

    for at in (0, 1):
        ask(at)  # warm-up
    runs: list[list[Any]] = [[], []]
    for turn in range(pairs):
        for at in (0, 1) if turn % 2 else (1, 0):
            runs[at].append(ask(at))
    return [
        {
            "ms": 1000 * statistics.median(run.seconds for run in mine),
            "scored": sum(each.cost for each in mine[-1].result),
            "size": sum(len(each.items) for each in mine[-1].result),
        }
        for mine in runs
    ]


def show(rows: Sequence[dict[str, Any]]) -> None:
    """Print the rows."""
    table = Table(title="milliseconds a request of five, without and with the filter", highlight=False)
    for column in ("world", "recommender", "method", "filter", "without", "with", "ratio", "scored", "items of sets"):
        table.add_column(column)
    for row in rows:
        numbers = [f"{value:.1f}" for value in row["ms"]]
        counts = [" -> ".join(f"{value:,.0f}" for value in row[key]) for key in ("scored", "size")]
        table.add_row(
            row["world"], row["recommender"], row["method"], row["kind"], *numbers, f"{row['ratio']:.2f}", *counts
        )
    Console(width=150).print(table)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, nargs="+", required=True, help="model folders with their data")
    parser.add_argument("--users", type=int, default=30)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--methods", nargs="+", default=list(ASKED), choices=list(METHODS))
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS)
    options = parser.parse_args()
    one_core()
    rows = []
    for world, folder in model_folders(options.models):
        found = model_rows(world, folder, options)
        results.keep({"filtered": found})
        rows += found
        print(f"{world} {folder.name} is measured", file=sys.stderr, flush=True)
    show(rows)


if __name__ == "__main__":
    main()
