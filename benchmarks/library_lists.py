"""Lists of other libraries' models that were trained with weights: `python -m benchmarks.library_lists [--users 50]`.

For each model: of how many users the list that the library itself recommends is the list that topple explains, in items and order. A
list counts too where the two differ among scores only that are equal, or equal within what float32 rounds; how many such, is told.
Models of a library that is not installed here are left out (RecTools and LensKit want the environment of tests/older.txt).
"""

import argparse
import importlib.util
import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

import topple
from topple.records.agreement import Match

ITEMS, K = 60, 5
Case = tuple[str, Any, Mapping[int, list[int]]]
"""The name of a model, the wrapped model, and the library's list of each user."""


def played(users: int = 300, seed: int = 0) -> Any:
    """Return drawn play counts from 1 to 29 [users, items]."""
    random = np.random.default_rng(seed)
    counts = (random.random((users, ITEMS)) < 0.2) * random.integers(1, 30, (users, ITEMS))
    return csr_matrix(counts.astype(np.float32))


def frame_of(plays: Any) -> pd.DataFrame:
    """Return the play counts as a table."""
    user, item = plays.nonzero()
    return pd.DataFrame(
        {"user_id": user, "item_id": item, "weight": plays.data.astype(float), "datetime": "2024-01-01"}
    )


def of_implicit(plays: Any, users: int) -> Iterator[Case]:
    """Yield models of implicit; ALS with the factors of the user solved for anew."""
    from implicit.als import AlternatingLeastSquares
    from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender

    models: dict[str, tuple[Any, dict[str, Any]]] = {
        "ALS": (AlternatingLeastSquares(16, random_state=0, num_threads=1), {"recalculate_user": True}),
        "BM25": (BM25Recommender(20, num_threads=1), {}),
        "TF-IDF": (TFIDFRecommender(20, num_threads=1), {}),
        "cosine": (CosineRecommender(20, num_threads=1), {}),
    }
    for name, (model, options) in models.items():
        model.fit(plays, show_progress=False)
        lists, _ = model.recommend(np.arange(users), plays[:users], N=K, **options)
        yield f"implicit {name}", topple.wrap(model, "implicit", range(ITEMS)), dict(enumerate(lists.tolist()))


def of_rectools(plays: Any, users: int) -> Iterator[Case]:
    """Yield models of RecTools; the lists of its ALS are those of the factors of the training."""
    from implicit.als import AlternatingLeastSquares
    from implicit.nearest_neighbours import CosineRecommender
    from rectools import models
    from rectools.dataset import Dataset

    dataset = Dataset.construct(frame_of(plays))
    als = AlternatingLeastSquares(8, random_state=0, num_threads=1, iterations=1000)  # until it has converged
    for name, model in {
        "EASE": models.EASEModel(regularization=10),
        "PureSVD": models.PureSVDModel(factors=8),
        "ItemKNN": models.ImplicitItemKNNWrapperModel(CosineRecommender(K=20, num_threads=1)),
        "ALS": models.ImplicitALSWrapperModel(als),
    }.items():
        model.fit(dataset)
        found = model.recommend(np.arange(users), dataset, k=K, filter_viewed=True)
        lists = found.sort_values("rank").groupby("user_id")["item_id"].agg(list).to_dict()
        yield f"RecTools {name}", topple.wrap(model, "rectools", dataset), lists


def of_lenskit(plays: Any, users: int) -> Iterator[Case]:
    """Yield ImplicitMF of LensKit, which reads ratings or leaves them out, as it is asked to."""
    from lenskit.als import ImplicitMFScorer
    from lenskit.data import DatasetBuilder, RecQuery
    from lenskit.pipeline import topn_pipeline
    from lenskit.training import TrainingOptions

    rated = frame_of(plays).rename(columns={"weight": "rating"})[["user_id", "item_id", "rating"]]
    builder = DatasetBuilder()
    builder.add_interactions("rating", rated, entities=["user", "item"], missing="insert", default=True)
    data = builder.build()
    for reads in (True, False):
        pipeline = topn_pipeline(ImplicitMFScorer(features=8, epochs=20, use_ratings=reads), n=K)
        pipeline.train(data, TrainingOptions(rng=0))
        lists = {
            user: pipeline.run("recommender", query=RecQuery(user_id=None, user_items=data.user_row(user)))
            .ids()
            .tolist()
            for user in range(users)
        }
        yield f"LensKit ImplicitMF(use_ratings={reads})", topple.wrap(pipeline, "lenskit"), lists


LIBRARIES: Mapping[str, Callable[[Any, int], Iterator[Case]]] = {
    "implicit": of_implicit,
    "rectools": of_rectools,
    "lenskit": of_lenskit,
}


def histories_of(plays: Any, users: int) -> dict[int, topple.History]:
    """Return the weighted histories of the first users."""
    return {user: topple.History(plays[[user]].indices.tolist(), plays[[user]].data.tolist()) for user in range(users)}


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; 1 where a model has more than one list in fifty that is another."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=50)
    users = parser.parse_args(arguments).users
    plays, worst = played(), 0.0
    histories = histories_of(plays, users)
    print(f"{'model':<38} same   of which identical, up to ties; asked with ones")
    for library, cases in LIBRARIES.items():
        if importlib.util.find_spec(library) is None:
            print(f"{library:<38} is not installed here")
            continue
        for name, model, lists in cases(plays, users):
            found = topple.agreement(model, lists, K, histories=histories)
            ones = topple.agreement(
                model, lists, K, histories={user: tuple(items) for user, items in histories.items()}
            )
            same, tied = round(found.share * users), found.count(Match.TIED)
            worst = max(worst, users - same)
            print(f"{name:<38} {same:>2} of {users}  {same - tied}, {tied}; {round(ones.share * users)}", flush=True)
    return int(worst > users / 50)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    sys.exit(main())
