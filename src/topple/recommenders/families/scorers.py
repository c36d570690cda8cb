"""Scorers of models whose scores are sums over the kept items."""

import torch
from torch import Tensor

from topple.scoring.memory import may_hold
from topple.scoring.products import columns_of, factor_scores, lengths_of, products
from topple.scoring.recommender import Scorer
from topple.scoring.sums.rows import Rows, dense_rows
from topple.scoring.variations import HistoryBatch
from topple.types import IntArray


def additive_scorer(histories: HistoryBatch, table: Tensor) -> Scorer:
    """Return the scorer of what `contributions` returned [B, H, C], where an empty history scores 0."""
    lengths = lengths_of(histories.filled)
    return lambda keep, rows=None: products(keep, table, rows, lengths)


def factor_scorer(histories: HistoryBatch, candidates: Tensor | None, gives: Tensor, vectors: Tensor) -> Scorer:
    """Return the scorer of what the items of a history give [I, D], added up, times the vectors [I, D] of those scored."""
    dtype, lengths = histories.weights.dtype, lengths_of(histories.filled)
    table = gives[histories.items].to(dtype) * histories.weights[..., None]  # [B, H, D]
    columns = columns_of(vectors, candidates, dtype)
    return lambda keep, rows=None: factor_scores(products(keep, table, rows, lengths), columns, rows)


def factor_rows(
    histories: HistoryBatch, gives: Tensor, vectors: Tensor, listable: Tensor | None
) -> tuple[Rows, IntArray] | None:
    """Return what the items of histories add to scores, given what they give [I, D] and the vectors of the scored [I, D].

    A row for each different item, and which row each position adds [B, H]; None where so many rows are not held. Only `listable`
    items [C] are scored; None for all.
    """
    items, row = torch.unique(histories.items, return_inverse=True)
    scored = vectors if listable is None else vectors[listable]
    if not may_hold(len(items) * len(scored)):
        return None
    return dense_rows(gives[items].double() @ scored.double().T, across=False), row.numpy()
