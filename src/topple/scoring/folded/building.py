"""Histories that are folded in, for recommenders that offer the equations which they solve."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from topple.records.question import CandidateRule
from topple.scoring.folded.histories import Folded
from topple.scoring.sums.building import first_positions
from topple.types import BoolArray

if TYPE_CHECKING:
    from topple.scoring.recommender import Recommender
    from topple.scoring.variations import HistoryBatch

OFF = 1e-9
"""How far a score may be from what the lengths of user and item bound it by, as a share of these: far more than rounding does."""


def folded(recommender: "Recommender", histories: "HistoryBatch", scores: Tensor, rule: CandidateRule) -> Folded | None:
    """Return B histories folded in, given their unchanged scores [B, I], minus infinity for what does not compete.

    None where the recommender offers no equations, where its numbers are not on a CPU, and for histories with additions.
    """
    weights = histories.weights
    if histories.added is not None or type(weights) is not Tensor or weights.is_cuda or weights.dtype != torch.float64:
        return None
    with torch.no_grad():
        solved = recommender.solved(histories)
    if solved is None:
        return None
    return Folded(
        solved,
        histories.items.numpy(),
        histories.lengths.numpy(),
        scores.numpy(),
        _returning(histories, rule),
        OFF + 16 * recommender.rounding,
    )


def _returning(histories: "HistoryBatch", rule: CandidateRule) -> BoolArray:
    """Return at which positions an item competes once all its positions are removed, bool [B, H]: told at the first of them."""
    event, filled = histories.items.numpy(), histories.filled.numpy()
    if rule is not CandidateRule.UNSEEN_AFTER:
        return np.zeros_like(filled)
    returns: BoolArray = filled & first_positions(event, filled)
    if histories.filters is not None and histories.filter_of is not None:
        returns &= histories.filters.numpy()[histories.filter_of.numpy()[:, None], event]
    return returns
