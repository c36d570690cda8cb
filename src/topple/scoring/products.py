"""Products of many small matrices with tables that are stored as one array."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np
import torch
from torch import Tensor


def products(left: Tensor, tables: Tensor, rows: Tensor | None, lengths: Sequence[int] | None = None) -> Tensor:
    """Return the products of left [R, S, M] with the tables of `rows` [R], of [B, N, D] and cut to M: [R, S, D].

    Without rows, R is B. On a CPU the tables are read where they are, as far as they are filled: copying the tables of a few
    rows together would take longer than the products.

    Args:
        left: the left factors.
        tables: the right factors.
        rows: the table of each left factor.
        lengths: how many of the N rows of each table are not padding.
    """
    if rows is None:
        return torch.bmm(left, tables)
    if left.requires_grad or left.is_cuda:
        return torch.bmm(left, tables[rows, : left.shape[2]])
    out = left.new_empty(*left.shape[:2], tables.shape[2])
    # NumPy's views and calls cost a third of torch's
    factors, all_tables, into = left.numpy(), tables.numpy(), out.numpy()
    start = 0
    for row, same in groupby(rows.tolist()):
        stop, filled = start + sum(1 for _ in same), left.shape[2] if lengths is None else lengths[row]
        number = (stop - start) * left.shape[1]  # rows that share a table are one product
        together = factors[start:stop, :, :filled].reshape(number, filled)
        np.dot(together, all_tables[row, :filled], out=into[start:stop].reshape(number, tables.shape[2]))
        start = stop
    return out


def lengths_of(filled: Tensor) -> list[int]:
    """Return how far each history is filled: up to the last position that holds an event, bool [B, H]."""
    positions = torch.arange(1, filled.shape[1] + 1, device=filled.device)
    ends: list[int] = (filled * positions).amax(1).tolist()
    return ends


def same_for_all(candidates: Tensor | None) -> bool:
    """Return whether candidates [B, C] are one row that stands for each history, as `expand` makes it."""
    return candidates is not None and candidates.stride(0) == 0


def columns_of(vectors: Tensor, candidates: Tensor | None, dtype: torch.dtype) -> Tensor:
    """Return the vectors [I, D] of what is scored as columns, for `factor_scores`.

    They are [D, I] for the whole catalogue, [D, C] for candidates that are the same for all histories, else [B, D, C].
    """
    if candidates is None:
        return vectors.to(dtype).T
    if same_for_all(candidates):
        return vectors[candidates[0]].to(dtype).T
    return vectors[candidates].to(dtype).transpose(1, 2)


def factor_scores(vectors: Tensor, columns: Tensor, rows: Tensor | None) -> Tensor:
    """Return the products of vectors [R, S, D] with columns that all share [D, C], or of `rows` of [B, D, C]."""
    return vectors @ columns if columns.ndim == 2 else products(vectors, columns, rows)
