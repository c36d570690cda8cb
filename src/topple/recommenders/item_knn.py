"""Item-based nearest neighbours: an item scores how similar it is to the kept items among its neighbours."""

import time
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from pydantic import Field
from scipy.sparse import csr_matrix, vstack
from torch import Tensor

from topple.data.splitting import Split
from topple.data.vocabulary import Catalogue
from topple.errors import ModelFolderError
from topple.recommenders.base import Capability, OnBest, OnEpoch, Recommender, Scorer, additive_scorer, moved
from topple.recommenders.training import report_single_epoch
from topple.recommenders.what_if import HistoryBatch
from topple.settings import Settings
from topple.types import CsrMatrix, FloatArray

HELD = 16_000_000
"""Numbers of dense rows that are held for many variations to follow."""
NUMBERS = 4_000_000
"""Similarities, or scores, held at a time on the way."""
MANY, DENSE = 4, 20
"""From so many variations on, rows with at most so many cells an entry are cheaper multiplied dense."""
PARTS = ("indptr", "indices", "similarities")
"""The arrays of the model: a sparse matrix by rows."""


class ItemKnnSettings(Settings):
    """Settings of item-based nearest neighbours."""

    similarity: Literal["cosine", "jaccard"] = "cosine"
    """Of the sets of users who met two items."""
    neighbours: int = Field(default=100, ge=1)
    """Most similar items that count for an item; best by validation NDCG@100 on MovieLens 100K (0.416; 50 to 200: 0.407 or more)."""
    shrink: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """Added to the denominator, so that items with few users have less to say."""


class ItemKNN(Recommender):
    """Scores are the sum of the similarities to the kept items that are among the scored item's nearest neighbours.

    Similarity of the users A and B of two items: |A and B| / (sqrt(|A| |B|) + shrink), or over |A or B| + shrink. Of equally
    similar items the first of the catalogue are the neighbours. What is stored is sparse: neighbours x items at most.
    Source: Sarwar, Karypis, Konstan, Riedl, WWW 2001, with the shrink term of Bell and Koren, KDD 2007. Differs in:
    a sum over implicit feedback, not a mean of ratings. Random: no.
    """

    name = "item-knn"
    capabilities: ClassVar = frozenset({Capability.DIFFERENTIABLE, Capability.ADDITIVE, Capability.TRAINABLE})
    settings_type: ClassVar[type[ItemKnnSettings]] = ItemKnnSettings

    def __init__(self, catalogue: Catalogue, parts: Mapping[str, Tensor], settings: ItemKnnSettings) -> None:
        super().__init__(catalogue)
        self.settings: ItemKnnSettings = settings
        self._parts = dict(parts)

    @classmethod
    def fit(
        cls,
        split: Split,
        settings: Settings | None = None,
        on_epoch: OnEpoch | None = None,
        on_best: OnBest | None = None,
    ) -> Self:
        """Compare the items of the split's training users; the hooks are called once."""
        chosen = ItemKnnSettings.own(settings, cls.name)
        started = time.perf_counter()
        nearest = vstack(list(_nearest(split.train, chosen)), format="csr").T.tocsr()
        nearest.sort_indices()
        parts = (nearest.indptr.astype(np.int64), nearest.indices.astype(np.int64), nearest.data.astype(np.float32))
        model = cls(split.catalogue, dict(zip(PARTS, map(torch.from_numpy, parts), strict=True)), chosen)
        report_single_epoch(model, split, started, on_epoch, on_best)
        return model

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], catalogue: Catalogue, settings: Settings | None = None) -> Self:
        """Build the model from the rows of kept items: `indptr` [I + 1], `indices` and `similarities` [entries].

        Raises:
            ModelFolderError: one is missing, they are no sparse matrix of the catalogue's size, or not numbers.
        """
        chosen = ItemKnnSettings.own(settings, cls.name)
        missing = [name for name in PARTS if name not in arrays]
        if missing:
            raise ModelFolderError(f"array {missing[0]!r} is missing; {cls.name} needs {', '.join(PARTS)}. Fit anew.")
        indptr, indices, values = (np.asarray(arrays[name]) for name in PARTS)
        _refuse_misfits(indptr, indices, values, len(catalogue))
        tensors = (
            torch.tensor(indptr, dtype=torch.int64),
            torch.tensor(indices, dtype=torch.int64),
            torch.tensor(values, dtype=torch.float32),
        )
        return cls(catalogue, dict(zip(PARTS, tensors, strict=True)), chosen)

    def arrays(self) -> Mapping[str, Tensor]:
        """Return the similarities as a sparse matrix by rows: row the item that was kept, column the item that is scored."""
        return self._parts

    def to(self, device: torch.device | str) -> Self:
        """Return the same model with its similarities on another device."""
        return moved(self, self._parts, device)

    def score(self, histories: HistoryBatch, keep: Tensor, candidates: Tensor | None = None) -> Tensor:
        """Add the similarities of the kept items; over the whole catalogue entry by entry, or by dense rows if that is less."""
        if candidates is not None:
            return torch.bmm(keep, self.contributions(histories, candidates))
        variations = keep.shape[1]
        if variations >= MANY and self._dense(histories):
            at_once = max(1, NUMBERS // max(1, histories.items.shape[1] * len(self.catalogue)))
            parts = (slice(start, start + at_once) for start in range(0, len(histories), at_once))
            return torch.cat([torch.bmm(keep[p], self.contributions(_part(histories, p))) for p in parts])
        scores = keep.new_zeros(len(histories) * len(self.catalogue), variations)
        kept = (keep * histories.weights[:, None]).transpose(1, 2).flatten(0, 1)  # [B * H, S]
        together = NUMBERS // max(1, variations) + 1
        for row, place, column, value in zip(
            *(torch.split(e, together) for e in self._entries(histories)), strict=True
        ):
            at, more = row * len(self.catalogue) + column, value[:, None] * kept.index_select(0, place)
            if variations == 1:
                scores.view(-1).scatter_add_(0, at, more[:, 0])
            else:
                scores.index_add_(0, at, more)
        return scores.reshape(len(histories), len(self.catalogue), variations).transpose(1, 2).contiguous()

    def bind(self, histories: HistoryBatch, candidates: Tensor | None = None) -> Scorer:
        """Look the candidates' similarities up once."""
        if candidates is None and (not self._dense(histories) or histories.items.numel() * len(self.catalogue) > HELD):
            return super().bind(histories)
        return additive_scorer(histories, self.contributions(histories, candidates))

    def _dense(self, histories: HistoryBatch) -> bool:
        """Return whether so many of the similarities of the histories' items are not 0 that dense rows are less work."""
        cells = histories.items.numel() * len(self.catalogue)
        return 0 < cells <= DENSE * int(self._lengths(histories.items).sum())

    def contributions(self, histories: HistoryBatch, candidates: Tensor | None = None) -> Tensor:
        """Return the sparse rows of each history, or the columns asked for, as dense ones, times the base weights."""
        together = max(1, NUMBERS // len(self.catalogue))
        tables = []
        for start in range(0, max(1, len(histories)), together):
            part = slice(start, start + together)
            tables.append(self._table(_part(histories, part), None if candidates is None else candidates[part]))
        return torch.cat(tables)

    def _table(self, histories: HistoryBatch, candidates: Tensor | None) -> Tensor:
        columns, (rows, places) = len(self.catalogue), histories.items.shape
        row, place, column, value = self._entries(histories)
        if (
            candidates is not None
        ):  # where a column stands among the candidates; one that stands twice, at one of the two
            where = torch.full((rows, columns), candidates.shape[1], dtype=torch.int64, device=candidates.device)
            where.scatter_(1, candidates, torch.arange(candidates.shape[1], device=candidates.device).expand(rows, -1))
            column = where.view(-1).index_select(0, row * columns + column)
            columns = candidates.shape[1]
            asked = (column < columns).nonzero()[:, 0]
            place, column, value = (part.index_select(0, asked) for part in (place, column, value))
        table = value.new_zeros(rows * places, columns)
        table[place, column] = value * histories.weights.flatten().index_select(0, place)
        table = table.reshape(rows, places, columns)
        if candidates is None:
            return table
        return table.gather(2, where.gather(1, candidates)[:, None].expand(-1, places, -1))

    def _lengths(self, items: Tensor) -> Tensor:
        """Return how many entries the rows of items have."""
        return self._parts["indptr"][items + 1] - self._parts["indptr"][items]

    def _entries(self, histories: HistoryBatch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the entries of the rows of all histories: history, place among B * H, scored item, similarity."""
        lengths = self._lengths(histories.items) * histories.present
        row, place = torch.repeat_interleave(lengths.sum(1)), torch.repeat_interleave(lengths.flatten())
        first = self._parts["indptr"][histories.items.flatten()] - (lengths.flatten().cumsum(0) - lengths.flatten())
        entry = first.index_select(0, place) + torch.arange(len(place), device=place.device)
        column, value = (self._parts[name].index_select(0, entry) for name in ("indices", "similarities"))
        return row, place, column, value.to(histories.weights.dtype)


def _nearest(train: CsrMatrix, settings: ItemKnnSettings) -> Iterator[CsrMatrix]:
    """Yield the nearest neighbours of some items at a time, as sparse rows: row the scored item, column its neighbour."""
    by_item = train.T.tocsr()
    users = np.diff(by_item.indptr).astype(np.float64)
    met = np.asarray(by_item @ np.diff(train.indptr)).cumsum()  # an upper bound of the entries of an item's row
    start = 0
    while start < len(users):
        before = met[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(met, before + NUMBERS, side="right")))
        together = (by_item[start:stop] @ train).tocoo()
        row, column = together.row.astype(np.int64), together.col.astype(np.int64)
        other = row + start != column
        row, column, both = row[other], column[other], together.data[other].astype(np.float64)
        alike = _similarity(both, users[row + start], users[column], settings)
        order = np.lexsort((column, -alike, row))
        row, column, alike = row[order], column[order], alike[order]
        near = np.arange(len(row)) - np.searchsorted(row, row) < settings.neighbours
        yield csr_matrix((alike[near], (row[near], column[near])), shape=(stop - start, len(users)))
        start = stop


def _similarity(both: FloatArray, own: FloatArray, its: FloatArray, settings: ItemKnnSettings) -> FloatArray:
    size = np.sqrt(own * its) if settings.similarity == "cosine" else own + its - both
    return np.asarray(both / (size + settings.shrink))


def _refuse_misfits(indptr: Any, indices: Any, values: Any, items: int) -> None:
    """Refuse arrays that are not a sparse matrix of items x items, rows in order and each column of a row once."""
    whole = all(array.dtype.kind in "iu" and array.ndim == 1 for array in (indptr, indices))
    fits = whole and len(indptr) == items + 1 and indptr[0] == 0 and indptr[-1] == len(indices) == values.size
    if fits and (np.diff(indptr) >= 0).all():
        row = np.repeat(np.arange(items), np.diff(indptr))
        inside = ((indices >= 0) & (indices < items)).all()
        fits = bool(inside and (np.diff(row * items + indices) > 0).all())
    else:
        fits = False
    if not fits or values.dtype.kind not in "fiu" or values.ndim != 1:
        raise ModelFolderError(
            f"arrays {', '.join(PARTS)} of shapes {indptr.shape}, {indices.shape} and {values.shape} are not the sparse rows of "
            f"a catalogue of {items:,} items, columns in order. Use the data they were fitted on."
        )
    if not np.isfinite(values).all():
        raise ModelFolderError("array 'similarities' holds NaN or infinite values. Fit anew.")


def _part(histories: HistoryBatch, part: slice) -> HistoryBatch:
    return HistoryBatch(histories.items[part], histories.weights[part])
