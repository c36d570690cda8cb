"""Sets of the same size: the top contributions that a library itself names, beside the sets of topple.

    python -m benchmarks.contributions                                      generated films, no data needed
    python -m benchmarks.contributions --data-dir FOLDER_OF_ML_100K

The library is implicit, the model ALS. Its `explain` splits the score of a recommended item into a contribution of each item of
the history, exactly: they sum up to the score. For every recommended item of every test user, `auto` finds a set of n items;
the n items with the largest contributions are the other set. Both are taken out, and the list is made anew: by `topple.verify`,
and by the library's `recommend` with `recalculate_user=True`. The model is trained twice for each seed: with the library's own
defaults, and tuned: with the settings of a grid that have the best NDCG@100 of the validation users. No explanation has a part in that.
"""

import argparse
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

import topple
from benchmarks import results
from benchmarks.timing import mean, one_core

GRID = {"factors": (32, 64, 128), "alpha": (1.0, 3.0, 10.0), "regularization": (1.0, 10.0, 30.0, 100.0)}
SEEDS = (0, 1, 2)
K = 5


def trained(split: topple.Split, seed: int, settings: dict[str, float]) -> Any:
    """Return implicit's ALS, trained on the split's training users."""
    from implicit.cpu.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(**settings, random_state=seed, num_threads=1)
    model.fit(split.train, show_progress=False)
    return model


def chosen(split: topple.Split, seed: int = 0) -> dict[str, float]:
    """Return the settings of the grid with the best NDCG@100 of the validation users."""
    tried = [dict(zip(GRID, values, strict=True)) for values in itertools.product(*GRID.values())]

    def quality(settings: dict[str, float]) -> float:
        wrapped = topple.wrap(trained(split, seed, settings), "implicit", split.catalogue)
        return topple.held_out_quality(wrapped, split.validation, ndcg=(100,), recall=())["ndcg_100"]

    return max(tried, key=quality)


def row_of(
    name: tuple[str, str], split: topple.Split, seed: int, settings: dict[str, float], users: int | None, k: int
) -> dict[str, Any]:
    """Return what became of the sets of one model; `name` is that of the data and of the model."""
    library = trained(split, seed, settings)
    model = topple.wrap(library, "implicit", split.catalogue)
    queries = topple.top_k_queries(model, split.histories(limit=users), k=k)
    explained = topple.explain_queries(model, queries, progress=False)
    found = [each for each in explained if each.items]
    asked = [each.query for each in found]
    ours = [each.items for each in found]
    theirs = [top_contributions(library, split, each.query, len(each.items)) for each in found]
    judged = [[verdict.necessary for verdict in topple.verify(model, asked, sets)] for sets in (ours, theirs)]
    by_library = [[leaves(library, split, *pair) for pair in zip(asked, sets, strict=True)] for sets in (ours, theirs)]
    single = [len(each) == 1 for each in ours]
    return {
        "world": name[0], "model": name[1], "seed": seed, "k": k,
        **{setting: getattr(library, setting) for setting in GRID},
        "ndcg_100": topple.held_out_quality(model, split.test, ndcg=(100,), recall=())["ndcg_100"],
        "targets": len(queries), "found": len(found), "mean_size": mean(map(len, ours)), "single": sum(single),
        "topple": sum(judged[0]), "contributions": sum(judged[1]),
        "single_contributions": sum(itertools.compress(judged[1], single)),
        "library_topple": sum(by_library[0]), "library_contributions": sum(by_library[1]),
        "same_set": sum(set(a) == set(b) for a, b in zip(ours, theirs, strict=True)),
    }  # fmt: skip


def top_contributions(library: Any, split: topple.Split, query: topple.Query, most: int) -> tuple[topple.types.Id, ...]:
    """Return the items that the library's `explain` names first, the target's largest contributions."""
    ids = split.catalogue.vocabulary
    _, named, _ = library.explain(
        0, _row(split, query.history), int(ids.encode([query.target])[0]), N=min(most, len(query.history))
    )
    return tuple(ids.decode(np.array([item for item, _ in named], dtype=np.int64)))


def leaves(library: Any, split: topple.Split, query: topple.Query, removed: Sequence[topple.types.Id]) -> bool:
    """Return whether the library's list without these items, which are not listed again, is one without the target."""
    ids = split.catalogue.vocabulary
    rest = [item for item in query.history if item not in set(removed)]
    if not rest:
        return True  # nothing is left to recommend from
    listed, _ = library.recommend(
        0, _row(split, rest), N=query.k, recalculate_user=True, filter_items=ids.encode(query.history),
        filter_already_liked_items=True,
    )  # fmt: skip
    return int(ids.encode([query.target])[0]) not in set(listed.tolist())


def _row(split: topple.Split, history: Sequence[topple.types.Id]) -> csr_matrix:
    """Return a history as the row of a matrix, float32 [1, I]."""
    items = split.catalogue.vocabulary.encode(history)
    ones, rows = np.ones(len(items), dtype=np.float32), np.zeros(len(items), dtype=np.int64)
    return csr_matrix((ones, (rows, items)), shape=(1, len(split.catalogue)))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, help="folder of MovieLens 100K as published")
    parser.add_argument("--users", type=int, help="the first so many test users (default: all)")
    parser.add_argument("--k", type=int, default=K)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS), help="of the trainings")
    options = parser.parse_args()
    one_core()
    world = "ml-100k" if options.data_dir else "generated"
    split = topple.load_split(world, options.data_dir)
    for model, settings in (("ALS of implicit, defaults", {}), ("ALS of implicit, tuned", chosen(split))):
        for seed in options.seeds:
            row = row_of((world, model), split, seed, settings, options.users, options.k)
            results.keep({"contributions": [row]})
            print(row, flush=True)


if __name__ == "__main__":
    main()
