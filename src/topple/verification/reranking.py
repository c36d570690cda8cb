"""Ranks of targets after a change, over the full catalogue, in float64."""

from collections.abc import Iterator

import torch
from torch import Tensor

from topple.errors import RecommenderError
from topple.records.question import CandidateRule
from topple.scoring.ranking import exclude, rank
from topple.scoring.recommender import Recommender
from topple.scoring.variations import HistoryBatch

SCORES_AT_ONCE = 8_000_000
"""Scores held at a time: 64 MB in float64."""
HISTORIES_AT_ONCE = 64
"""Histories of a chunk, so that few are padded to a much longer one."""


def reranked(
    recommender: Recommender, histories: HistoryBatch, keep: Tensor, rule: CandidateRule
) -> Iterator[tuple[Tensor, Tensor]]:
    """Score variations with the full catalogue, a few histories at a time, those of like length together.

    Args:
        recommender: the recommender to ask.
        histories: N histories.
        keep: the variations [N, S, H].
        rule: which items compete.

    Yields:
        the places of some of the N histories, each place once in all, and their scores [places, S, I], minus infinity
        where an item does not compete.

    Raises:
        RecommenderError: scores of the wrong shape, or NaN.
    """
    items = len(recommender.catalogue)
    size = max(1, min(HISTORIES_AT_ONCE, SCORES_AT_ONCE // (max(1, keep.shape[1]) * items)))
    for places in histories.chunks(size):
        mine = histories.rows(places)
        kept = keep[places, :, : mine.items.shape[1]]
        with torch.no_grad():
            scores = recommender.score(mine, kept)
        expected = (len(mine), kept.shape[1], items)
        if tuple(scores.shape) != expected:
            raise RecommenderError(
                f"{recommender.name} returned scores of shape {tuple(scores.shape)}, expected {expected} (histories, "
                "variations, items). Check the model's score method."
            )
        yield places, exclude(scores, mine, kept, rule)


def target_ranks(scores: Tensor, target: Tensor) -> Tensor:
    """Return the rank of each target [..., T] in its own scores [..., T, I]."""
    return rank(scores, scores.gather(-1, target[..., None])[..., 0])
