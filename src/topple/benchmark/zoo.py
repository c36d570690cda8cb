"""The zoo: one sensible model or two of each library that has an adapter, trained on a split and wrapped.

Settings are the libraries' own or near them; nothing is tuned. Every model is given the items in the catalogue's order, so
that its columns are those of the split. A library is imported when its model is trained, and not before.
"""

import logging
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from topple.data.splitting import Split
from topple.door.wrapping import wrap
from topple.randomness import generator
from topple.recommenders.adapters.catalogues import library
from topple.recommenders.base import Recommender
from topple.recommenders.ease import EASE
from topple.types import IntArray

LAM = 350.0
"""Weight of the squared norm in every EASE here: the default of the native one, so that their rows can be compared."""


LONGEST = 50
"""Items that the sequence models here read."""


@dataclass(frozen=True)
class Effort:
    """What a training may cost, and the seed of its draws; not every library takes a limit."""

    max_minutes: float | None = None
    seed: int = 0


Train: TypeAlias = Callable[[Split, Effort], Recommender]


def _callable_ease(split: Split, effort: Effort) -> Recommender:
    """EASE as a function that topple knows nothing about: not even that it is a sum."""
    weights = EASE.fit(split).arrays()["weights"].double().numpy()
    return wrap(lambda rows: rows @ weights, "callable", split.catalogue, histories="csr", name="callable:EASE")


def _torch_autoencoder(split: Split, effort: Effort) -> Recommender:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(effort.seed)
        items, hidden = len(split.catalogue), min(200, len(split.catalogue))
        module = nn.Sequential(nn.Dropout(0.5), nn.Linear(items, hidden), nn.Tanh(), nn.Linear(hidden, items))
        _denoise(module, torch.from_numpy(split.train.toarray()), effort)
    return wrap(module, "torch", split.catalogue, name="torch:denoising autoencoder")


def _denoise(module: nn.Module, rows: Tensor, effort: Effort, epochs: int = 60, batch: int = 128) -> None:
    """Train a module to name the items of a history of which it sees half."""
    started, optimizer = time.perf_counter(), torch.optim.Adam(module.parameters(), weight_decay=1e-4)
    for _ in range(epochs):
        for chosen in torch.split(torch.randperm(len(rows)), batch):
            optimizer.zero_grad()
            loss = -(torch.log_softmax(module(rows[chosen]), 1) * rows[chosen]).sum(1).mean()
            torch.autograd.backward(loss)
            optimizer.step()
        if effort.max_minutes is not None and time.perf_counter() - started > 60 * effort.max_minutes:
            return


def _sklearn_svd(split: Split, effort: Effort) -> Recommender:
    decomposition = library("sklearn.decomposition", "sklearn")
    estimator = decomposition.TruncatedSVD(_factors(split, 32), random_state=effort.seed)
    return wrap(estimator.fit(split.train), "sklearn", split.catalogue)


def _implicit_als(split: Split, effort: Effort) -> Recommender:
    model = library("implicit.als", "implicit").AlternatingLeastSquares(**_als(split, effort))
    model.fit(split.train, show_progress=False)
    return wrap(model, "implicit", split.catalogue)


def _implicit_cosine(split: Split, effort: Effort) -> Recommender:
    model = library("implicit.nearest_neighbours", "implicit").CosineRecommender(K=100, num_threads=1)
    model.fit(split.train, show_progress=False)
    return wrap(model, "implicit", split.catalogue)


def _cornac_ease(split: Split, effort: Effort) -> Recommender:
    model = library("cornac.models", "cornac").EASE(lamb=LAM, posB=False, verbose=False)
    return _cornac(model, split)


def _cornac_vaecf(split: Split, effort: Effort) -> Recommender:
    model = library("cornac.models", "cornac").VAECF(
        k=100, autoencoder_structure=[300], likelihood="mult", n_epochs=60, beta=0.2, seed=effort.seed
    )
    return _cornac(model, split)


def _cornac(model: Any, split: Split) -> Recommender:
    users, items = _seen(split)
    seen = zip(users.tolist(), items.tolist(), [1.0] * len(users), strict=True)
    model.fit(library("cornac.data", "cornac").Dataset.from_uir(seen))
    return wrap(model, "cornac", split.catalogue)


def _lenskit_ease(split: Split, effort: Effort) -> Recommender:
    return _lenskit(library("lenskit.knn", "lenskit").EASEScorer(regularization=LAM), split)


def _lenskit_implicit_mf(split: Split, effort: Effort) -> Recommender:
    scorer = library("lenskit.als", "lenskit").ImplicitMFScorer(embedding_size=_factors(split, 50))
    return _lenskit(scorer, split)


def _lenskit(scorer: Any, split: Split) -> Recommender:
    users, items = _seen(split)
    frame = library("pandas").DataFrame({"user_id": users, "item_id": items})
    pipeline = library("lenskit.pipeline", "lenskit").topn_pipeline(scorer)
    pipeline.train(library("lenskit.data", "lenskit").from_interactions_df(frame))
    return wrap(pipeline, "lenskit", split.catalogue)


def _rectools_ease(split: Split, effort: Effort) -> Recommender:
    return _rectools(library("rectools.models", "rectools").EASEModel(regularization=LAM), split)


def _rectools_als(split: Split, effort: Effort) -> Recommender:
    model = library("implicit.als", "rectools").AlternatingLeastSquares(**_als(split, effort))
    return _rectools(library("rectools.models", "rectools").ImplicitALSWrapperModel(model), split)


def _rectools(model: Any, split: Split) -> Recommender:
    pandas, (users, items) = library("pandas"), _seen(split)
    columns = {"user_id": users, "item_id": items, "weight": 1.0, "datetime": pandas.Timestamp("2024-01-01")}
    data = library("rectools.dataset", "rectools").Dataset.construct(pandas.DataFrame(columns))
    return wrap(model.fit(data), "rectools", split.catalogue)


def _rectools_sasrec(split: Split, effort: Effort) -> Recommender:
    pandas, (sessions, items, places) = library("pandas"), _sessions(split, effort)
    columns = {
        "user_id": sessions,
        "item_id": split.catalogue.vocabulary.decode(items),
        "weight": 1.0,
        "datetime": pandas.Timestamp("2024-01-01") + pandas.to_timedelta(places, "min"),
    }
    data = library("rectools.dataset", "rectools").Dataset.construct(pandas.DataFrame(columns))
    models = library("rectools.models", "rectools")
    with torch.random.fork_rng(devices=[]), _quiet("pytorch_lightning"):
        torch.manual_seed(effort.seed)
        model = models.SASRecModel(
            session_max_len=LONGEST,
            n_factors=64,
            n_blocks=1,
            n_heads=1,
            batch_size=32,
            get_trainer_func=_lightning,
            get_trainer_func_kwargs={"max_minutes": effort.max_minutes},
        ).fit(data)
    return wrap(model, "rectools", split.catalogue)


@contextmanager
def _quiet(logger: str) -> Iterator[None]:
    """Keep what a library tells of its trainings, and its advice on faster machines, off the screen."""
    its = logging.getLogger(logger)
    level = its.level
    try:
        its.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        its.setLevel(level)


def _sessions(split: Split, effort: Effort) -> tuple[IntArray, IntArray, IntArray]:
    """Return the session, the item and the place of every training interaction.

    A sequence is cut into sessions that share one item: RecTools takes the last of each, and would never meet the others.
    """
    users, items, places = _sequences(split, effort)
    sessions = users * (1 + len(split.catalogue) // LONGEST) + places // LONGEST
    shared = (places > 0) & (places % LONGEST == 0)
    doubled = zip((sessions, items, places), (sessions[shared] - 1, items[shared], places[shared]), strict=True)
    sessions, items, places = (np.concatenate(both) for both in doubled)
    return sessions, items, places


def _lightning(max_minutes: float | None) -> Any:
    """Return what trains a transformer of RecTools, on the CPU, writing nothing."""
    return library("pytorch_lightning", "rectools").Trainer(
        accelerator="cpu",
        devices=1,
        max_epochs=4,
        max_time=None if max_minutes is None else timedelta(minutes=max_minutes),
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def _recbole_ease(split: Split, effort: Effort) -> Recommender:
    config, train = _recbole("EASE", split, effort, {"reg_weight": LAM})
    model = library("recbole.model.general_recommender", "recbole").EASE(config, train.dataset)
    return wrap(model, "recbole", split.catalogue)


def _recbole_sasrec(split: Split, effort: Effort) -> Recommender:
    settings = {"MAX_ITEM_LIST_LENGTH": LONGEST, "n_layers": 1, "n_heads": 1, "inner_size": 64, "train_batch_size": 256}
    config, train = _recbole("SASRec", split, effort, settings)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(effort.seed)
        model = library("recbole.model.sequential_recommender", "recbole").SASRec(config, train.dataset)
        _next_items(model, train, effort)
    return wrap(model, "recbole", split.catalogue)


def _next_items(model: Any, batches: Any, effort: Effort) -> None:
    """Train a model of RecBole by its own loss, once through: it makes a row of every interaction and all before it."""
    started, optimizer = time.perf_counter(), torch.optim.Adam(model.parameters(), lr=1e-3)
    for batch in batches:
        optimizer.zero_grad()
        torch.autograd.backward(model.calculate_loss(batch))
        optimizer.step()
        if effort.max_minutes is not None and time.perf_counter() - started > 60 * effort.max_minutes:
            return


def _recbole(kind: str, split: Split, effort: Effort, settings: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return RecBole's settings for a kind of model, and its loader of all interactions for training."""
    config_of, data = library("recbole.config", "recbole").Config, library("recbole.data", "recbole")
    with tempfile.TemporaryDirectory() as place, _no_arguments(), _quiet("recbole"):
        folder = Path(place, "seen")
        folder.mkdir()
        seen = "".join(f"{user}\t{item}\t{when}\n" for user, item, when in zip(*_sequences(split, effort), strict=True))
        head = "user_id:token\titem_id:token\ttimestamp:float\n"
        (folder / "seen.inter").write_text(head + seen, encoding="utf-8")
        its = {
            "data_path": place,
            "checkpoint_dir": place,
            "state": "ERROR",
            "seed": effort.seed,
            "use_gpu": False,
            "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
            "eval_args": {"split": {"RS": [1, 0, 0]}, "order": "TO", "group_by": "user", "mode": "full"},
            "train_neg_sample_args": None,
        }
        config = config_of(kind, "seen", config_dict={**its, **settings})
        return config, data.data_preparation(config, data.create_dataset(config))[0]


@contextmanager
def _no_arguments() -> Iterator[None]:
    """Hide the command line: RecBole reads its own settings from it."""
    given = sys.argv
    sys.argv = given[:1]
    try:
        yield
    finally:
        sys.argv = given


def _seen(split: Split) -> tuple[IntArray, IntArray]:
    """Return the user and the item of every training interaction, by item.

    Libraries number items by their ids or as they first meet them: both give the catalogue's own order here.
    """
    entries = split.train.tocsc().tocoo()
    return entries.row.astype(np.int64), entries.col.astype(np.int64)


def _sequences(split: Split, effort: Effort) -> tuple[IntArray, IntArray, IntArray]:
    """Return the same with the place of each in its user's sequence, oldest 0; equal times stand in an order that is drawn."""
    matrix = split.train
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    drawn = generator(effort.seed, "sequences").random(matrix.nnz)
    order = np.lexsort((drawn, drawn if split.times is None else split.times, rows))
    places = np.empty(matrix.nnz, dtype=np.int64)
    places[order] = np.arange(matrix.nnz) - matrix.indptr[rows]
    entries = csr_matrix((places + 1, matrix.indices, matrix.indptr), shape=matrix.shape).tocsc().tocoo()
    return entries.row.astype(np.int64), entries.col.astype(np.int64), entries.data - 1


def _als(split: Split, effort: Effort) -> dict[str, Any]:
    settings = {"factors": _factors(split, 64), "alpha": 11.0, "regularization": 40.0, "num_threads": 1}
    return {**settings, "random_state": effort.seed}


def _factors(split: Split, wanted: int) -> int:
    return max(1, min(wanted, min(split.train.shape) - 1))


ZOO: Mapping[str, Train] = MappingProxyType(
    {
        "callable:ease": _callable_ease,
        "torch:autoencoder": _torch_autoencoder,
        "sklearn:svd": _sklearn_svd,
        "implicit:als": _implicit_als,
        "implicit:cosine": _implicit_cosine,
        "lenskit:ease": _lenskit_ease,
        "lenskit:implicit-mf": _lenskit_implicit_mf,
        "rectools:ease": _rectools_ease,
        "rectools:als": _rectools_als,
        "rectools:sasrec": _rectools_sasrec,
        "cornac:ease": _cornac_ease,
        "cornac:vaecf": _cornac_vaecf,
        "recbole:ease": _recbole_ease,
        "recbole:sasrec": _recbole_sasrec,
    }
)
"""Library and model to how it is trained."""
