"""Models whose scores are a sum of one row of weights a kept item: EASE, SLIM, item-item neighbours of every library."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import torch
from scipy.sparse import csr_matrix, issparse
from torch import Tensor

from topple.data.vocabulary import Catalogue
from topple.errors import RecommenderError
from topple.recommenders.adapters.arrays.named import WrappedSettings
from topple.recommenders.families.row_sums import DenseRows, RowSums, sparse_rows
from topple.scoring.learned.arrays import fitting_arrays, require_finite, sparse_arrays
from topple.settings import Settings

SPARSE = ("indptr", "indices", "values")
"""The arrays of sparse weights, by rows."""


class ItemWeights(RowSums):
    """Scores are the sum of the rows of the kept items, times their base weights; added up in float64.

    Args:
        catalogue: the items.
        name: what to call the model in messages and results.
        weights: [I, I], sparse or dense, finite; row the item that is kept, column the item that is scored.
        uses_weights: whether the base weights of a history count.

    Raises:
        RecommenderError: weights of another shape, or not finite.
    """

    stored_as = "item-weights"
    settings_type: ClassVar[type[WrappedSettings]] = WrappedSettings

    def __init__(self, catalogue: Catalogue, name: str, weights: Any, *, uses_weights: bool = True) -> None:
        if weights.shape != (len(catalogue), len(catalogue)):
            raise RecommenderError(
                f"{name} has weights of shape {weights.shape} for {len(catalogue):,} items. Give the ids of all items that "
                "it was trained on, in the order of its columns."
            )
        self._numbers = (
            _sparse(weights) if issparse(weights) else {"weights": torch.from_numpy(np.array(weights, order="C"))}
        )
        if not all(torch.isfinite(part).all() for part in self._numbers.values()):
            raise RecommenderError(
                f"{name} has weights that are NaN or infinite. Train it anew, with more regularisation."
            )
        dense = self._numbers.get("weights")
        rows = sparse_rows(*(self._numbers[part] for part in SPARSE)) if dense is None else DenseRows(dense)
        super().__init__(catalogue, rows)
        self.name = name  # type: ignore[misc]  # the object knows which model it wraps, the class does not
        self.settings: WrappedSettings = WrappedSettings(name=name, uses_weights=uses_weights)
        self.uses_weights = uses_weights

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], catalogue: Catalogue, settings: Settings | None = None) -> Self:
        """Build the model from `weights` [I, I], or from sparse rows: `indptr`, `indices` and `values`.

        Raises:
            ModelFolderError: an array is missing, does not fit the catalogue, or is not made of finite numbers.
        """
        chosen = cls.settings_type.checked(settings, cls.stored_as)
        name, items = chosen.name, len(catalogue)
        if "weights" in arrays:
            weights = fitting_arrays(arrays, {"weights": (items, items)}, name, catalogue)["weights"]
            require_finite("weights", torch.from_numpy(weights))
            return cls(catalogue, name, weights, uses_weights=chosen.uses_weights)
        indptr, indices, values = sparse_arrays(arrays, SPARSE, name, catalogue)
        rows = csr_matrix((values, indices, indptr), shape=(items, items))
        return cls(catalogue, name, rows, uses_weights=chosen.uses_weights)

    def arrays(self) -> Mapping[str, Tensor]:
        """Return the weights, dense or as sparse rows."""
        return self._numbers


def _sparse(weights: Any) -> dict[str, Tensor]:
    """Return a sparse matrix by rows, each column of a row once."""
    by_row = weights.tocsr(copy=True)
    by_row.sum_duplicates()
    parts = by_row.indptr.astype(np.int64), by_row.indices.astype(np.int64), by_row.data
    return dict(zip(SPARSE, map(torch.from_numpy, parts), strict=True))
