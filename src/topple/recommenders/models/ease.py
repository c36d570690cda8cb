"""EASE: a linear model over the catalogue with a closed form; every kept item adds its own row of scores."""

import time
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import torch
from pydantic import Field
from scipy.sparse import csr_matrix
from torch import Tensor

from topple.data.splitting import Split
from topple.data.vocabulary import Catalogue
from topple.errors import ModelFolderError, RecommenderError
from topple.recommenders.families.pruning import largest_of_scored, squared_error
from topple.recommenders.families.row_sums import DenseRows, RowSums, sparse_rows
from topple.recommenders.training.loop import report_single_epoch
from topple.scoring.devices import moved
from topple.scoring.learned.arrays import read_arrays, sparse_arrays
from topple.scoring.recommender import Capability, OnBest, OnEpoch
from topple.settings import Settings
from topple.types import CsrMatrix, IntArray

SPARSE = ("indptr", "indices", "values")
"""The arrays of a pruned model: a sparse matrix by rows."""


class EaseSettings(Settings):
    """Settings of EASE."""

    lam: float = Field(default=350.0, gt=0, allow_inf_nan=False)
    """Weight of the squared norm of B; best by validation NDCG@100 on MovieLens 100K (0.448; 0.444 or more from 150 to 500)."""
    max_items: int = Field(default=30_000, ge=1)
    """Largest catalogue that is fitted: B holds items x items numbers, and fitting needs about 24 bytes for each."""
    neighbours: int | None = Field(default=None, ge=1)
    """Weights of largest absolute value that count for a scored item, stored sparse; None for all. 100 cost 0.011 of validation NDCG@100
    on MovieLens 100K (0.437 for 0.448) and 0.015 on 1M (0.462 for 0.477). B is solved whole first."""


class EASE(RowSums):
    """Scores are the sum of the rows of B of the kept items.

    B = I - P diag(1 / diag P) with P = (X'X + lam I)^-1: the least squares of X - XB with a zero diagonal.
    X holds the weights of the interactions, ones where there are none. With `neighbours`, only so many weights of each column
    of B stay, of equally large ones those of the first items of the catalogue; the others are 0, and nothing is solved again.
    Source: Harald Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019. Differs from it in: nothing without
    `neighbours`. Item-item weights cut down to the largest of each column: Ning and Karypis, "SLIM", ICDM 2011 (who choose them before
    they solve); B with a prescribed share of weights: Spišák et al., "SANSA", RecSys 2023 (who do not solve it whole).
    Random: no.
    """

    name = "ease"
    capabilities: ClassVar = RowSums.capabilities | {Capability.TRAINABLE}
    settings_type: ClassVar[type[EaseSettings]] = EaseSettings

    def __init__(self, catalogue: Catalogue, parts: Mapping[str, Tensor], settings: EaseSettings | None = None) -> None:
        whole = parts.get("weights")
        rows = sparse_rows(*(parts[name] for name in SPARSE)) if whole is None else DenseRows(whole)
        super().__init__(catalogue, rows)
        self.settings: EaseSettings = settings or EaseSettings()
        self._parts = dict(parts)

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
        parts = _pruned(weights, chosen.neighbours)
        if "weights" not in parts:
            loss = squared_error(split.train, _matrix(parts))
        model = cls(split.catalogue, parts, chosen)
        report_single_epoch(model, split, started, on_epoch, on_best, loss)
        return model

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], catalogue: Catalogue, settings: Settings | None = None) -> Self:
        """Build the model from B [I, I] under the name `weights`, which is pruned, or from sparse rows: `indptr`, `indices`, `values`.

        Raises:
            ModelFolderError: an array is missing, does not fit the catalogue or `neighbours`, or is not made of numbers.
        """
        chosen = EaseSettings.checked(settings, cls.name)
        if "weights" in arrays or SPARSE[0] not in arrays:
            shapes = {"weights": (len(catalogue), len(catalogue))}
            whole = read_arrays(arrays, shapes, cls.name, catalogue)["weights"]
            return cls(catalogue, _pruned(whole, chosen.neighbours), chosen)
        indptr, indices, values = sparse_arrays(arrays, SPARSE, cls.name, catalogue)
        _refuse_more(indices, chosen.neighbours)
        tensors = torch.from_numpy(indptr), torch.from_numpy(indices), torch.tensor(values, dtype=torch.float32)
        return cls(catalogue, dict(zip(SPARSE, tensors, strict=True)), chosen)

    def arrays(self) -> Mapping[str, Tensor]:
        """Return B, row the item that was kept and column the item that is scored: `weights` [I, I], or sparse rows where pruned."""
        return self._parts

    def to(self, device: torch.device | str) -> Self:
        """Return the same model with B on another device."""
        return moved(self, self._parts, device)


def _pruned(weights: Tensor, neighbours: int | None) -> dict[str, Tensor]:
    """Return B [I, I] as it is where all of it stays, and else the largest weights of each column as sparse rows.

    By column, so that every item has something that speaks for it, and the setting means what it does in item-kNN. By row, 20, 50 and
    100 weights leave 401, 175 and 74 of the 3,260 items of MovieLens 1M without any. Validation NDCG hardly tells the two apart: on
    six splits of MovieLens 100K @100 is better by column by 0.005 to 0.010 up to 100 weights, on three of 1M it is equal and @10 is
    worse by 0.002 to 0.007; on Epinions (the 10,176 items with 8 ratings or more) 200 by column give 0.104 @100, and by row 0.101,
    as all weights do. The price is time: a history has 1.3 to 2.2 times as many weights as by row.
    """
    if neighbours is None or neighbours >= len(weights) - 1:
        return {"weights": weights}
    rows = largest_of_scored(weights, neighbours)
    parts = rows.indptr.astype(np.int64), rows.indices.astype(np.int64), rows.data
    return dict(zip(SPARSE, map(torch.from_numpy, parts), strict=True))


def _matrix(parts: Mapping[str, Tensor]) -> CsrMatrix:
    indptr, indices, values = (parts[name].numpy() for name in SPARSE)
    return csr_matrix((values, indices, indptr), shape=(len(indptr) - 1, len(indptr) - 1))


def _refuse_more(scored: IntArray, neighbours: int | None) -> None:
    """Refuse sparse rows in which an item is scored by more weights than the settings say; `scored` holds the columns."""
    most = int(np.bincount(scored).max()) if len(scored) else 0
    if neighbours is not None and most > neighbours:
        raise ModelFolderError(
            f"array 'indices' has {most:,} weights for one item, more than neighbours={neighbours:,} of the settings: they are of "
            "another training. Use the settings it was fitted with, or give B whole under the name 'weights', which is pruned."
        )


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
    return weights.float().contiguous(), loss
