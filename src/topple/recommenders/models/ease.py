"""EASE: a linear model over the catalogue with a closed form; every kept item adds its own row of scores."""

import time
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import torch
from pydantic import Field
from torch import Tensor

from topple.data.splitting import Split
from topple.data.vocabulary import Catalogue
from topple.errors import RecommenderError
from topple.recommenders.families.row_sums import DenseRows, RowSums
from topple.recommenders.saving.arrays import read_arrays
from topple.recommenders.training.loop import report_single_epoch
from topple.scoring.recommender import Capability, OnBest, OnEpoch, moved
from topple.settings import Settings


class EaseSettings(Settings):
    """Settings of EASE."""

    lam: float = Field(default=350.0, gt=0, allow_inf_nan=False)
    """Weight of the squared norm of B; best by validation NDCG@100 on MovieLens 100K (0.448; 0.444 or more from 150 to 500)."""
    max_items: int = Field(default=30_000, ge=1)
    """Largest catalogue that is fitted: B holds items x items numbers, and fitting needs about 24 bytes for each."""


class EASE(RowSums):
    """Scores are the sum of the rows of B of the kept items.

    B = I - P diag(1 / diag P) with P = (X'X + lam I)^-1: the least squares of X - XB with a zero diagonal.
    X holds the weights of the interactions, ones where there are none.
    Source: Harald Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019. Differs from it in: nothing.
    Random: no.
    """

    name = "ease"
    capabilities: ClassVar = RowSums.capabilities | {Capability.TRAINABLE}
    settings_type: ClassVar[type[EaseSettings]] = EaseSettings

    def __init__(self, catalogue: Catalogue, weights: Tensor, settings: EaseSettings | None = None) -> None:
        self._weights = weights.detach().float().contiguous()
        super().__init__(catalogue, DenseRows(self._weights))
        self.settings: EaseSettings = settings or EaseSettings()

    @classmethod
    def fit(
        cls,
        split: Split,
        settings: Settings | None = None,
        on_epoch: OnEpoch | None = None,
        on_best: OnBest | None = None,
    ) -> Self:
        """Solve for B on the split's training users; the hooks are called once.

        Raises:
            RecommenderError: the catalogue is larger than `max_items`.
        """
        chosen = EaseSettings.checked(settings, cls.name)
        _refuse_large(len(split.catalogue), chosen)
        started = time.perf_counter()
        weights, loss = _solve(split, chosen.lam)
        model = cls(split.catalogue, weights, chosen)
        report_single_epoch(model, split, started, on_epoch, on_best, loss)
        return model

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], catalogue: Catalogue, settings: Settings | None = None) -> Self:
        """Build the model from B [I, I] under the name `weights`.

        Raises:
            ModelFolderError: it is missing, does not fit the catalogue, or is not made of numbers.
        """
        chosen = EaseSettings.checked(settings, cls.name)
        shapes = {"weights": (len(catalogue), len(catalogue))}
        return cls(catalogue, read_arrays(arrays, shapes, cls.name, catalogue)["weights"], chosen)

    def arrays(self) -> Mapping[str, Tensor]:
        """Return B [I, I]: row the item that was kept, column the item that is scored."""
        return {"weights": self._weights}

    def to(self, device: torch.device | str) -> Self:
        """Return the same model with B on another device."""
        return moved(self, self._weights, device)


def _refuse_large(items: int, settings: EaseSettings) -> None:
    if items > settings.max_items:
        raise RecommenderError(
            f"the catalogue has {items:,} items, more than max_items={settings.max_items:,}: B alone would take "
            f"{4e-9 * items**2:,.1f} GB and fitting about {24e-9 * items**2:,.0f} GB. Leave out rare items when the data is "
            "prepared, raise max_items if there is that much memory, or choose another recommender."
        )


def _solve(split: Split, lam: float) -> tuple[Tensor, float]:
    """Return B [I, I] in float32, and the mean squared error of X - XB over the training users, penalty left out."""
    gram = torch.from_numpy((split.train.T @ split.train).toarray()).double()
    gram.diagonal().add_(lam)
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(gram))
    diagonal = inverse.diagonal().clone()
    loss = float(((diagonal - lam * inverse.square().sum(0)) / diagonal.square()).sum()) / split.train.shape[0]
    weights = inverse.div_(-diagonal)
    weights.fill_diagonal_(0)
    return weights.float(), loss
