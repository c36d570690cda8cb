"""Models of RecBole, by the library's loader and losses."""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from topple.api.wrapping import wrap
from topple.benchmark.zoo.base import LAM, LONGEST, Effort, quiet
from topple.benchmark.zoo.interactions import sequences
from topple.data.splitting import Split
from topple.recommenders.adapters.catalogues import library
from topple.scoring.recommender import Recommender

WHOLE_ROWS: Mapping[str, Any] = {"train_neg_sample_args": None}
"""The setting of models that draw no items to compare with."""


def ease(split: Split, effort: Effort) -> Recommender:
    """Solve RecBole's EASE."""
    settings = {**WHOLE_ROWS, "seed": effort.seed, "reg_weight": LAM}
    config, batches = loader("EASE", *sequences(split, effort), settings)
    return wrap(made("EASE", config, batches), "recbole", split.catalogue)


def sasrec(split: Split, effort: Effort) -> Recommender:
    """Train RecBole's SASRec, once through: it makes a row of every interaction and all before it."""
    size = {"MAX_ITEM_LIST_LENGTH": LONGEST, "n_layers": 1, "n_heads": 1, "inner_size": 64, "train_batch_size": 256}
    config, batches = loader("SASRec", *sequences(split, effort), {**WHOLE_ROWS, "seed": effort.seed, **size})
    with effort.draws():
        model, started = made("SASRec", config, batches), time.perf_counter()
        epoch(model, batches, torch.optim.Adam(model.parameters(), lr=1e-3), lambda: effort.spent(started))
    return wrap(model, "recbole", split.catalogue)


def loader(
    kind: str, users: Any, items: Any, times: Any, settings: Mapping[str, Any], *, ordered: bool = True
) -> tuple[Any, Any]:
    """Return RecBole's settings for a kind of model, and the loader of all interactions for training.

    Args:
        kind: the name of the model.
        users: of the interactions.
        items: their items; RecBole numbers them as it meets them, from 1.
        times: numbers.
        settings: those that are not RecBole's defaults.
        ordered: whether each user's interactions are sorted by time.
    """
    config_of, data = library("recbole.config", "recbole").Config, library("recbole.data", "recbole")
    with tempfile.TemporaryDirectory() as made, _no_arguments(), quiet("recbole"):
        folder = Path(made, "seen")
        folder.mkdir()
        seen = "".join(f"{user}\t{item}\t{when:.0f}\n" for user, item, when in zip(users, items, times, strict=True))
        head = "user_id:token\titem_id:token\ttimestamp:float\n"
        (folder / "seen.inter").write_text(head + seen, encoding="utf-8")
        order = "TO" if ordered else "RO"
        where = {
            "data_path": made,
            "checkpoint_dir": made,
            "state": "ERROR",
            "use_gpu": False,
            "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
            "eval_args": {"split": {"RS": [1, 0, 0]}, "order": order, "group_by": "user", "mode": "full"},
        }
        config = config_of(kind, "seen", config_dict={**where, **settings})
        return config, data.data_preparation(config, data.create_dataset(config))[0]


def made(kind: str, config: Any, batches: Any) -> Any:
    """Return a model that has learned nothing; those that solve or count do it here."""
    return library("recbole.utils", "recbole").get_model(kind)(config, batches.dataset)


def epoch(model: Any, batches: Any, optimizer: torch.optim.Optimizer, ends: Callable[[], bool] = lambda: False) -> None:
    """Train a model by the loss of the library, once through the batches or until `ends` says so."""
    for batch in batches:
        optimizer.zero_grad()
        loss = model.calculate_loss(batch)
        parts = loss if isinstance(loss, tuple) else (loss,)
        torch.autograd.backward(parts)
        optimizer.step()
        if ends():
            return


@contextmanager
def _no_arguments() -> Iterator[None]:
    """Hide the command line: RecBole reads settings from it."""
    given = sys.argv
    sys.argv = given[:1]
    try:
        yield
    finally:
        sys.argv = given
