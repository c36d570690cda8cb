"""A model over a large catalogue: Epinions whole. For measuring cost, not quality.

All users train, and every item with a user stays, so that the catalogue is as large as the data allows. The validation
users (of whom the best state is chosen) are training users too: their NDCG says nothing and is not reported.
"""

import concurrent.futures
import multiprocessing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.csv as pa_csv

import topple
from benchmarks.timing import one_core
from topple.data.interactions import Interactions, to_matrix
from topple.data.splitting import HeldOut
from topple.types import ItemId, UserId

VALIDATION = 200
SETTINGS: dict[str, dict[str, Any]] = {
    "mult-vae": {"hidden": 100, "latent": 50, "epochs": 3, "batch_size": 250, "learning_rate": 3e-3},
    "item-knn": {},
}
"""The network is small, and stopped early: the cost of an explanation hangs on the shapes and the lengths of the sets."""


def interactions(folder: Path) -> Interactions:
    """Read interactions.csv.gz (columns user_id, item_id) of a folder."""
    table = pa_csv.read_csv(folder / "interactions.csv.gz").select(["user_id", "item_id"])
    return topple.read_interactions(table, user="user_id", item="item_id", name="epinions")


def histories(found: Interactions) -> dict[UserId, tuple[ItemId, ...]]:
    """Return the whole history of every user."""
    matrix = found.matrix()
    items = found.catalogue.vocabulary.decode(matrix.indices.astype(np.int64))
    bounds = matrix.indptr.tolist()
    return {user: items[bounds[row] : bounds[row + 1]] for row, user in enumerate(found.users.ids)}


def whole_split(found: Interactions) -> topple.Split:
    """Return a split in which every user trains; some of them, with 5 items or more, choose the best state."""
    matrix = found.matrix()
    rows = np.flatnonzero(np.diff(matrix.indptr) >= 5)[:VALIDATION]
    some = matrix[rows].tocsr()
    first = np.zeros(some.nnz, dtype=np.bool_)
    first[some.indptr[:-1]] = True  # one item a user must be predicted
    user = np.repeat(np.arange(len(rows)), np.diff(some.indptr))
    shape = (len(rows), len(found.catalogue))
    held = HeldOut(
        topple.Vocabulary(found.users.column.take(rows), "user"),
        to_matrix(user[~first], some.indices[~first].astype(np.int64), shape),
        to_matrix(user[first], some.indices[first].astype(np.int64), shape),
    )
    return topple.Split(found.catalogue, found.users, matrix, held, held, found.name)


def model_folder(epinions: Path, minutes: float, build: Path, recommender: str) -> Path:
    """Return the folder of a model over all items, with its data; it is fitted first where there is none.

    Another process does that, so that the memory of the training is not in the peak of what is measured.
    """
    folder = build / f"epinions-all-{recommender}"
    if not folder.is_dir():
        context = multiprocessing.get_context("spawn")
        with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
            pool.submit(_fit, epinions, minutes, folder, recommender).result()
    return folder


def _fit(epinions: Path, minutes: float, folder: Path, recommender: str) -> None:
    one_core()
    split = whole_split(interactions(epinions))
    limit = {"max_minutes": minutes} if recommender == "mult-vae" else {}
    fitted = topple.fit(split, recommender, settings=SETTINGS[recommender] | limit, progress=False)
    folder.parent.mkdir(parents=True, exist_ok=True)
    topple.save_model(fitted, folder, split)
