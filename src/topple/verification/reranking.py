"""Scores of changed histories, over the full catalogue, in float64."""

from collections.abc import Iterator

import torch
from torch import Tensor

from topple.records.question import CandidateRule
from topple.scoring.memory import rows_at_once
from topple.scoring.pace import go_on
from topple.scoring.ranking import catalogue_scores
from topple.scoring.recommender import Recommender
from topple.scoring.unchanged import UnchangedScores
from topple.scoring.variations import HistoryBatch, equal_rows

PADDED_TOGETHER = 64
"""Histories that are scored at a time, so that few are padded to a much longer one."""


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
        TimeIsUpError: there is a deadline, and it is over.
    """
    for rows, numbers in equal_rows(row):  # [R], [R, S]
        count = numbers.shape[1]
        at_once = min(PADDED_TOGETHER, rows_at_once(count * len(recommender.catalogue)))
        for chunk in torch.split(histories.lengths[rows].argsort(stable=True), at_once):
            go_on()
            chosen = histories.rows(rows[chunk])
            kept = keep[numbers[chunk], : chosen.items.shape[1]]  # [R, S, H]
            yield numbers[chunk].flatten(), catalogue_scores(recommender, chosen, kept, rule).flatten(0, 1)


def changed_rows(
    unchanged: UnchangedScores, histories: HistoryBatch, row: Tensor, keep: Tensor
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield what `reranked` does, under the rule of the unchanged scores; what is held of them is not scored again."""
    known, scores, new = unchanged.changed.find(row, keep)
    if len(known):
        yield known, scores
    for part, scores in reranked(unchanged.recommender, histories, row[new], keep[new], unchanged.rule):
        unchanged.changed.hold(row[new[part]], keep[new[part]], scores)
        yield new[part], scores
    again = torch.ones_like(row, dtype=torch.bool)
    again[known] = again[new] = False
    if again.any():
        number = again.nonzero()[:, 0]
        for part, scores in changed_rows(unchanged, histories, row[number], keep[number]):
            yield number[part], scores
