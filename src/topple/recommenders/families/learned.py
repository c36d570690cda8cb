"""What the native models that learn by gradient share: their common settings, their arrays in a folder, their first numbers."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from topple.data.interactions import numbered
from topple.data.splitting import Split
from topple.data.vocabulary import Catalogue
from topple.recommenders.training.loop import train
from topple.scoring.devices import moved
from topple.scoring.learned.arrays import read_arrays
from topple.scoring.recommender import OnBest, OnEpoch, Recommender
from topple.scoring.variations import HistoryBatch
from topple.settings import Settings
from topple.types import CsrMatrix

LARGEST = 65_536
"""The largest size of a layer, or of the vector of an item: beyond it, a setting is a slip of the pen."""


class LearnedSettings(Settings):
    """What every one of these models can be told; a model's own settings follow."""

    learning_rate: float = Field(default=1e-3, gt=0, le=1000)
    batch_size: int = Field(default=128, ge=1)
    """Users of a batch."""
    epochs: int = Field(default=100, ge=1)
    patience: int | None = Field(default=None, ge=1)
    """Start no epoch after so many without a better validation NDCG@100; None: train all epochs."""
    max_minutes: float | None = Field(default=None, gt=0)
    """End the training after this time, within an epoch too; what is learned then depends on the machine."""
    seed: int = Field(default=0, ge=0, lt=2**32)
    """Of all draws. With another number of threads, sums are added up in another order and another model is learned: the
    record of the training holds the number."""


class Learned(Recommender):
    """A recommender whose arrays, all learned by gradient, have shapes that its catalogue and its settings fix."""

    settings_type: ClassVar[type[LearnedSettings]] = LearnedSettings

    def __init__(self, catalogue: Catalogue, parameters: Mapping[str, Tensor], settings: LearnedSettings) -> None:
        super().__init__(catalogue)
        self.settings: LearnedSettings = settings
        self._parameters = {name: array.detach().float().contiguous() for name, array in parameters.items()}

    @classmethod
    @abstractmethod
    def shapes(cls, items: int, settings: Any) -> dict[str, tuple[int, ...]]:
        """Return the shape of every array by its name; the settings are the model's own."""

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], catalogue: Catalogue, settings: Settings | None = None) -> Self:
        """Build the model from what `arrays` returned.

        Raises:
            ModelFolderError: an array is missing, is not made of numbers, or does not fit the catalogue and the settings.
        """
        chosen = cls.settings_type.checked(settings, cls.name)
        shapes = cls.shapes(len(catalogue), chosen)
        return cls(catalogue, read_arrays(arrays, shapes, cls.name, catalogue), chosen)

    def arrays(self) -> Mapping[str, Tensor]:
        """Return what was learned, by name."""
        return self._parameters

    def to(self, device: torch.device | str) -> Self:
        """Return the same model with its arrays on another device."""
        return moved(self, self._parameters, device)

    def score(self, histories: HistoryBatch, keep: Tensor, candidates: Tensor | None = None) -> Tensor:
        """Score variations, [B, S, I or C]."""
        return self.bind(histories, candidates)(keep)


class InTraining(Recommender):
    """A model while it learns from more than it scores with, such as vectors of the training users.

    Args:
        catalogue: the items.
        learned: what is learned, by name; the training loop changes it in place.
        settings: those of the model.
        batch_loss: the loss of a batch of users, from the batch, the update and a generator.
        finish: makes the model that scores of what is learned so far.
    """

    name = "in-training"

    def __init__(
        self,
        catalogue: Catalogue,
        learned: Mapping[str, Tensor],
        settings: LearnedSettings,
        batch_loss: Callable[[CsrMatrix, int, torch.Generator], Tensor],
        finish: Callable[[], Learned],
    ) -> None:
        super().__init__(catalogue)
        self.settings: LearnedSettings = settings
        self._learned, self._batch_loss, self._finish = learned, batch_loss, finish
        self._scorer: Learned | None = None

    def arrays(self) -> Mapping[str, Tensor]:
        """Return what is learned."""
        return self._learned

    def loss(self, batch: CsrMatrix, update: int, random: torch.Generator) -> Tensor:
        """Return the loss of a batch of users; what scored before is out of date."""
        self._scorer = None
        return self._batch_loss(batch, update, random)

    def score(self, histories: HistoryBatch, keep: Tensor, candidates: Tensor | None = None) -> Tensor:
        """Score with what is learned so far."""
        self._scorer = self._scorer or self._finish()
        return self._scorer.score(histories, keep, candidates)

    def fit_to(self, split: Split, matrix: CsrMatrix, on_epoch: OnEpoch | None, on_best: OnBest | None) -> Learned:
        """Train on batches of `matrix`, the split's training users, and return the best model with its training's record."""
        finished = None if on_best is None else lambda _: on_best(self._finished())
        train(self, split, on_epoch, finished, matrix)
        return self._finished()

    def _finished(self) -> Learned:
        with torch.no_grad():
            model = self._finish()
        model.training, model.findings = dict(self.training), self.findings.elsewhere()
        return model


def normal(random: torch.Generator, shape: tuple[int, ...], std: float) -> Tensor:
    """Draw an array from a normal distribution."""
    return torch.randn(shape, generator=random, dtype=torch.float32) * std


def with_user_numbers(split: Split) -> CsrMatrix:
    """Return the training interactions with the number of their user, from 1, as their values."""
    lengths = np.diff(split.train.indptr)
    return numbered(split.train, np.repeat(np.arange(len(lengths)), lengths) + 1)


def user_numbers(batch: CsrMatrix) -> Tensor:
    """Return the user of each entry of a batch of `with_user_numbers`, from 0."""
    return torch.from_numpy(batch.data - 1)


def unmet(batch: CsrMatrix, count: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw `count` items [entries, count] uniformly for each entry of a batch, and tell which its user has not met."""
    items = int(batch.shape[1])
    rows = np.repeat(np.arange(batch.shape[0]), np.diff(batch.indptr))
    met = torch.from_numpy(rows * items + batch.indices.astype(np.int64))
    drawn = torch.randint(items, (batch.nnz, count), generator=random)
    pairs = torch.from_numpy(rows)[:, None] * items + drawn
    nearest = torch.searchsorted(met, pairs).clamp(max=max(0, len(met) - 1))
    return drawn, met[nearest] != pairs if len(met) else torch.ones_like(drawn, dtype=torch.bool)
