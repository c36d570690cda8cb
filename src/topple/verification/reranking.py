"""Scores of changed histories, over the full catalogue, in float64."""

from collections.abc import Iterator

import torch
from torch import Tensor

from topple.records.question import CandidateRule
from topple.scoring.memory import rows_at_once
from topple.scoring.ranking import catalogue_scores
from topple.scoring.recommender import Recommender
from topple.scoring.unchanged import UnchangedScores
from topple.scoring.variations import VARIATIONS_A_ROW, HistoryBatch, VariationTable

PADDED_TOGETHER = 64
"""Rows of a `VariationTable` that are scored at a time, so that few are padded to a much longer history."""


def reranked(
    recommender: Recommender, histories: HistoryBatch, row: Tensor, keep: Tensor, rule: CandidateRule
) -> Iterator[tuple[Tensor, Tensor]]:
    """Score variations with the full catalogue, a chunk at a time, those of one history together.

    Args:
        recommender: the recommender to ask.
        histories: B histories.
        row: the history of each variation [M].
        keep: the variations [M, H].
        rule: which items compete.

    Yields:
        The numbers of the variations of a chunk [Q], each of the M in one chunk, and their scores [Q, I], minus infinity where
        an item does not compete.

    Raises:
        RecommenderError: scores of the wrong shape, or NaN.
    """
    table = VariationTable.of(row, VARIATIONS_A_ROW)
    held = torch.bincount(table.row, minlength=len(table.history))  # variations in each row of the table
    for count in torch.unique(held).tolist():  # rows of equally many variations, so that no empty cell is scored
        rows = (held == count).nonzero()[:, 0]
        at_once = min(PADDED_TOGETHER, rows_at_once(count * len(recommender.catalogue)))
        lengths = histories.lengths[table.history[rows]]
        for chunk in torch.split(rows[lengths.argsort(stable=True)], at_once):  # [R]
            numbers = torch.isin(table.row, chunk).nonzero()[:, 0]  # [Q]
            row_in_chunk = torch.full_like(held, -1).scatter(0, chunk, torch.arange(len(chunk), device=chunk.device))
            cell = row_in_chunk[table.row[numbers]], table.column[numbers]
            chosen = histories.rows(table.history[chunk])
            kept = torch.zeros(len(chunk), count, chosen.items.shape[1], dtype=keep.dtype, device=keep.device)
            kept[cell] = keep[numbers, : chosen.items.shape[1]]  # [R, S, H]
            yield numbers, catalogue_scores(recommender, chosen, kept, rule)[cell]


def changed_rows(
    unchanged: UnchangedScores, histories: HistoryBatch, row: Tensor, keep: Tensor
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield what `reranked` does, under the rule of the unchanged scores; what is held of them is not scored again."""
    known, scores = unchanged.changed.find(row, keep)
    if len(known):
        yield known, scores
    new = torch.ones_like(row, dtype=torch.bool).index_fill(0, known, False).nonzero()[:, 0]
    for part, scores in reranked(unchanged.recommender, histories, row[new], keep[new], unchanged.rule):
        unchanged.changed.hold(row[new[part]], keep[new[part]], scores)
        yield new[part], scores
