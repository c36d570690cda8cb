"""Recommenders that add up what the items of a history give and multiply the sum by the vectors of the scored: BPR, LightGCN."""

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from topple.data.vocabulary import Catalogue
from topple.recommenders.families.learned import Learned, LearnedSettings
from topple.scoring.memo import Memo, version_of
from topple.scoring.memory import may_hold
from topple.scoring.products import columns_of, factor_scores, lengths_of, products
from topple.scoring.recommender import Capability, Scorer
from topple.scoring.sums.rows import Rows, dense_rows
from topple.scoring.variations import HistoryBatch
from topple.types import IntArray


class SummedVectors(Learned):
    """A user is the sum of what each kept item gives, so every kept item adds a share of its own to each score."""

    uses_weights = False
    capabilities: ClassVar = frozenset({Capability.DIFFERENTIABLE, Capability.ADDITIVE, Capability.TRAINABLE})
    gives: ClassVar[str] = "items"
    """The array of what items give to a user [I, D]; those that they are scored with are `items` [I, D]."""

    def __init__(self, catalogue: Catalogue, parameters: Mapping[str, Tensor], settings: LearnedSettings) -> None:
        super().__init__(catalogue, parameters, settings)
        self._exact: Memo[Tensor] = Memo()

    def bind(self, histories: HistoryBatch, candidates: Tensor | None = None) -> Scorer:
        """Gather what the histories' items give, and the vectors of the candidates, once."""
        histories = self.weighed(histories)
        dtype, lengths = histories.weights.dtype, lengths_of(histories.filled)
        table = self._parameters[self.gives][histories.items].to(dtype) * histories.weights[..., None]  # [B, H, D]
        columns = columns_of(self._parameters["items"], candidates, dtype)
        return lambda keep, rows=None: factor_scores(products(keep, table, rows, lengths), columns, rows)

    def contributions(self, histories: HistoryBatch, candidates: Tensor | None = None) -> Tensor:
        """Return what each item gives times the vectors of the items scored."""
        return self.bind(histories, candidates)(torch.diag_embed(histories.filled.to(histories.weights.dtype)))

    def rows(self, histories: HistoryBatch, listable: Tensor | None = None) -> tuple[Rows, IntArray] | None:
        """Return what each of the histories' items adds to each score, or to those of `listable` items.

        A row for each different item; None where so many rows are not held.
        """
        items, row = torch.unique(histories.items, return_inverse=True)
        scored = self._exact.get(version_of(self._parameters["items"]), self._parameters["items"].double)
        scored = scored if listable is None else scored[listable]
        if not may_hold(len(items) * len(scored)):
            return None
        return dense_rows(self._parameters[self.gives][items].double() @ scored.T, across=False), row.numpy()
