"""Recommenders that add up one row of numbers a kept item: EASE, neighbours, and every other model of item-item weights."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from topple.data.vocabulary import Catalogue
from topple.scoring.memo import Memo, version_of
from topple.scoring.memory import may_hold, rows_at_once
from topple.scoring.products import lengths_of, products
from topple.scoring.recommender import Capability, Recommender, Scorer
from topple.scoring.sums.rows import Rows as SummedRows
from topple.scoring.sums.rows import dense_rows, stored_rows
from topple.scoring.variations import HistoryBatch
from topple.types import IntArray


class Rows(ABC):
    """The numbers that each item adds to every score when it is kept, row by row [I, I]."""

    @abstractmethod
    def contributions(self, histories: HistoryBatch, candidates: Tensor | None) -> Tensor:
        """Return the rows of each history [B, H, I], or the columns asked for [B, H, C], times the base weights."""

    @abstractmethod
    def offered(self, items: Tensor, listable: Tensor | None) -> tuple[SummedRows, IntArray]:
        """Return the rows for compiled sums, and which are those of items [B, H]; dense ones for `listable` items alone, unless None."""

    @abstractmethod
    def totals(self, histories: HistoryBatch, keep: Tensor) -> Tensor:
        """Add up the rows of the kept items: [B, S, H] to [B, S, I]."""


class DenseRows(Rows):
    """Rows that hold every number [I, I]."""

    def __init__(self, weights: Tensor) -> None:
        self.weights = weights
        self._offered: Memo[SummedRows] = Memo()

    def offered(self, items: Tensor, listable: Tensor | None) -> tuple[SummedRows, IntArray]:
        """Return the numbers as they are, or for few listable items the rows that are asked for."""
        if listable is None:
            return self._offered.get(version_of(self.weights), lambda: dense_rows(self.weights)), items.numpy()
        rows, row = torch.unique(items, return_inverse=True)
        return dense_rows(self.weights[rows[:, None], listable], across=False), row.numpy()

    def contributions(self, histories: HistoryBatch, candidates: Tensor | None) -> Tensor:
        """Gather what is asked for."""
        rows = histories.items if candidates is None else histories.items[..., None]
        table = self.weights[rows] if candidates is None else self.weights[rows, candidates[:, None]]
        return table.to(histories.weights.dtype) * histories.weights[..., None]

    def totals(self, histories: HistoryBatch, keep: Tensor) -> Tensor:
        """Add up the rows of one history after the other: they stay in the cache, where those of many together do not."""
        kept = (keep * histories.weights[:, None]).to(histories.weights.dtype)
        if kept.requires_grad or kept.is_cuda:
            return self._together(histories.items, kept)
        columns, length = len(self.weights), kept.shape[2]
        scores = kept.new_empty(*kept.shape[:2], columns)
        found, rows = self.weights.new_empty(length, columns).numpy(), kept.new_empty(length, columns).numpy()
        by_history = zip(
            histories.items.numpy(), kept.numpy(), scores.numpy(), lengths_of(histories.filled), strict=True
        )
        for items, chosen, into, filled in by_history:
            np.take(self.weights.numpy(), items[:filled], axis=0, out=found[:filled], mode="clip")
            np.copyto(rows[:filled], found[:filled])
            np.dot(chosen[:, :filled], rows[:filled], out=into)
        return scores

    def _together(self, items: Tensor, kept: Tensor) -> Tensor:
        """Gather once what histories have in common, some histories at a time."""
        parts = []
        for part in _parts(len(items), len(self.weights) * items.shape[1]):
            chosen, level = items[part], kept[part]
            found, position = torch.unique(chosen, return_inverse=True)
            dense = torch.zeros(*level.shape[:2], len(found), dtype=kept.dtype, device=kept.device)
            dense = dense.scatter_add(2, position[:, None].expand_as(level), level)
            parts.append(dense @ self.weights[found].to(kept.dtype))
        return torch.cat(parts) if parts else kept.new_zeros(0, kept.shape[1], len(self.weights))


class SparseRows(Rows):
    """Rows that hold what is not 0: `indptr` [I + 1], and `indices` and `values` [entries], a column of a row once."""

    def __init__(self, indptr: Tensor, indices: Tensor, values: Tensor) -> None:
        self.indptr, self.indices, self.values = indptr, indices, values
        self._offered: Memo[SummedRows] = Memo()

    def offered(self, items: Tensor, listable: Tensor | None) -> tuple[SummedRows, IntArray]:
        """Return the numbers as they are."""
        parts = self.indptr, self.indices, self.values
        return self._offered.get(version_of(*parts), lambda: stored_rows(*parts)), items.numpy()

    def contributions(self, histories: HistoryBatch, candidates: Tensor | None) -> Tensor:
        """Write the entries into a dense table."""
        columns, (rows, length) = len(self.indptr) - 1, histories.items.shape
        row, position, column, value = self._entries(histories)
        if candidates is not None:  # where a column stands among them; one that stands twice, at one of the two
            where = torch.full((rows, columns), candidates.shape[1], dtype=torch.int64, device=candidates.device)
            where.scatter_(1, candidates, torch.arange(candidates.shape[1], device=candidates.device).expand(rows, -1))
            column = where.view(-1).index_select(0, row * columns + column)
            columns = candidates.shape[1]
            asked = (column < columns).nonzero()[:, 0]
            position, column, value = (part.index_select(0, asked) for part in (position, column, value))
        table = value.new_zeros(rows * length, columns)
        table[position, column] = value * histories.weights.flatten().index_select(0, position)
        table = table.reshape(rows, length, columns)
        if candidates is None:
            return table
        return table.gather(2, where.gather(1, candidates)[:, None].expand(-1, length, -1))

    def totals(self, histories: HistoryBatch, keep: Tensor) -> Tensor:
        """Add entry by entry."""
        columns, variations = len(self.indptr) - 1, keep.shape[1]
        scores = keep.new_zeros(len(histories) * columns, variations)
        kept = (keep * histories.weights[:, None]).transpose(1, 2).flatten(0, 1)  # [B * H, S]
        together = rows_at_once(variations)
        for row, position, column, value in zip(
            *(torch.split(e, together) for e in self._entries(histories)), strict=True
        ):
            at, more = row * columns + column, value[:, None] * kept.index_select(0, position)
            if variations == 1:
                scores.view(-1).scatter_add_(0, at, more[:, 0])
            else:
                scores.index_add_(0, at, more)
        return scores.reshape(len(histories), columns, variations).transpose(1, 2).contiguous()

    def _entries(self, histories: HistoryBatch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the entries of the rows of all histories: history, position among B * H, scored item, number."""
        lengths = (self.indptr[histories.items + 1] - self.indptr[histories.items]) * histories.filled
        row, position = torch.repeat_interleave(lengths.sum(1)), torch.repeat_interleave(lengths.flatten())
        first = self.indptr[histories.items.flatten()] - (lengths.flatten().cumsum(0) - lengths.flatten())
        entry = first.index_select(0, position) + torch.arange(len(position), device=position.device)
        column, value = self.indices.index_select(0, entry), self.values.index_select(0, entry)
        return row, position, column, value.to(histories.weights.dtype)


def sparse_rows(indptr: Tensor, indices: Tensor, values: Tensor) -> Rows:
    """Return sparse rows, held dense in catalogues of up to 4,000 items, where these are faster. Arguments as of `SparseRows`."""
    items = len(indptr) - 1
    if not may_hold(items * items):
        return SparseRows(indptr, indices, values)
    dense = values.new_zeros(items, items)
    dense[torch.repeat_interleave(indptr.diff()), indices] = values
    return DenseRows(dense)


class RowSums(Recommender):
    """Scores are the sum of the rows of the kept items.

    Args:
        catalogue: the items.
        rows: the numbers that each item adds.
    """

    capabilities: ClassVar[frozenset[Capability]] = frozenset({Capability.DIFFERENTIABLE, Capability.ADDITIVE})

    def __init__(self, catalogue: Catalogue, rows: Rows) -> None:
        super().__init__(catalogue)
        self._rows = rows

    def contributions(self, histories: HistoryBatch, candidates: Tensor | None = None) -> Tensor:
        """Return the rows of each history, or the columns asked for, times the base weights."""
        histories, columns = self.weighed(histories), len(self.catalogue) if candidates is None else candidates.shape[1]
        out = histories.weights.new_empty(*histories.items.shape, columns)
        for part in _parts(len(histories), len(self.catalogue)):
            numbers = torch.arange(len(histories), device=histories.items.device)[part]
            chosen = histories.rows(numbers, histories.items.shape[1])
            out[part] = self._rows.contributions(chosen, None if candidates is None else candidates[part])
        return out

    def rows(self, histories: HistoryBatch, listable: Tensor | None = None) -> tuple[SummedRows, IntArray] | None:
        """Return the rows of the items, or of those of the histories what they add to `listable` items."""
        return self._rows.offered(histories.items, listable)

    def bind(self, histories: HistoryBatch, candidates: Tensor | None = None) -> Scorer:
        """Gather what each item adds to the candidates once."""
        if candidates is None:
            return super().bind(histories)
        table, lengths = self.contributions(histories, candidates), lengths_of(histories.filled)  # [B, H, C]
        return lambda keep, rows=None: products(keep, table, rows, lengths)

    def score(self, histories: HistoryBatch, keep: Tensor, candidates: Tensor | None = None) -> Tensor:
        """Add up the rows of the kept items."""
        if candidates is not None:
            return torch.bmm(keep, self.contributions(histories, candidates))
        return self._rows.totals(self.weighed(histories), keep)


def _parts(histories: int, numbers: int) -> Iterator[slice]:
    """Yield some histories at a time, where one needs `each` numbers."""
    together = rows_at_once(numbers)
    return (slice(start, start + together) for start in range(0, histories, together))
