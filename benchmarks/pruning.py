"""EASE with few weights an item beside EASE whole: quality, size on the disk, and the time of an explanation.

    python -m benchmarks.pruning                                            generated films, no data needed
    python -m benchmarks.pruning --data-dir FOLDER_OF_ML_100K --interactions ml-1m/interactions.csv.gz --epinions FOLDER

B is solved once for each data set, and pruned for each number of neighbours as `topple fit --set neighbours=N` prunes it. NDCG is of all
test users. Times are of the top-5 of the first test users, each model's lists, one core, in time of the processor, verification included:
the models take turns, and the median counts. Epinions has 17,427 items: 8 GB of memory, and two minutes to solve.
"""

import argparse
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import topple
from benchmarks import results
from benchmarks.markdown import number
from benchmarks.methods import METHODS
from benchmarks.timing import mean, one_core, timed
from topple.recommenders.models.ease import EASE, EaseSettings
from topple.recommenders.training.quality import held_out_quality

NEIGHBOURS = (20, 50, 100, 200, 500)
ASKED = ("auto, no proof", "auto")
K = 5


def worlds(options: argparse.Namespace) -> Iterator[tuple[str, topple.Split]]:
    """Yield the data sets that are asked for, by the names that tables give them; generated films where none is."""
    if options.data_dir:
        yield "ml-100k", topple.load_split("ml-100k", options.data_dir)
    if options.interactions:
        read = topple.read_interactions(options.interactions, user="user_id", item="movie_id")
        yield "ml-1m", topple.prepare(read, topple.Preparation(held_out_users=options.held_out_users))
    if options.epinions:
        yield "epinions", topple.load_split("epinions", options.epinions)
    if not (options.data_dir or options.interactions or options.epinions):
        yield "generated", topple.load_split("generated")


def rows_of(world: str, split: topple.Split, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return a row for the whole model, and one for each number of neighbours that prunes it."""
    whole = EASE.fit(split)
    fewer = [most for most in options.neighbours if most < len(split.catalogue) - 1]
    models = [whole]
    for most in fewer:
        models.append(EASE.from_arrays(whole.arrays(), split.catalogue, EaseSettings(neighbours=most)))
    queries = [topple.top_k_queries(model, split.histories(limit=options.users), k=K) for model in models]
    rows = []
    for model, most in zip(models, [None, *fewer], strict=True):
        quality = held_out_quality(model, split.test, ndcg=(10, 100), recall=())
        about = {"world": world, "items": len(split.catalogue), "neighbours": most}
        rows.append(about | {name: quality[name] for name in ("ndcg_10", "ndcg_100")} | {"mb": megabytes(model)})
    for name in ASKED:
        for row, asked, took in zip(rows, queries, in_turn(models, queries, name, options.pairs), strict=True):
            found, seconds = took
            row[name] = 1000 * seconds / len(asked)
            row["mean_size"] = mean(float(len(each.items)) for each in found if each.items)
    return [row | {"queries": len(asked)} for row, asked in zip(rows, queries, strict=True)]


def in_turn(
    models: Sequence[topple.Recommender], queries: Sequence[Sequence[topple.Query]], name: str, pairs: int
) -> list[tuple[Sequence[topple.Explanation], float]]:
    """Return what each model's queries came to and the median of the seconds; every other time in the other order."""
    method, found, seconds = METHODS[name], [()] * len(models), [[] for _ in models]
    for turn in range(pairs + 1):  # the first warms up
        order = range(len(models)) if turn % 2 else reversed(range(len(models)))
        for one in order:
            asked = {"explainer": method.explainer, "settings": method.settings, "progress": False}
            took = timed(lambda one=one, asked=asked: topple.explain_queries(models[one], queries[one], **asked))
            found[one] = took.result
            seconds[one] += [took.seconds] * bool(turn)
    return [(each, statistics.median(times)) for each, times in zip(found, seconds, strict=True)]


def megabytes(model: topple.Recommender) -> float:
    """Return the size of the model's numbers on the disk, in units of 1,000,000 bytes."""
    with tempfile.TemporaryDirectory() as folder:
        topple.save_model(model, Path(folder) / "model")
        return (Path(folder) / "model" / "weights.safetensors").stat().st_size / 1e6


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, help="folder of MovieLens 100K as published")
    parser.add_argument("--interactions", type=Path, help="MovieLens 1M: a table with columns user_id, movie_id")
    parser.add_argument("--held-out-users", type=int, default=500, help="of --interactions")
    parser.add_argument("--epinions", type=Path, help="folder of Epinions as published")
    parser.add_argument("--neighbours", type=int, nargs="+", default=list(NEIGHBOURS))
    parser.add_argument("--users", type=int, default=40, help="the first so many test users, of whom times are taken")
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    one_core()
    for world, split in worlds(options):
        rows = rows_of(world, split, options)
        results.keep({"pruning": rows})
        for row in rows:
            print(
                {name: number(value) if isinstance(value, float) else value for name, value in row.items()}, flush=True
            )


if __name__ == "__main__":
    main()
