"""The training loop of models that learn by gradient: shuffled users, Adam, best validation state kept."""

import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from topple.data.splitting import Split
from topple.errors import DataError, RecommenderError
from topple.randomness import generator
from topple.recommenders.training.quality import askable, held_out_quality
from topple.scoring.findings.known import Findings
from topple.scoring.recommender import Epoch, OnBest, OnEpoch, Recommender
from topple.types import CsrMatrix

logger = logging.getLogger(__name__)


class TrainedByGradient(Protocol):
    """What the loop needs of a model."""

    training: dict[str, object]
    findings: Findings

    @property
    def settings(self) -> "TrainingSettings":
        """Return the settings the loop reads."""

    def arrays(self) -> Mapping[str, Tensor]:
        """Return the tensors to learn; they are changed in place."""

    def loss(self, batch: CsrMatrix, update: int, random: torch.Generator) -> Tensor:
        """Return the loss of a batch of users."""


class TrainingSettings(Protocol):
    """The settings the loop reads."""

    @property
    def epochs(self) -> int: ...  # noqa: D102
    @property
    def batch_size(self) -> int: ...  # noqa: D102
    @property
    def learning_rate(self) -> float: ...  # noqa: D102
    @property
    def patience(self) -> int | None: ...  # noqa: D102
    @property
    def max_minutes(self) -> float | None: ...  # noqa: D102
    @property
    def seed(self) -> int: ...  # noqa: D102


def train(
    model: "TrainedByGradient",
    split: Split,
    on_epoch: OnEpoch | None = None,
    on_best: OnBest | None = None,
    batches: "CsrMatrix | None" = None,
) -> None:
    """Train `model` in place and leave it in its best state by validation NDCG@100.

    An interrupt (Ctrl-C) ends the training early: the best state so far stays, and `model.training` says "interrupted".
    Before the first epoch is done there is none, and the interrupt goes on as `KeyboardInterrupt`.

    Args:
        model: what learns.
        split: the data.
        on_epoch: called after each epoch.
        on_best: called with the model each time it is the best so far.
        batches: the training interactions with other values than ones; the batches are rows of it.

    Raises:
        RecommenderError: the loss is not a number.
        DataError: no validation user to choose the best state by.
    """
    _require_validation(split)
    model.findings = Findings.of_training(split)
    settings, started = model.settings, time.perf_counter()
    users = split.train.shape[0]
    logger.info(
        "training starts: %d users, %d in a batch, at most %d epochs", users, settings.batch_size, settings.epochs
    )
    parameters = list(model.arrays().values())
    loop = _Loop(
        model, split.train if batches is None else batches, torch.optim.Adam(parameters, lr=settings.learning_rate)
    )
    best, best_ndcg, best_epoch, interrupted, epoch = [p.clone() for p in parameters], -1.0, 0, False, 0
    try:
        for epoch in range(1, settings.epochs + 1):
            loss = loop.epoch(epoch)
            ndcg = held_out_quality(model, split.validation, ndcg=(100,), recall=())["ndcg_100"]  # type: ignore[arg-type]
            if ndcg > best_ndcg:
                best, best_ndcg, best_epoch = [p.detach().clone() for p in parameters], ndcg, epoch
                _record(model, epoch, best_epoch, best_ndcg, started, interrupted=False)
                if on_best:
                    on_best(model)  # type: ignore[arg-type]
            logger.debug("epoch %d: loss %.6g, validation NDCG@100 %.4f, best %.4f", epoch, loss, ndcg, best_ndcg)
            if on_epoch:
                on_epoch(Epoch(epoch, settings.epochs, loss, ndcg, best_ndcg, best_epoch))
            if settings.patience is not None and epoch - best_epoch >= settings.patience:
                break
            if settings.max_minutes is not None and time.perf_counter() - started > 60 * settings.max_minutes:
                break
    except KeyboardInterrupt:
        if not best_epoch:
            raise
        interrupted = True
    finally:
        for parameter, state in zip(parameters, best, strict=True):
            parameter.requires_grad_(False).copy_(state)
            parameter.grad = None
    _record(model, epoch, best_epoch, best_ndcg, started, interrupted=interrupted)
    logger.info("training %s: %s", "was interrupted" if interrupted else "is done", model.training)


@dataclass
class _Loop:
    model: "TrainedByGradient"
    matrix: CsrMatrix
    optimizer: torch.optim.Optimizer
    update: int = 0

    def epoch(self, number: int) -> float:
        settings = self.model.settings
        order = generator(settings.seed, "epoch", number).permutation(self.matrix.shape[0])
        parameters = list(self.model.arrays().values())
        total = 0.0
        for parameter in parameters:
            parameter.requires_grad_(True)
        for start in range(0, len(order), settings.batch_size):
            batch = self.matrix[np.sort(order[start : start + settings.batch_size])]
            random = torch.Generator().manual_seed((settings.seed << 32) + self.update)
            loss = self.model.loss(batch, self.update, random)
            if not torch.isfinite(loss):
                raise RecommenderError(
                    f"the training loss is {float(loss.detach())} in epoch {number}: the training diverged at learning_rate="
                    f"{settings.learning_rate:g}. Lower it."
                )
            self.optimizer.zero_grad()
            torch.autograd.backward(loss)
            self.optimizer.step()
            self.update += 1
            total += float(loss.detach()) * batch.shape[0]
        for parameter in parameters:
            parameter.requires_grad_(False)
        return total / len(order)


def _require_validation(split: Split) -> None:
    held = split.validation
    if not len(askable(held)):
        raise DataError(
            f"no validation user has both a history and held-out items ({len(held.users):,} validation users): the best state "
            "cannot be chosen. Hold out more users, or larger histories (held_out_users, min_items)."
        )


def _record(
    model: "TrainedByGradient",
    epochs: int,
    best_epoch: int,
    best_ndcg: float,
    started: float,
    *,
    interrupted: bool,
) -> None:
    model.training.update(
        epochs=epochs,
        best_epoch=best_epoch,
        validation_ndcg_100=best_ndcg,
        seconds=round(time.perf_counter() - started, 3),
        threads=torch.get_num_threads(),
        interrupted=interrupted,
    )


def report_single_epoch(
    model: Recommender,
    split: Split,
    started: float,
    on_epoch: OnEpoch | None,
    on_best: OnBest | None,
    loss: float | None = None,
) -> None:
    """Record what a model without a training loop has learned since `started`, and call its hooks once.

    Args:
        model: the fitted model; its record of the training is filled in.
        split: the data; without validation users no NDCG is recorded.
        started: of `time.perf_counter`.
        on_epoch: as `fit` takes it.
        on_best: as `fit` takes it.
        loss: the training loss, for a model that has one.
    """
    ndcg = held_out_quality(model, split.validation, ndcg=(100,), recall=())["ndcg_100"]
    model.findings = Findings.of_training(split)
    model.training = {"epochs": 1} | ({} if loss is None else {"loss": loss})
    model.training["seconds"] = round(time.perf_counter() - started, 3)
    if not math.isnan(ndcg):
        model.training["validation_ndcg_100"] = ndcg
    if on_best:
        on_best(model)
    if on_epoch:
        on_epoch(Epoch(1, 1, 0.0 if loss is None else loss, ndcg, ndcg, 1))
