"""Models whose scores are a sum of one row of weights a kept item: EASE, SLIM, item-item neighbours of every library."""

import hashlib
from typing import Any, ClassVar

import numpy as np
import torch
from scipy.sparse import issparse
from torch import Tensor

from topple.data.vocabulary import Catalogue
from topple.errors import RecommenderError
from topple.recommenders.base import Capability, Recommender
from topple.recommenders.what_if import HistoryBatch

NUMBERS = 4_000_000
"""Gathered weights held at a time."""


class ItemWeights(Recommender):
    """Scores are the sum of the rows of the kept items, times their base weights; added up in float64.

    Args:
        catalogue: the items.
        name: what to call the model in messages and results.
        weights: [I, I], sparse or dense, finite; row the item that is kept, column the item that is scored.

    Raises:
        RecommenderError: weights of another shape, or not finite.
    """

    capabilities: ClassVar = frozenset({Capability.DIFFERENTIABLE, Capability.ADDITIVE})

    def __init__(self, catalogue: Catalogue, name: str, weights: Any) -> None:
        super().__init__(catalogue)
        self.name = name  # type: ignore[misc]  # the object knows which model it wraps; its class does not
        self._sparse = bool(issparse(weights))
        self._weights: Any = weights.tocsr() if self._sparse else np.asarray(weights)
        numbers = self._weights.data if self._sparse else self._weights
        if self._weights.shape != (len(catalogue), len(catalogue)):
            raise RecommenderError(
                f"{name} has weights of shape {self._weights.shape} for {len(catalogue):,} items. Give the ids of all items "
                "that it was trained on, in the order of its columns."
            )
        if not np.isfinite(numbers).all():
            raise RecommenderError(
                f"{name} has weights that are NaN or infinite. Train it anew, with more regularisation."
            )

    @property
    def fingerprint(self) -> str:
        """A short hash of the model's name, its catalogue and its weights."""
        digest = hashlib.blake2b(f"{self.name}:{self.catalogue.fingerprint}".encode(), digest_size=8)
        weights = self._weights
        parts = (weights.indptr, weights.indices, weights.data) if self._sparse else (weights,)
        for part in parts:
            digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()

    def contributions(self, histories: HistoryBatch, candidates: Tensor | None = None) -> Tensor:
        """Return the rows of weights of each history, or the columns asked for, times the base weights."""
        rows, place = self._rows(histories)
        table = rows[place] if candidates is None else rows[place[..., None], candidates[:, None]]
        return table * histories.weights[..., None]

    def score(self, histories: HistoryBatch, keep: Tensor, candidates: Tensor | None = None) -> Tensor:
        """Add up the rows of the kept items; histories with items in common gather them once."""
        columns = len(self.catalogue)
        together = max(1, NUMBERS // (columns * max(1, keep.shape[2])))
        parts: list[Tensor] = []
        for start in range(0, len(histories), together):
            part = slice(start, start + together)
            mine = HistoryBatch(histories.items[part], histories.weights[part])
            parts.append(
                self._all(mine, keep[part])
                if candidates is None
                else torch.bmm(keep[part], self.contributions(mine, candidates[part]))
            )
        width = columns if candidates is None else candidates.shape[1]
        return torch.cat(parts) if parts else keep.new_zeros(0, keep.shape[1], width)

    def _all(self, histories: HistoryBatch, keep: Tensor) -> Tensor:
        rows, place = self._rows(histories)
        kept = keep * histories.weights[:, None]
        level = torch.zeros(*keep.shape[:2], len(rows), dtype=kept.dtype)
        return level.scatter_add(2, place[:, None].expand_as(kept), kept) @ rows

    def _rows(self, histories: HistoryBatch) -> tuple[Tensor, Tensor]:
        """Return the rows of all items of some histories [n, I], and which of them each place is [B, H]."""
        items, place = torch.unique(histories.items, return_inverse=True)
        rows = self._weights[items.numpy()]
        dense = rows.toarray() if self._sparse else rows
        return torch.from_numpy(dense).to(histories.weights.dtype), place
