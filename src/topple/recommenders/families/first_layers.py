"""The first layer of networks over histories that are divided by their L2 norm."""

from collections.abc import Callable
from functools import cached_property
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from topple.scoring.layers import Layer
from topple.scoring.products import lengths_of, products
from topple.scoring.variations import HistoryBatch
from topple.types import BoolArray, FloatArray, IntArray

LEAST = 1e-12
"""The least squared norm that a history is divided by the root of."""

_Given: TypeAlias = tuple[IntArray, FloatArray, BoolArray]


class FirstLayer:
    """The first layer of variations of B histories, before its activation.

    On a CPU, in float64 and without gradients it is a compiled function of what each variation changes, which reads the rows
    of the weight where they are; elsewhere it is a product with the rows of the histories, gathered once.

    Args:
        histories: the histories, with the weights that count; their dtype is that of the layer.
        layer: the weight [I, D], of any precision, and the bias [D].
        largest: works out the largest absolute number of each row of the weight, float64 [I].
    """

    def __init__(self, histories: HistoryBatch, layer: Layer, largest: Callable[[], Tensor]) -> None:
        self._histories, self._layer, self._largest = histories, layer, largest
        self._same = _same_items(histories)
        self._is_compiled = not histories.weights.is_cuda and histories.weights.dtype == torch.float64
        if not self._is_compiled:
            _ = self._table, self._lengths

    def __call__(self, keep: Tensor, rows: Tensor | None = None) -> Tensor:
        """Return the layer [R, S, D] of variations [R, S, H] of the histories `rows`; None for all B."""
        learns = keep.requires_grad and torch.is_grad_enabled()
        if self._is_compiled and not learns:
            return self._by_changes(keep.detach(), rows)
        kept = self._kept(keep, rows)
        values = products(kept * self._squares(kept, rows).clamp(min=LEAST).rsqrt(), self._table, rows, self._lengths)
        return values + self._layer.bias if values.requires_grad else values.add_(self._layer.bias)

    def _by_changes(self, keep: Tensor, rows: Tensor | None) -> Tensor:
        from topple.recommenders.families.kept_rows import add_totals, first_layer

        chosen = np.arange(len(keep)) if rows is None else np.ascontiguousarray(rows.numpy())
        if not self._known[chosen].all():
            new = np.unique(chosen[~self._known[chosen]])
            add_totals(new, *self._given, self._rows, self._totals)
            self._known[new] = True
        squares = np.empty((0, 0))
        if self._same is not None:
            squares = np.ascontiguousarray(self._squares(self._kept(keep, rows), rows)[..., 0].numpy())
        shares, bias = np.ascontiguousarray(keep.numpy(), dtype=np.float64), self._layer.bias.detach().numpy()
        out = np.empty((*keep.shape[:2], len(bias)))
        learned = self._rows, self._sizes, bias
        first_layer(shares, chosen, *self._given, *learned, self._totals, squares, out)
        return torch.from_numpy(out)

    def _kept(self, keep: Tensor, rows: Tensor | None) -> Tensor:
        weights = self._histories.weights[:, None]
        return keep * (weights if rows is None else weights[rows, :, : keep.shape[2]])

    def _squares(self, kept: Tensor, rows: Tensor | None) -> Tensor:
        """Return the squared norms [R, S, 1] of kept weights [R, S, H], those of one item added up before."""
        if self._same is None:
            return kept.square().sum(-1, keepdim=True)
        same = self._same if rows is None else self._same[rows]
        return (kept @ same[:, : kept.shape[2], : kept.shape[2]] * kept).sum(-1, keepdim=True)

    @cached_property
    def _table(self) -> Tensor:
        """The rows of the histories [B, H, D]."""
        return self._layer.weight[self._histories.items].to(self._histories.weights.dtype)

    @cached_property
    def _lengths(self) -> list[int]:
        return lengths_of(self._histories.filled)

    @cached_property
    def _sizes(self) -> FloatArray:
        sizes: FloatArray = self._largest().numpy()
        return sizes

    @cached_property
    def _given(self) -> _Given:
        histories = self._histories
        present: BoolArray = np.ascontiguousarray(histories.present.numpy())
        return np.ascontiguousarray(histories.items.numpy()), np.ascontiguousarray(histories.weights.numpy()), present

    @cached_property
    def _rows(self) -> FloatArray:
        return np.ascontiguousarray(self._layer.weight.detach().numpy())

    @cached_property
    def _totals(self) -> FloatArray:
        return np.zeros((len(self._histories), self._rows.shape[1]))

    @cached_property
    def _known(self) -> BoolArray:
        """Which of the totals are worked out [B]."""
        return np.zeros(len(self._histories), dtype=np.bool_)


def _same_items(histories: HistoryBatch) -> Tensor | None:
    """Return which positions hold the same item [B, H, H], 1 or 0; None where no item of a history comes again."""
    filled = histories.filled
    numbers = torch.where(filled, histories.items, -1 - torch.arange(filled.shape[1], device=filled.device))
    ordered = numbers.sort(1).values
    if not (ordered[:, 1:] == ordered[:, :-1]).any():
        return None
    return (numbers[:, None] == numbers[..., None]).to(histories.weights.dtype)
