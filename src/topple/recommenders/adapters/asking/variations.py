"""Edited histories in the forms that outside models take: lists of ids, sparse rows, dense rows."""

from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from topple.data.vocabulary import Catalogue
from topple.types import CsrMatrix, Id, IntArray


@dataclass(frozen=True, eq=False)
class Variations:
    """N histories as they are after items were removed.

    Args:
        catalogue: the items.
        items: item indices [N, H].
        keep: what is kept of each event, 0 to 1 [N, H]; 0 for padding.
        base: base weight of each event [N, H]; any number where the model says what it means.
    """

    catalogue: Catalogue
    items: Tensor
    keep: Tensor
    base: Tensor

    def __len__(self) -> int:
        return int(self.items.shape[0])

    def __getitem__(self, rows: slice | Tensor) -> "Variations":
        return Variations(self.catalogue, self.items[rows], self.keep[rows], self.base[rows])

    @cached_property
    def weights(self) -> Tensor:
        """Base weights of what is kept [N, H]; 0 removed or padding."""
        return self.keep * self.base

    @cached_property
    def kept(self) -> Tensor:
        """How many events each history keeps, a share counting as one [N]."""
        return (self.keep > 0).sum(1)

    def lists(self) -> list[list[Id]]:
        """Return the kept items as outside ids, in the order of the history; an item of which a share is kept is kept."""
        sequences = self.sequences()
        ids = iter(self.catalogue.vocabulary.decode(np.concatenate([np.zeros(0, dtype=np.int64), *sequences])))
        return [list(islice(ids, len(sequence))) for sequence in sequences]

    def sequences(self) -> list[IntArray]:
        """Return the indices of the kept items, in the order of the history: the gap of a removed item is closed."""
        kept = (self.keep > 0).cpu()
        items = self.items.cpu()[kept].numpy()
        ends = np.cumsum([0, *kept.sum(1).tolist()])
        return [items[start:end] for start, end in pairwise(ends)]

    def csr(self) -> CsrMatrix:
        """Return one sparse row a history [N, I], the values the weights; an item that comes again once, with the sum."""
        weights, kept = self.weights.detach().cpu().numpy(), (self.keep > 0).cpu().numpy()
        ends = np.concatenate([[0], np.cumsum(kept.sum(1))])
        shape = (len(self), len(self.catalogue))
        matrix = csr_matrix((weights[kept], self.items.cpu().numpy()[kept], ends), shape=shape)
        matrix.sum_duplicates()
        return matrix

    def dense(self) -> Tensor:
        """Return one dense row a history [N, I], the values the weights, summed by item; the gradient flows through it."""
        rows = torch.zeros(len(self), len(self.catalogue), dtype=self.weights.dtype, device=self.weights.device)
        return rows.scatter_add(1, self.items, self.weights)
