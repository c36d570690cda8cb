"""Implicit ALS: a factor model; a history is folded in by its closed form, and a removal is a low-rank update of it."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from topple.data.splitting import Split
from topple.data.vocabulary import Catalogue
from topple.errors import ModelFolderError, RecommenderError
from topple.recommenders.families.fold_in import FoldIn, System
from topple.recommenders.families.learned import LARGEST, normal
from topple.recommenders.families.least_squares import LeastSquares
from topple.recommenders.training.quality import held_out_quality
from topple.scoring.devices import moved
from topple.scoring.findings.known import Findings
from topple.scoring.learned.arrays import read_arrays
from topple.scoring.memory import POSITIONS
from topple.scoring.recommender import Capability, Epoch, OnBest, OnEpoch, Recommender
from topple.scoring.variations import HistoryBatch, unchanged
from topple.settings import Settings
from topple.types import CsrMatrix

_Model = TypeVar("_Model", bound=Recommender)


class AlsSettings(Settings):
    """Settings of implicit ALS."""

    factors: int = Field(default=64, ge=1, le=LARGEST)
    """Dimensions; the defaults are the best by validation NDCG@100 on MovieLens 100K with 64 (0.455; 0.459 with 128)."""
    alpha: float = Field(default=10.0, gt=0, allow_inf_nan=False)
    """Confidence that a seen item adds to the 1 of every item, for each 1 of weight."""
    regularisation: float = Field(default=40.0, gt=0, allow_inf_nan=False)
    """Weight of the squared norm of the factors."""
    epochs: int = Field(default=15, ge=1)
    """Rounds of solving for the users, then for the items."""
    max_minutes: float | None = Field(default=None, gt=0)
    """End the training after this time, within a round too, but the first; the best state so far stays."""
    seed: int = Field(default=0, ge=0, lt=2**32)


class ALS(LeastSquares):
    """Implicit ALS: users and items are each other's least squares, in turn; a history is folded in like a user.

    Source: Hu, Koren, Volinsky, ICDM 2008. Differs in: an interaction of weight w counts as w interactions, so that the confidence
    is 1 + alpha w, and what is preferred 1 + alpha times w on the right side; the items' factors with the best validation
    NDCG@100 are kept; users are folded in and not stored. Random: seed.
    """

    name = "als"
    capabilities: ClassVar = LeastSquares.capabilities | {Capability.TRAINABLE}
    settings_type: ClassVar[type[AlsSettings]] = AlsSettings

    def __init__(self, catalogue: Catalogue, factors: Tensor, settings: AlsSettings) -> None:
        super().__init__(catalogue, factors.detach().float().contiguous(), settings.regularisation)
        self.settings: AlsSettings = settings
        # Made once: an array made anew would look like one that was learned anew.
        self._alpha_regularisation = torch.tensor([settings.alpha, settings.regularisation], dtype=torch.float64)
        self.rounding = self.seen_rounding()

    def sides(self, histories: HistoryBatch) -> tuple[Tensor, Tensor]:
        """Return alpha and 1 + alpha, times the base weights: an item of weight 2 counts as two items."""
        return self.settings.alpha * histories.weights, (1 + self.settings.alpha) * histories.weights

    @classmethod
    def fit(
        cls,
        split: Split,
        settings: Settings | None = None,
        on_epoch: OnEpoch | None = None,
        on_best: OnBest | None = None,
    ) -> Self:
        """Solve for users and items in turn on the split's training users; keep the best state by validation NDCG@100.

        Without validation users the last state is kept. An interrupt (Ctrl-C) after the first epoch ends the training early.

        Raises:
            RecommenderError: the factors are not numbers.
        """
        chosen = AlsSettings.checked(settings, cls.name)
        kept: _Best[Self] = _Best(split, chosen.epochs, on_epoch, on_best, chosen.max_minutes)
        random = torch.Generator().manual_seed(chosen.seed)
        items = 0.1 / math.sqrt(chosen.factors) * normal(random, (len(split.catalogue), chosen.factors), 1.0)
        try:
            for epoch in range(1, chosen.epochs + 1):
                items, loss = _round(split.train, items, chosen, kept.refuse_to_go_on)
                kept.see(cls(split.catalogue, items, chosen), epoch, loss)
                kept.refuse_to_go_on()
        except _TimeIsUp:
            kept.models[0].training["ended"] = "max_minutes"
        except KeyboardInterrupt:
            if not kept.models:
                raise
            kept.models[0].training["interrupted"] = True
        (best,) = kept.models
        if math.isnan(best.training["validation_ndcg_100"]):
            del best.training["validation_ndcg_100"]
        return best

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], catalogue: Catalogue, settings: Settings | None = None) -> Self:
        """Build the model from `item_factors` [I, D], and `fold_in` (alpha, regularisation), else taken from the settings.

        Raises:
            ModelFolderError: the factors are missing, an array does not fit, or is not made of numbers.
        """
        chosen = AlsSettings.checked(settings, cls.name)
        shapes = {"item_factors": (len(catalogue), None)}
        factors = read_arrays(arrays, shapes, cls.name, catalogue)["item_factors"]
        given = np.asarray(arrays.get("fold_in", (chosen.alpha, chosen.regularisation)))
        if given.shape != (2,) or given.dtype.kind not in "fiu" or not (np.isfinite(given).all() and (given > 0).all()):
            raise ModelFolderError(f"array 'fold_in' is {given}, expected alpha and regularisation above 0. Fit anew.")
        read = {"factors": factors.shape[1], "alpha": float(given[0]), "regularisation": float(given[1])}
        return cls(catalogue, factors, chosen.model_copy(update=read))

    def arrays(self) -> Mapping[str, Tensor]:
        """Return the items' factors [I, D], and what else the scores depend on: alpha and the regularisation."""
        return {"item_factors": self._factors, "fold_in": self._alpha_regularisation}

    def to(self, device: torch.device | str) -> Self:
        """Return the same model with its factors on another device."""
        return moved(self, self._factors, device)


class _TimeIsUp(Exception):  # noqa: N818 # no error
    """The time that the settings allow is over, and there is a state to keep."""


def _round(
    train: CsrMatrix, items: Tensor, settings: AlsSettings, between: Callable[[], None] = lambda: None
) -> tuple[Tensor, float]:
    """Solve for the users, then for the items; return the items' factors and the mean loss of a user.

    Args:
        train: the interactions [U, I].
        items: the items' factors [I, D].
        settings: of ALS.
        between: called between the parts of the work; it may raise `_TimeIsUp`.
    """
    try:
        users = _half(train, items, settings, between)
        items = _half(train.T.tocsr(), users, settings, between)
        solved = bool(torch.isfinite(items).all())
    except torch.linalg.LinAlgError:  # type: ignore[attr-defined] # documented so
        solved = False
    if not solved:
        raise RecommenderError(
            f"the factors are not numbers: the equations cannot be solved with alpha={settings.alpha:g} and regularisation="
            f"{settings.regularisation:g} in float32. Raise the regularisation, or lower alpha."
        )
    seen = torch.from_numpy(np.repeat(np.arange(len(users)), np.diff(train.indptr)))
    entries = (seen, torch.from_numpy(train.indices.astype(np.int64)), torch.from_numpy(train.data).double())
    parts = zip(*(torch.split(values, POSITIONS) for values in entries), strict=True)
    total = float(((users.T @ users).double() * (items.T @ items).double()).sum())
    total += settings.regularisation * float(users.double().square().sum() + items.double().square().sum())
    for user, item, weight in parts:
        score = (users[user] * items[item]).sum(1).double()
        total += float((weight * ((1 + settings.alpha) * (1 - score).square() - score.square())).sum())
    return items, total / len(users)


def _half(
    matrix: CsrMatrix, factors: Tensor, settings: AlsSettings, between: Callable[[], None] = lambda: None
) -> Tensor:
    """Return the factors of the rows of a sparse matrix, given those of its columns; a row without entries has zeros."""
    system = System.of(factors, settings.regularisation)
    out = torch.zeros(matrix.shape[0], settings.factors, dtype=torch.float32)
    for rows, histories in _chunks(matrix):
        between()
        weights, alpha = histories.weights, settings.alpha
        fold_in = FoldIn(system, factors[histories.items], alpha * weights, (1 + alpha) * weights)
        out[rows] = fold_in.solved(unchanged(histories))[:, 0]
    return out


def _chunks(matrix: CsrMatrix) -> Iterator[tuple[Tensor, HistoryBatch]]:
    """Yield the rows with entries, those of like length together, never more than about `POSITIONS` padded positions."""
    lengths = np.diff(matrix.indptr)
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    start = 0
    while start < len(order):
        padded = lengths[order[start:]] * np.arange(1, len(order) - start + 1)
        rows = order[start : start + max(1, int(np.searchsorted(padded, POSITIONS, side="right")))]
        filled, entries = np.arange(lengths[rows[-1]]) < lengths[rows][:, None], matrix[rows]
        weights, items = np.zeros(filled.shape, dtype=np.float32), np.zeros(filled.shape, dtype=np.int64)
        weights[filled], items[filled] = entries.data, entries.indices
        yield torch.from_numpy(rows), HistoryBatch(torch.from_numpy(items), torch.from_numpy(weights))
        start += len(rows)


@dataclass(eq=False)
class _Best(Generic[_Model]):
    """The best state so far by validation NDCG@100, without validation users the last; `models` is empty or holds it."""

    split: Split
    epochs: int
    on_epoch: OnEpoch | None
    on_best: OnBest | None
    max_minutes: float | None = None
    models: list[_Model] = field(default_factory=list)
    started: float = field(default_factory=lambda: time.perf_counter())
    findings: Findings = field(init=False)

    def __post_init__(self) -> None:
        self.findings = Findings.of_training(self.split)

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.perf_counter() - self.started

    def refuse_to_go_on(self) -> None:
        """End the training once the time is over and there is a state to keep.

        Raises:
            _TimeIsUp: it is so.
        """
        if self.models and self.max_minutes is not None and self.seconds > 60 * self.max_minutes:
            raise _TimeIsUp

    def see(self, model: _Model, epoch: int, loss: float) -> None:
        """Judge the state after an epoch, keep it or not, and call the hooks."""
        model.findings = self.findings.elsewhere()
        ndcg = held_out_quality(model, self.split.validation, ndcg=(100,), recall=())["ndcg_100"]
        better = not self.models or not ndcg <= self.models[0].training["validation_ndcg_100"]
        if better:
            model.training = {"best_epoch": epoch, "loss": loss, "validation_ndcg_100": ndcg}
            self.models = [model]
        about = self.models[0].training
        about |= {"epochs": epoch, "seconds": round(self.seconds, 3), "interrupted": False}
        if better and self.on_best:
            self.on_best(model)
        if self.on_epoch:
            self.on_epoch(Epoch(epoch, self.epochs, loss, ndcg, about["validation_ndcg_100"], about["best_epoch"]))
