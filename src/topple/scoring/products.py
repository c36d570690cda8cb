"""Products of many small matrices with tables that are stored as one array, and of rows that must not depend on one another."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


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


AT_ONCE = 1024
"""Rows of a product in which each row must be the same whatever is beside it."""
LEAST = (4, 8, 16, 32)
"""From how many rows on that is tried."""
ALIGNED = 64
"""Bytes that numbers begin at multiples of, as torch allocates them."""


def batch_invariant_linear(left: Tensor, weight: Tensor, bias: Tensor, least: int) -> Tensor:
    """Return left [..., M] @ weight [M, D] + bias [D], each row the same whatever rows are beside it; `least` is of `least_rows`."""
    rows = left.reshape(-1, left.shape[-1])
    if rows.data_ptr() % ALIGNED:  # BLAS adds up in another order there, too
        rows = rows.clone()
    out = rows.new_empty(len(rows), weight.shape[1])
    for part, into in zip(torch.split(rows, AT_ONCE), torch.split(out, AT_ONCE), strict=True):
        if len(part) >= least:
            torch.addmm(bias, part, weight, out=into)
        else:
            into[:] = torch.addmm(bias, functional.pad(part, (0, 0, 0, least - len(part))), weight)[: len(part)]
    return out.reshape(*left.shape[:-1], -1)


def least_rows(weight: Tensor) -> int | None:
    """Return from how many rows on a product with a matrix [M, D] gives a row the same, whatever is beside it; None: it never does.

    BLAS adds up in another order where there are few rows. It is tried once with each layout of a matrix.
    """
    key = weight.dtype, tuple(weight.shape), weight.stride(), torch.get_num_threads()
    if key not in _least_rows:
        _least_rows[key] = next((least for least in LEAST if _is_batch_invariant(weight, least)), None)
    return _least_rows[key]


_least_rows: dict[tuple[object, ...], int | None] = {}


def _is_batch_invariant(weight: Tensor, least: int) -> bool:
    """Return whether rows of parts of a product, of so many rows at least, are those of the whole."""
    random = torch.Generator().manual_seed(0)
    left = torch.randn(AT_ONCE, weight.shape[0], generator=random, dtype=weight.dtype)
    bias = torch.randn(weight.shape[1], generator=random, dtype=weight.dtype)
    whole = torch.addmm(bias, left, weight)
    for count in (least, least + 1, 2 * least - 1, 2 * least + 1, 3 * least, 47, 97, 250, AT_ONCE - 1):
        for start in (*range(0, 256 - count, count), AT_ONCE - count):
            part = slice(start, start + count)
            if not torch.equal(torch.addmm(bias, left[part].clone(), weight), whole[part]):
                return False
    return True
