"""The training loop of models that learn by gradient: shuffled users, Adam, best validation state kept."""

import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
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
    clock: Callable[[], float] = time.perf_counter,
) -> None:
    """Train `model` in place and leave it in its best state by validation NDCG@100.

    The time that the settings allow ends an epoch too, after any batch: the weights are judged as they are then, and the best
    state stays. `model.training` says why the training ended, and how much of the last epoch was trained.
    An interrupt (Ctrl-C) ends the training early: the best state so far stays, and `model.training` says "interrupted".
    Before the first epoch is done there is none, and the interrupt goes on as `KeyboardInterrupt`.

    Args:
        model: what learns.
        split: the data.
        on_epoch: called after each epoch.
        on_best: called with the model each time it is the best so far.
        batches: the training interactions with other values than ones; the batches are rows of it.
        clock: tells the time, in seconds.

    Raises:
        RecommenderError: the loss is not a number.
        DataError: no validation user to choose the best state by.
    """
    _require_validation(split)
    model.findings = Findings.of_training(split)
    settings = model.settings
    users = split.train.shape[0]
    logger.info(
        "training starts: %d users, %d in a batch, at most %d epochs", users, settings.batch_size, settings.epochs
    )
    parameters = list(model.arrays().values())
    optimizer = torch.optim.Adam(parameters, lr=settings.learning_rate)
    course = _Course(model, split, split.train if batches is None else batches, optimizer, clock, clock())
    course.best = [parameter.clone() for parameter in parameters]
    try:
        course.run(on_epoch, on_best)
    except KeyboardInterrupt:
        if not course.best_epoch:
            raise
        course.ended = Ended.INTERRUPT
    finally:
        for parameter, state in zip(parameters, course.best, strict=True):
            parameter.requires_grad_(False).copy_(state)
            parameter.grad = None
    course.record()
    logger.info("training %s: %s", "was interrupted" if model.training["interrupted"] else "is done", model.training)


class Ended(StrEnum):
    """Why a training ended."""

    NOT = "not"
    """It goes on."""
    EPOCHS = "epochs"
    """All epochs were trained."""
    PATIENCE = "patience"
    """For so many epochs no state was better."""
    MAX_MINUTES = "max_minutes"
    """The time was up, perhaps within an epoch."""
    INTERRUPT = "interrupt"
    """It was interrupted."""


@dataclass
class _Course:
    """A training under way.

    Args:
        model: what learns.
        split: the data.
        matrix: what the batches are rows of.
        optimizer: changes the arrays of the model.
        clock: tells the time.
        started: when the training began.
        best: the best state so far.
        best_ndcg: the validation NDCG@100 of the best state.
        best_epoch: the epoch of the best state; 0: there is none yet.
        epoch: the present epoch.
        batches: batches of the present epoch that were trained, and of how many.
        update: the number of the next update.
        ended: why the training ended.
    """

    model: "TrainedByGradient"
    split: Split
    matrix: CsrMatrix
    optimizer: torch.optim.Optimizer
    clock: Callable[[], float]
    started: float
    best: list[Tensor] = field(default_factory=list)
    best_ndcg: float = -1.0
    best_epoch: int = 0
    epoch: int = 0
    batches: tuple[int, int] = (0, 0)
    update: int = 0
    ended: Ended = Ended.NOT

    def run(self, on_epoch: OnEpoch | None, on_best: OnBest | None) -> None:
        """Train until the last epoch, or until the settings end the training."""
        model, settings = self.model, self.model.settings
        for self.epoch in range(1, settings.epochs + 1):
            loss = self._trained()
            ndcg = held_out_quality(model, self.split.validation, ndcg=(100,), recall=())["ndcg_100"]  # type: ignore[arg-type]
            if ndcg > self.best_ndcg:
                self.best = [parameter.detach().clone() for parameter in model.arrays().values()]
                self.best_ndcg, self.best_epoch = ndcg, self.epoch
                self.record()
                if on_best:
                    on_best(model)  # type: ignore[arg-type]
            told = self.epoch, loss, ndcg, self.best_ndcg
            logger.debug("epoch %d: loss %.6g, validation NDCG@100 %.4f, best %.4f", *told)
            if on_epoch:
                on_epoch(Epoch(self.epoch, settings.epochs, loss, ndcg, self.best_ndcg, self.best_epoch))
            if self._time_is_up():
                self.ended = Ended.MAX_MINUTES
                break
            if settings.patience is not None and self.epoch - self.best_epoch >= settings.patience:
                self.ended = Ended.PATIENCE
                break
        else:
            self.ended = Ended.EPOCHS

    def record(self) -> None:
        """Write into the model how far the training is."""
        done, of = self.batches
        self.model.training.update(
            epochs=self.epoch,
            best_epoch=self.best_epoch,
            validation_ndcg_100=self.best_ndcg,
            seconds=round(self.clock() - self.started, 3),
            threads=torch.get_num_threads(),
            interrupted=self.ended is Ended.INTERRUPT,
            ended=self.ended.value,
        )
        self.model.training.pop("batches_of_last_epoch", None)
        if done < of and self.ended is not Ended.INTERRUPT:
            self.model.training["batches_of_last_epoch"] = [done, of]

    def _time_is_up(self) -> bool:
        most = self.model.settings.max_minutes
        return most is not None and self.clock() - self.started > 60 * most

    def _trained(self) -> float:
        """Train an epoch, or the part of it that there is time for, at least a batch; return the mean loss of a user."""
        settings = self.model.settings
        order = generator(settings.seed, "epoch", self.epoch).permutation(self.matrix.shape[0])
        parameters = list(self.model.arrays().values())
        starts = range(0, len(order), settings.batch_size)
        total, users = 0.0, 0
        for parameter in parameters:
            parameter.requires_grad_(True)
        for number, start in enumerate(starts, start=1):
            batch = self.matrix[np.sort(order[start : start + settings.batch_size])]
            random = torch.Generator().manual_seed((settings.seed << 32) + self.update)
            loss = self.model.loss(batch, self.update, random)
            if not torch.isfinite(loss):
                raise RecommenderError(
                    f"the training loss is {float(loss.detach())} in epoch {self.epoch}: the training diverged at learning_rate="
                    f"{settings.learning_rate:g}. Lower it."
                )
            self.optimizer.zero_grad()
            torch.autograd.backward(loss)
            self.optimizer.step()
            self.update += 1
            total, users = total + float(loss.detach()) * batch.shape[0], users + batch.shape[0]
            self.batches = number, len(starts)
            if number < len(starts) and self._time_is_up():
                break
        for parameter in parameters:
            parameter.requires_grad_(False)
        return total / max(1, users)


def _require_validation(split: Split) -> None:
    held = split.validation
    if not len(askable(held)):
        raise DataError(
            f"no validation user has both a history and held-out items ({len(held.users):,} validation users): the best state "
            "cannot be chosen. Hold out more users, or larger histories (held_out_users, min_items)."
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
