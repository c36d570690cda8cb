"""The only place in the library where a history changes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

PLACES = 16_384
"""Padded places that are worked on at a time; with 600 numbers a place, 80 MB in float64."""

PACKED = 12
"""Variations of a history that are scored in one row, where a row is not all that there are."""


@dataclass(frozen=True, eq=False)
class HistoryBatch:
    """Histories as indices, padded to one length.

    Args:
        items: item indices [B, H]; padding holds 0.
        weights: base weight of each item [B, H], 1 for implicit feedback and 0 for padding; its dtype is the precision
            that scores are computed in.
    """

    items: Tensor
    weights: Tensor

    @classmethod
    def of(
        cls,
        histories: Sequence[Sequence[int]],
        dtype: torch.dtype = torch.float64,
        device: torch.device | None = None,
    ) -> Self:
        """Pad lists of item indices to the longest of them (at least 1)."""
        longest = max([1, *map(len, histories)])
        items = torch.zeros(len(histories), longest, dtype=torch.int64)
        weights = torch.zeros(len(histories), longest, dtype=dtype)
        for row, history in enumerate(histories):
            items[row, : len(history)] = torch.as_tensor(history, dtype=torch.int64)
            weights[row, : len(history)] = 1
        return cls(items.to(device), weights.to(device))

    def __len__(self) -> int:
        return int(self.items.shape[0])

    @property
    def present(self) -> Tensor:
        """Which places hold an item and not padding, bool [B, H]."""
        return self.weights > 0

    def rows(self, index: Tensor) -> "HistoryBatch":
        """Return the chosen histories, repeated where `index` repeats, cut to the longest of them."""
        weights = self.weights[index]
        longest = max(1, int((weights > 0).sum(1).max())) if len(weights) else 1
        return HistoryBatch(self.items[index, :longest], weights[:, :longest])

    def chunks(self, most: int) -> Iterator[Tensor]:
        """Yield the indices of some histories at a time, each once, those of like length together.

        Args:
            most: histories of a chunk at most; fewer where they are long, so that no chunk has more than `PLACES` padded
                places (one history always fits).
        """
        lengths, order = self.present.sum(1).sort(stable=True)
        start = 0
        while start < len(order):
            stop = min(start + most, len(order))
            while stop > start + 1 and (stop - start) * int(lengths[stop - 1]) > PLACES:
                stop = start + (stop - start) // 2
            yield order[start:stop]
            start = stop


def unchanged(histories: HistoryBatch) -> Tensor:
    """Return the variation that keeps every item, [B, 1, H]."""
    return histories.present[:, None].to(histories.weights.dtype)


def without(histories: HistoryBatch, removed: Tensor) -> Tensor:
    """Return variations that remove items: `removed` bool [B, S, H] to `keep` [B, S, H]."""
    return (histories.present[:, None] & ~removed).to(histories.weights.dtype)


def only(histories: HistoryBatch, kept: Tensor) -> Tensor:
    """Return variations that keep nothing but the chosen items: `kept` bool [B, S, H] to `keep` [B, S, H]."""
    return (histories.present[:, None] & kept).to(histories.weights.dtype)


@dataclass(frozen=True, eq=False)
class Packing:
    """M variations of few histories, laid out as R histories x S slots so that those of one history are scored together.

    Args:
        which: the history of each row [R]; a history with many variations takes several rows.
        row: the row of each variation [M].
        slot: its slot [M].
    """

    which: Tensor
    row: Tensor
    slot: Tensor

    @classmethod
    def of(cls, history: Tensor, most: int | None = None) -> "Packing":
        """Lay out variations of the given histories [M], at most `most` to a row."""
        order = torch.argsort(history, stable=True)
        ordered = history[order]
        first = torch.searchsorted(ordered, ordered)
        turn = torch.arange(len(history), device=history.device) - first
        place = turn % most if most else turn
        begins = place == 0  # of a row, for the variations of a history follow each other
        row, slot = torch.empty_like(order), torch.empty_like(order)
        row[order], slot[order] = begins.cumsum(0) - 1, place
        return cls(ordered[begins], row, slot)

    def lay(self, values: Tensor) -> Tensor:
        """Return the values of the variations [M, ...] in their rows and slots [R, S, ...]; zeros where there is none."""
        slots = int(self.slot.max()) + 1 if len(self.slot) else 0
        out = torch.zeros(len(self.which), slots, *values.shape[1:], dtype=values.dtype, device=values.device)
        out[self.row, self.slot] = values
        return out

    def pick(self, laid: Tensor) -> Tensor:
        """Return the values in rows and slots [R, S, ...] by variation [M, ...]."""
        return laid[self.row, self.slot]
