"""Scorers of models whose scores are sums over the kept items."""

from torch import Tensor

from topple.scoring.products import factor_scores, lengths_of, products
from topple.scoring.recommender import Scorer
from topple.scoring.variations import HistoryBatch


def additive_scorer(histories: HistoryBatch, table: Tensor) -> Scorer:
    """Return the scorer of what `contributions` returned [B, H, C], where an empty history scores 0."""
    lengths = lengths_of(histories.filled)
    return lambda keep, rows=None: products(keep, table, rows, lengths)


def factor_scorer(histories: HistoryBatch, candidates: Tensor | None, gives: Tensor, vectors: Tensor) -> Scorer:
    """Return the scorer of what the items of a history give [I, D], added up, times the vectors [I, D] of those scored."""
    dtype, lengths = histories.weights.dtype, lengths_of(histories.filled)
    table = gives[histories.items].to(dtype) * histories.weights[..., None]  # [B, H, D]
    columns = vectors.to(dtype).T if candidates is None else vectors[candidates].to(dtype).transpose(1, 2)
    return lambda keep, rows=None: factor_scores(products(keep, table, rows, lengths), columns, rows)
