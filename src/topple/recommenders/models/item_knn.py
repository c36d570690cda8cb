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
from topple.recommenders.families.row_sums import RowSums, sparse_rows
from topple.recommenders.training.loop import report_single_epoch
from topple.scoring.devices import moved
from topple.scoring.learned.arrays import sparse_arrays
from topple.scoring.memory import rows_at_once
from topple.scoring.recommender import Capability, OnBest, OnEpoch
from topple.settings import Settings
from topple.types import CsrMatrix, FloatArray

PARTS = ("indptr", "indices", "similarities")
"""The arrays of the model: a sparse matrix by rows."""


class ItemKnnSettings(Settings):
    """Settings of item-based nearest neighbours."""

    similarity: Literal["cosine", "jaccard"] = "cosine"
    """Of the sets of users who met two items, or of what the users' weights are."""
    neighbours: int = Field(default=100, ge=1)
    """Most similar items that count for an item; best by validation NDCG@100 on MovieLens 100K (0.416; 50 to 200: 0.407 or more)."""
    shrink: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """Added to the denominator, so that items with few users have less to say."""


class ItemKNN(RowSums):
    """Scores are the sum of the similarities to the kept items that are among the scored item's nearest neighbours.

    Similarity of the users A and B of two items: |A and B| / (sqrt(|A| |B|) + shrink), or over |A or B| + shrink. Of equally
    similar items the first of the catalogue are the neighbours. What is stored is sparse: neighbours x items at most. With
    weights, |A and B| is the sum of the products of the users' weights, |A| the sum of squares, and |A or B| is
    |A| + |B| - |A and B|; a history adds its items' weights up.
    Source: Sarwar, Karypis, Konstan, Riedl, WWW 2001, with the shrink term of Bell and Koren, KDD 2007. Differs in:
    a sum over implicit feedback, not a mean of ratings. Random: no.
    """

    name = "item-knn"
    capabilities: ClassVar = RowSums.capabilities | {Capability.TRAINABLE}
    settings_type: ClassVar[type[ItemKnnSettings]] = ItemKnnSettings

    def __init__(self, catalogue: Catalogue, parts: Mapping[str, Tensor], settings: ItemKnnSettings) -> None:
        super().__init__(catalogue, sparse_rows(*(parts[name] for name in PARTS)))
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
        chosen = ItemKnnSettings.checked(settings, cls.name)
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
        chosen = ItemKnnSettings.checked(settings, cls.name)
        indptr, indices, values = sparse_arrays(arrays, PARTS, cls.name, catalogue)
        tensors = (torch.from_numpy(indptr), torch.from_numpy(indices), torch.tensor(values, dtype=torch.float32))
        return cls(catalogue, dict(zip(PARTS, tensors, strict=True)), chosen)

    def arrays(self) -> Mapping[str, Tensor]:
        """Return the similarities as a sparse matrix by rows: row the item that was kept, column the item that is scored."""
        return self._parts

    def to(self, device: torch.device | str) -> Self:
        """Return the same model with its similarities on another device."""
        return moved(self, self._parts, device)


def _nearest(train: CsrMatrix, settings: ItemKnnSettings) -> Iterator[CsrMatrix]:
    """Yield the nearest neighbours of some items at a time, as sparse rows: row the scored item, column its neighbour."""
    by_item = train.T.tocsr()
    users = np.asarray(by_item.multiply(by_item).sum(1), dtype=np.float64).ravel()
    lengths = np.diff(train.indptr)[by_item.indices].cumsum()
    met = np.concatenate([[0], lengths])[by_item.indptr[1:]]  # an upper bound of the entries of the items' rows
    start, most = 0, rows_at_once(1)
    while start < len(users):
        before = met[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(met, before + most, side="right")))
        together = (by_item[start:stop] @ train).tocoo()
        row, column = together.row.astype(np.int64), together.col.astype(np.int64)
        other = row + start != column
        row, column, both = row[other], column[other], together.data[other].astype(np.float64)
        similarity = _similarity(both, users[row + start], users[column], settings)
        order = np.lexsort((column, -similarity, row))
        row, column, similarity = row[order], column[order], similarity[order]
        near = np.arange(len(row)) - np.searchsorted(row, row) < settings.neighbours
        yield csr_matrix((similarity[near], (row[near], column[near])), shape=(stop - start, len(users)))
        start = stop


def _similarity(both: FloatArray, users: FloatArray, others: FloatArray, settings: ItemKnnSettings) -> FloatArray:
    size = np.sqrt(users * others) if settings.similarity == "cosine" else users + others - both
    return np.asarray(both / (size + settings.shrink))
