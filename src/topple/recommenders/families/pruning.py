"""Item-item weights cut down to the largest few of each scored item, and what that costs in fit."""

import numpy as np
from scipy.sparse import csr_matrix, vstack
from torch import Tensor

from topple.scoring.memory import rows_at_once
from topple.types import CsrMatrix


def largest_of_scored(weights: Tensor, most: int) -> CsrMatrix:
    """Return the `most` weights of largest absolute value of each scored item, as sparse rows by kept item, columns in order.

    Of equally large ones those of the first items of the catalogue; what is 0 is not stored.

    Args:
        weights: [I, I], row the item that is kept, column the item that is scored.
        most: from 1 to I.
    """
    by_kept, parts = weights.detach().cpu().numpy(), []
    items = len(by_kept)
    together = rows_at_once(items)
    for start in range(0, items, together):
        scored = np.ascontiguousarray(by_kept[:, start : start + together].T)  # [C, I]
        size = np.abs(scored)
        least = np.partition(size, items - most, axis=1)[:, items - most, None]
        larger, equal = size > least, size == least
        kept = larger | (equal & (equal.cumsum(1) <= most - larger.sum(1, keepdims=True)))
        parts.append(csr_matrix(np.where(kept, scored, 0)))
    rows: CsrMatrix = vstack(parts, format="csr").T.tocsr()
    rows.sort_indices()
    return rows


def squared_error(train: CsrMatrix, weights: CsrMatrix) -> float:
    """Return the mean over users of the squared length of x - xB, for users x [U, I] and weights B [I, I]."""
    users, exact, total = train.shape[0], weights.astype(np.float64), 0.0
    together = rows_at_once(len(weights.indptr))
    for start in range(0, users, together):
        histories = train[start : start + together].astype(np.float64)
        total += float(np.square((histories - histories @ exact).data).sum())
    return total / users
