"""The items that a filter leaves: where they are few, they alone are scored."""

import torch
from torch import Tensor

from topple.scoring.variations import HistoryBatch

SHARE = 2
"""Gathering the columns of items pays where they come to a part of the catalogue, at most one of so many."""


def few_listable(histories: HistoryBatch) -> Tensor | None:
    """Return the items that may be listed [C], ascending, where histories share one filter and it leaves few; else None."""
    if histories.filters is None or len(histories.filters) != 1 or not len(histories):
        return None
    items = histories.filters[0].nonzero()[:, 0]
    return items if SHARE * len(items) <= histories.filters.shape[1] else None


def candidates_of(items: Tensor | None, histories: HistoryBatch) -> Tensor | None:
    """Return the candidates [B, C] to score: `few_listable` items, one row for all histories, or None for the whole catalogue."""
    return None if items is None else items.expand(len(histories), -1)


def spread(scores: Tensor, items: Tensor | None, histories: HistoryBatch) -> Tensor:
    """Return scores [B, S, C] of `few_listable` items in their columns of the catalogue [B, S, I]; minus infinity for the others."""
    if items is None or histories.filters is None:
        return scores
    out = scores.new_full((*scores.shape[:-1], histories.filters.shape[1]), -torch.inf)
    return out.index_copy_(-1, items, scores)
