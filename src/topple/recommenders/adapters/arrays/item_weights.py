"""Models whose scores are a sum of one row of weights a kept item: EASE, SLIM, item-item neighbours of every library."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from scipy.sparse import issparse
from torch import Tensor

from topple.data.vocabulary import Catalogue
from topple.errors import RecommenderError
from topple.recommenders.families.row_sums import DenseRows, RowSums, sparse_rows


class ItemWeights(RowSums):
    """Scores are the sum of the rows of the kept items, times their base weights; added up in float64.

    Args:
        catalogue: the items.
        name: what to call the model in messages and results.
        weights: [I, I], sparse or dense, finite; row the item that is kept, column the item that is scored.

    Raises:
        RecommenderError: weights of another shape, or not finite.
    """

    def __init__(self, catalogue: Catalogue, name: str, weights: Any) -> None:
        if weights.shape != (len(catalogue), len(catalogue)):
            raise RecommenderError(
                f"{name} has weights of shape {weights.shape} for {len(catalogue):,} items. Give the ids of all items that "
                "it was trained on, in the order of its columns."
            )
        parts = _sparse(weights) if issparse(weights) else (torch.from_numpy(np.array(weights)),)
        super().__init__(catalogue, sparse_rows(*parts) if len(parts) == 3 else DenseRows(*parts))
        self.name = name  # type: ignore[misc]  # the object knows which model it wraps; its class does not
        if not torch.isfinite(parts[-1]).all():
            raise RecommenderError(
                f"{name} has weights that are NaN or infinite. Train it anew, with more regularisation."
            )
        self._numbers = {str(place): part for place, part in enumerate(parts)}

    def _scoring_arrays(self) -> Mapping[str, Tensor]:
        return self._numbers


def _sparse(weights: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Return a sparse matrix by rows, each column of a row once."""
    by_row = weights.tocsr(copy=True)
    by_row.sum_duplicates()
    parts = by_row.indptr.astype(np.int64), by_row.indices.astype(np.int64), by_row.data
    return torch.from_numpy(parts[0]), torch.from_numpy(parts[1]), torch.from_numpy(parts[2])
