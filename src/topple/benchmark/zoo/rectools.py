"""Models of RecTools."""

from datetime import timedelta
from typing import Any

import numpy as np

from topple.api.wrapping import wrap
from topple.benchmark.zoo.base import LAM, LONGEST, Effort, quiet
from topple.benchmark.zoo.implicit import als_settings
from topple.benchmark.zoo.interactions import seen, sequences
from topple.data.splitting import Split
from topple.recommenders.adapters.catalogues import library
from topple.scoring.recommender import Recommender
from topple.types import IntArray


def ease(split: Split, effort: Effort) -> Recommender:
    """Solve RecTools' EASE."""
    return _trained(library("rectools.models", "rectools").EASEModel(regularization=LAM), split)


def als(split: Split, effort: Effort) -> Recommender:
    """Train the ALS of implicit that it wraps."""
    model = library("implicit.als", "rectools").AlternatingLeastSquares(**als_settings(split, effort))
    return _trained(library("rectools.models", "rectools").ImplicitALSWrapperModel(model), split)


def sasrec(split: Split, effort: Effort) -> Recommender:
    """Train RecTools' SASRec, at most four times through."""
    sessions, items, positions = _sessions(split, effort)
    data = dataset(sessions, split.catalogue.vocabulary.decode(items), positions)
    models = library("rectools.models", "rectools")
    with effort.draws(), quiet("pytorch_lightning"):
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


def dataset(users: Any, items: Any, seconds: Any) -> Any:
    """Return interactions as RecTools reads them, which numbers users and items as it meets them."""
    pandas = library("pandas")
    times = pandas.to_datetime(seconds, unit="s")
    frame = pandas.DataFrame({"user_id": users, "item_id": items, "weight": 1.0, "datetime": times})
    return library("rectools.dataset", "rectools").Dataset.construct(frame)


def _trained(model: Any, split: Split) -> Recommender:
    return wrap(model.fit(dataset(*seen(split.train), 0)), "rectools", split.catalogue)


def _sessions(split: Split, effort: Effort) -> tuple[IntArray, IntArray, IntArray]:
    """Return the session, the item and the position of every training interaction.

    A sequence is cut into sessions that share one item: RecTools takes the last of each, and would never meet the others.
    """
    users, items, positions = sequences(split, effort)
    sessions = users * (1 + len(split.catalogue) // LONGEST) + positions // LONGEST
    shared = (positions > 0) & (positions % LONGEST == 0)
    doubled = zip((sessions, items, positions), (sessions[shared] - 1, items[shared], positions[shared]), strict=True)
    sessions, items, positions = (np.concatenate(both) for both in doubled)
    return sessions, items, positions


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
