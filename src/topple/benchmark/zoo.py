"""The zoo: one sensible model or two of each library that has an adapter, trained on a split and wrapped.

Settings are the libraries' own or near them; nothing is tuned. Every model is given the items in the catalogue's order, so
that its columns are those of the split. A library is imported when its model is trained, and not before.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from topple.data.splitting import Split
from topple.door.wrapping import wrap
from topple.recommenders.adapters.catalogues import library
from topple.recommenders.base import Recommender
from topple.recommenders.ease import EASE
from topple.types import IntArray

LAM = 350.0
"""Weight of the squared norm in every EASE here: the default of the native one, so that their rows can be compared."""


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


def _recbole_ease(split: Split, effort: Effort) -> Recommender:
    config_of = library("recbole.config", "recbole").Config
    rooms, data = library("recbole.model.general_recommender", "recbole"), library("recbole.data", "recbole")
    users, items = _seen(split)
    with tempfile.TemporaryDirectory() as place, _no_arguments():
        folder = Path(place, "seen")
        folder.mkdir()
        lines = "".join(f"{user}\t{item}\n" for user, item in zip(users, items, strict=True))
        (folder / "seen.inter").write_text(f"user_id:token\titem_id:token\n{lines}", encoding="utf-8")
        settings = {
            "data_path": place,
            "checkpoint_dir": place,
            "state": "ERROR",
            "use_gpu": False,
            "reg_weight": LAM,
            "load_col": {"inter": ["user_id", "item_id"]},
            "eval_args": {"split": {"RS": [1, 0, 0]}, "order": "RO", "group_by": "user", "mode": "full"},
            "train_neg_sample_args": None,
        }
        config = config_of("EASE", "seen", config_dict=settings)
        train = data.data_preparation(config, data.create_dataset(config))[0]
        model = rooms.EASE(config, train.dataset)
    return wrap(model, "recbole", split.catalogue)


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
        "cornac:ease": _cornac_ease,
        "cornac:vaecf": _cornac_vaecf,
        "recbole:ease": _recbole_ease,
    }
)
"""Library and model to how it is trained."""
