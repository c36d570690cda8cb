"""Scores after a change, over the full catalogue, in float64."""

from collections.abc import Iterator

import torch
from torch import Tensor

from topple.records.question import CandidateRule
from topple.scoring.ranking import whole_rows
from topple.scoring.recommender import Recommender
from topple.scoring.variations import VARIATIONS_A_ROW, HistoryBatch, VariationTable

SCORES_AT_ONCE = 8_000_000
"""Scores held at a time: 64 MB in float64."""
HISTORIES_AT_ONCE = 64
"""Rows of variations of a chunk, so that few are padded to a much longer history."""


def reranked(
    recommender: Recommender, histories: HistoryBatch, row: Tensor, keep: Tensor, rule: CandidateRule
) -> Iterator[tuple[Tensor, Tensor]]:
    """Score variations with the full catalogue, some at a time, those of one history together.

    Args:
        recommender: the recommender to ask.
        histories: B histories.
        row: the history of each variation [M].
        keep: the variations [M, H].
        rule: which items compete.

    Yields:
        which of the M variations, each once in all, and their scores [m, I], minus infinity where an item does not compete.

    Raises:
        RecommenderError: scores of the wrong shape, or NaN.
    """
    table = VariationTable.of(row, VARIATIONS_A_ROW)
    filled = torch.bincount(table.row, minlength=len(table.history))
    for count in torch.unique(filled).tolist():  # rows of as many variations, so that none is scored for nothing
        rows = (filled == count).nonzero()[:, 0]
        at_once = max(1, min(HISTORIES_AT_ONCE, SCORES_AT_ONCE // (count * len(recommender.catalogue))))
        lengths = histories.filled.sum(1)[table.history[rows]]
        for part in torch.split(rows[lengths.argsort(stable=True)], at_once):
            inside = torch.isin(table.row, part).nonzero()[:, 0]
            where = torch.full_like(filled, -1).scatter(0, part, torch.arange(len(part), device=part.device))
            at = where[table.row[inside]], table.column[inside]
            mine = histories.rows(table.history[part])
            kept = torch.zeros(len(part), count, mine.items.shape[1], dtype=keep.dtype, device=keep.device)
            kept[at] = keep[inside, : mine.items.shape[1]]  # [R, S, H]
            yield inside, whole_rows(recommender, mine, kept, rule)[at]
