"""Training interactions as columns, for the libraries that read them so."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from topple.benchmark.zoo.base import Effort
from topple.data.splitting import Split
from topple.randomness import generator
from topple.types import CsrMatrix, IntArray


def seen(people: CsrMatrix) -> tuple[IntArray, IntArray]:
    """Return the user and the item of every interaction of histories [U, I], by item.

    Libraries number items by their ids or as they first meet them: both give the order of the catalogue here.
    """
    entries = people.tocsc().tocoo()
    return entries.row.astype(np.int64), entries.col.astype(np.int64)


def sequences(split: Split, effort: Effort) -> tuple[IntArray, IntArray, IntArray]:
    """Return the same with the position of each in the user's sequence, oldest 0; equal times stand in an order that is drawn."""
    matrix = split.train
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    drawn = generator(effort.seed, "sequences").random(matrix.nnz)
    order = np.lexsort((drawn, drawn if split.times is None else split.times, rows))
    positions = np.empty(matrix.nnz, dtype=np.int64)
    positions[order] = np.arange(matrix.nnz) - matrix.indptr[rows]
    return *seen(matrix), by_item(matrix, positions)


def by_item(people: CsrMatrix, values: NDArray[Any]) -> NDArray[Any]:
    """Return values of the interactions [entries], which stand by user, in the order of `seen`."""
    numbered = csr_matrix((np.arange(people.nnz), people.indices, people.indptr), shape=people.shape)
    return values[numbered.tocsc().data]
