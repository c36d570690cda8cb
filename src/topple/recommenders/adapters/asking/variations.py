"""Edited histories in the forms that outside models take: lists of ids, sparse rows, dense rows."""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, islice, pairwise
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor
from torch.nn import functional

from topple.data.vocabulary import Catalogue
from topple.scoring.variations import HistoryBatch
from topple.types import CsrMatrix, Id, IntArray

MANY = 8
"""Variations of each history from which on it takes less to gather the rows of the histories than to add them up for each variation."""
LEAST_NORM = 1e-12
"""What a history is divided by at least, as torch does."""


@dataclass(frozen=True, eq=False)
class Variations:
    """N histories as they are after events were removed.

    Args:
        catalogue: the items.
        items: item indices [N, H].
        keep: what is kept of each event, 0 to 1 [N, H].
        base: base weight of each event [N, H]; any number where the model says what it means.
        filled: which positions hold an event, bool [N, H].
        times: when each event was [N, H]; None where that is not known.
        contexts: what the model is told besides each history, N objects; empty: nothing.
        source: which history each is a variation of, those of one history one after the other [N]; None where that is not known.
    """

    catalogue: Catalogue
    items: Tensor
    keep: Tensor
    base: Tensor
    filled: Tensor
    times: Tensor | None = None
    contexts: tuple[object, ...] = ()
    source: Tensor | None = None

    @classmethod
    def of(cls, catalogue: Catalogue, histories: HistoryBatch, keep: Tensor) -> "Variations":
        """Return the variations `keep` [B, S, H] of histories, those of one history after each other."""
        count = keep.shape[1]
        items, base, filled = (
            part.repeat_interleave(count, 0) for part in (histories.items, histories.weights, histories.filled)
        )
        times = None if histories.times is None else histories.times.repeat_interleave(count, 0)
        contexts = tuple(context for context in histories.contexts for _ in range(count))
        source = torch.arange(len(histories), device=keep.device).repeat_interleave(count)
        return cls(catalogue, items, keep.flatten(0, 1), base, filled, times, contexts, source)

    def __len__(self) -> int:
        return int(self.items.shape[0])

    def __getitem__(self, rows: slice | Tensor) -> "Variations":
        numbers = range(len(self))[rows] if isinstance(rows, slice) else rows.tolist()
        return Variations(
            self.catalogue,
            self.items[rows],
            self.keep[rows],
            self.base[rows],
            self.filled[rows],
            None if self.times is None else self.times[rows],
            tuple(self.contexts[number] for number in numbers) if self.contexts else (),
            None if self.source is None else self.source[rows],
        )

    @cached_property
    def here(self) -> Tensor:
        """Which positions hold an event that is kept, or a share of it, bool [N, H]."""
        return (self.keep > 0) & self.filled

    @cached_property
    def weights(self) -> Tensor:
        """Base weights of what is kept [N, H]; 0 removed or padding."""
        return self.keep * self.base

    @cached_property
    def kept(self) -> Tensor:
        """How many events each history keeps, a share counting as one [N]."""
        return self.here.sum(1)

    def lists(self) -> list[list[Id]]:
        """Return the kept items as outside ids, in the order of the history; an item of which a share is kept is kept."""
        sequences = self.sequences()
        ids = iter(self.catalogue.vocabulary.decode(np.concatenate([np.zeros(0, dtype=np.int64), *sequences])))
        return [list(islice(ids, len(sequence))) for sequence in sequences]

    def sequences(self) -> list[IntArray]:
        """Return the indices of the kept items, in the order of the history: the gap of a removed item is closed."""
        return self._by_history(self.items)

    def event_times(self) -> list[list[float]] | None:
        """Return the times of the kept events of each history, in order; None where times are not known."""
        return None if self.times is None else [times.tolist() for times in self._by_history(self.times)]

    def event_weights(self) -> list[list[float]]:
        """Return the weights of the kept events of each history, in order; of an event of which a share is kept, that share."""
        return [weights.tolist() for weights in self._by_history(self.weights.detach())]

    def _by_history(self, values: Tensor) -> list[Any]:
        """Return the values [N, H] of the kept events of each history."""
        kept = self.here.cpu()
        chosen = values.cpu()[kept].numpy()
        ends = np.cumsum([0, *kept.sum(1).tolist()])
        return [chosen[start:end] for start, end in pairwise(ends)]

    def csr(self) -> CsrMatrix:
        """Return one sparse row a history [N, I], the values the weights; an item that comes again once, with the sum."""
        weights, kept = self.weights.detach().cpu().numpy(), self.here.cpu().numpy()
        ends = np.concatenate([[0], np.cumsum(kept.sum(1))])
        shape = (len(self), len(self.catalogue))
        matrix = csr_matrix((weights[kept], self.items.cpu().numpy()[kept], ends), shape=shape)
        matrix.sum_duplicates()
        return matrix

    def linear(self, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return what a linear layer makes of the dense rows [N, D], which are not made for it; the gradient flows through it.

        Args:
            weight: [D, I]; read fastest where the numbers of an item are side by side in memory.
            bias: [D].
        """
        table, counts = weight.T, self._counts  # [I, D]
        if len(self) >= MANY * max(1, len(counts)):  # the rows of a history are gathered once for all of its variations
            first = [0, *accumulate(counts)]
            parts = [self.weights[start:end] @ table[self.items[start]] for start, end in pairwise(first)]
            made = torch.cat(parts)
        else:
            starts = functional.pad(self.filled.sum(1).cumsum(0), (1, 0))[:-1]
            items, weights = self.items[self.filled], self.weights[self.filled]
            made = functional.embedding_bag(items, table, starts, mode="sum", per_sample_weights=weights)
        return made if bias is None else made + bias

    @cached_property
    def _counts(self) -> list[int]:
        """How many variations there are of each history."""
        if self.source is None:
            return [1] * len(self)
        counts: list[int] = torch.unique_consecutive(self.source, return_counts=True)[1].tolist()
        return counts

    def normalized(self) -> "Variations | None":
        """Return the histories divided by the L2 norms of their dense rows; None where an item comes again, with weights to add up."""
        items = self.items.masked_fill(~self.filled, -1).sort(1).values
        if ((items[:, 1:] == items[:, :-1]) & (items[:, 1:] >= 0)).any():
            return None
        norm = torch.linalg.vector_norm(self.weights, dim=1, keepdim=True).clamp(min=LEAST_NORM)
        return replace(self, base=self.base / norm)

    def dense(self) -> Tensor:
        """Return one dense row a history [N, I], the values the weights, summed by item; the gradient flows through it."""
        rows = torch.zeros(len(self), len(self.catalogue), dtype=self.weights.dtype, device=self.weights.device)
        return rows.scatter_add(1, self.items, self.weights)
