"""The only code in the library that changes a history.

A *variation* of a history says how much of each event is kept, from 0 to 1: `keep` [B, S, H] holds S variations of each of
B histories. The items and weights of a HistoryBatch never change.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import numpy as np
import torch
from torch import Tensor

from topple.scoring.memory import positions_at_once

VARIATIONS_A_ROW = 24
"""Variations of one history that a row of a `VariationTable` holds at most, where they are scored row by row."""


@dataclass(frozen=True, eq=False)
class HistoryBatch:
    """Histories as indices, padded to one length. A history is a list of events: an item may come again.

    Args:
        items: the item of each event [B, H]; padding holds 0.
        weights: weight of each event [B, H], 1 for implicit feedback and 0 for padding; the dtype is the precision that scores
            are computed in.
        filled: the positions that hold an event, bool [B, H]; where not given, the positions of a weight that is not 0.
        times: the time of each event, float64 [B, H]; None where none are known.
        added: positions that hold an addition, bool [B, H]: the event is not kept in the unchanged history, and the item may be
            recommended whether a variation keeps the event or not. None: no additions.
        contexts: what a wrapped model is told of each history besides the events, B objects; empty: nothing.
        filters: items that may be listed, bool [F, I], a row a filter; None: all items.
        filter_of: the filter of each history [B]; None where there are no filters.
    """

    items: Tensor
    weights: Tensor
    filled: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.bool))
    times: Tensor | None = None
    added: Tensor | None = None
    contexts: tuple[object, ...] = ()
    filters: Tensor | None = None
    filter_of: Tensor | None = None

    def __post_init__(self) -> None:
        """Take the positions with a weight for filled where `filled` is not given."""
        if self.filled.shape != self.items.shape:
            object.__setattr__(self, "filled", self.weights != 0)

    @classmethod
    def of(
        cls,
        histories: Sequence[Sequence[int]],
        dtype: torch.dtype = torch.float64,
        device: torch.device | None = None,
        *,
        weights: Sequence[Sequence[float]] = (),
        times: Sequence[Sequence[float]] = (),
        contexts: Sequence[object] = (),
        allowed: tuple[Tensor, Tensor] | None = None,
    ) -> Self:
        """Pad lists of item indices to the longest of them (at least 1).

        Args:
            histories: the item of each event.
            dtype: the precision that scores are computed in.
            device: of the model.
            weights: the weight of each event; 1 for the events of a history without weights.
            times: the time of each event, where every history has them.
            contexts: what a wrapped model is told of each history besides the events.
            allowed: `filters` [F, I] and `filter_of` [B]; None where every item may be listed.
        """
        shape = len(histories), max([1, *map(len, histories)])
        lengths = np.array([len(history) for history in histories], dtype=np.int64)
        filled = np.arange(shape[1]) < lengths[:, None]  # [B, H]
        item, weight, time = np.zeros(shape, np.int64), filled.astype(np.float64), np.zeros(shape)  # [B, H]
        item[filled] = [index for history in histories for index in history]
        for numbers, given in ((weight, weights), (time, times)):
            for row, values in enumerate(given):
                if values:
                    numbers[row, : len(values)] = values
        all_have_times = bool(times) and all(map(len, times))
        filters, filter_of = (None, None) if allowed is None else (part.to(device) for part in allowed)
        return cls(
            items=torch.from_numpy(item).to(device),
            weights=torch.from_numpy(weight).to(device, dtype),
            filled=torch.from_numpy(filled).to(device),
            times=torch.from_numpy(time).to(device) if all_have_times else None,
            contexts=tuple(contexts) if any(context is not None for context in contexts) else (),
            filters=filters,
            filter_of=filter_of,
        )

    def __len__(self) -> int:
        return int(self.items.shape[0])

    @property
    def present(self) -> Tensor:
        """The positions that hold an event of the unchanged history, bool [B, H]."""
        return self.filled if self.added is None else self.filled & ~self.added

    @cached_property
    def lengths(self) -> Tensor:
        """How many positions of each history hold an event [B]."""
        return self.filled.sum(1)

    def longest(self, index: Tensor) -> int:
        """Return how many positions the longest of the histories `index` [R] has, at least 1."""
        return max(1, int(self.lengths[index].max())) if len(index) else 1

    def rows(self, index: Tensor, length: int | None = None) -> "HistoryBatch":
        """Return the histories `index` [R], repeated where it repeats, cut to the longest of them or to `length`."""
        cut, filled = self.longest(index) if length is None else length, self.filled[index]
        return HistoryBatch(
            self.items[index, :cut],
            self.weights[index, :cut],
            filled[:, :cut],
            None if self.times is None else self.times[index, :cut],
            None if self.added is None else self.added[index, :cut],
            tuple(self.contexts[row] for row in index.tolist()) if self.contexts else (),
            self.filters,
            None if self.filter_of is None else self.filter_of[index],
        )

    def unweighted(self) -> "HistoryBatch":
        """Return the histories with a weight of 1 for every event; the same where all are 1 already."""
        ones = self.filled.to(self.weights.dtype)
        return self if torch.equal(ones, self.weights) else replace(self, weights=ones)

    def chunks(self, most: int) -> Iterator[Tensor]:
        """Yield the indices of a few histories at a time [R], each history in one chunk, histories of similar length together.

        Args:
            most: histories of a chunk at most; fewer where they are long, so that no chunk has more positions,
                padding included, than are worked on at a time (one history always fits).
        """
        lengths, order = self.lengths.sort(stable=True)
        start, positions = 0, positions_at_once()
        while start < len(order):
            stop = min(start + most, len(order))
            while stop > start + 1 and (stop - start) * int(lengths[stop - 1]) > positions:
                stop = start + (stop - start) // 2
            yield order[start:stop]
            start = stop


def unchanged(histories: HistoryBatch) -> Tensor:
    """Return the variation that keeps the history as it is, [B, 1, H]."""
    return histories.present[:, None].to(histories.weights.dtype)


def without(histories: HistoryBatch, removed: Tensor, rows: Tensor | None = None) -> Tensor:
    """Return the variations [R, S, H] that remove the events at the positions `removed`, bool [R, S, H].

    They are variations of the histories `rows` [R]; None for all B. H may be cut to the longest of them.
    """
    present = histories.present if rows is None else histories.present[rows, : removed.shape[-1]]
    return (present[:, None] & ~removed).to(histories.weights.dtype)


def only(histories: HistoryBatch, kept: Tensor, rows: Tensor | None = None) -> Tensor:
    """Return the variations [R, S, H] that keep nothing but the events at the positions `kept`, bool [R, S, H]; as `without` does."""
    present = histories.present if rows is None else histories.present[rows, : kept.shape[-1]]
    return (present[:, None] & kept).to(histories.weights.dtype)


def turns(order: Tensor) -> Tensor:
    """Return when each position is taken, from 0, given the positions in the order in which they are taken [..., H]."""
    numbers = torch.arange(order.shape[-1], device=order.device).expand_as(order)
    return torch.empty_like(order).scatter_(-1, order, numbers)


def equal_rows(history: Tensor, most: int = VARIATIONS_A_ROW) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield M variations of few histories as tables without empty cells; a row holds those of one history, at most `most`.

    Variations of one row are scored together.

    Args:
        history: of each variation [M].
        most: variations of a row.

    Yields:
        The history of each row [R], and the numbers of its variations among the M [R, S].
    """
    order = torch.argsort(history, stable=True)  # [M], here and below in this order
    ordered, number = history[order], torch.arange(len(history), device=history.device)
    turn = number - torch.searchsorted(ordered, ordered)  # among the variations of one history, from 0
    begins = (turn % most == 0).nonzero()[:, 0]  # where each row begins
    lengths = torch.diff(begins, append=begins.new_tensor([len(history)]))
    for length in torch.unique(lengths).tolist():
        start = begins[lengths == length]
        yield ordered[start], order[start[:, None] + number[:length]]


@dataclass(frozen=True, eq=False)
class VariationTable:
    """M variations (or queries) of few histories as a table of R histories x S variations; a row holds those of one history.

    A row that holds fewer than S of them ends with empty cells.

    Args:
        history: the history of each row [R].
        row: the row of each variation [M].
        column: the column of each variation [M].
    """

    history: Tensor
    row: Tensor
    column: Tensor

    @classmethod
    def of(cls, history: Tensor) -> "VariationTable":
        """Arrange variations of the given histories [M]."""
        order = torch.argsort(history, stable=True)  # [M], here and below in this order
        ordered = history[order]
        turn = torch.arange(len(history), device=history.device) - torch.searchsorted(ordered, ordered)
        begins_row = turn == 0
        row, column = torch.empty_like(order), torch.empty_like(order)
        row[order], column[order] = begins_row.cumsum(0) - 1, turn
        return cls(ordered[begins_row], row, column)

    @cached_property
    def columns(self) -> int:
        """S, how many variations the row with most of them holds."""
        return int(self.column.max()) + 1 if len(self.column) else 0

    @cached_property
    def _fills_all(self) -> bool:
        """Whether the variations are those of the cells in their order, and no cell is empty."""
        cells = len(self.history) * self.columns
        if not cells or cells != len(self.row):
            return False
        return torch.equal(self.row * self.columns + self.column, torch.arange(cells, device=self.row.device))

    def fill(self, values: Tensor) -> Tensor:
        """Return the values of the variations [M, ...] in their cells [R, S, ...]; zeros in empty cells."""
        if self._fills_all:
            return values.reshape(len(self.history), self.columns, *values.shape[1:])
        cells = torch.zeros(
            len(self.history), self.columns, *values.shape[1:], dtype=values.dtype, device=values.device
        )
        cells[self.row, self.column] = values
        return cells

    def read(self, cells: Tensor) -> Tensor:
        """Return the values of cells [R, S, ...] by variation [M, ...]."""
        return cells[self.row, self.column]
