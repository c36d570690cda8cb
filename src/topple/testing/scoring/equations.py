"""Are the equations that a recommender offers those that the scores come from?"""

import numpy as np
import torch

from topple.records.question import CandidateRule
from topple.scoring.folded.building import folded
from topple.scoring.recommender import Recommender
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing.rules import require, require_close


def check_solved(recommender: Recommender, batch: HistoryBatch) -> None:
    """Check the users of whole, shortened and empty histories by the equations that are offered, if any, on histories in float64.

    Raises:
        ContractError: users who do not give the scores, or lengths of factors that are others.
    """
    keep = unchanged(batch).repeat(1, 4, 1)  # [B, S, H]
    keep[:, 1, 0], keep[:, 2, 1:], keep[:, 3] = 0, 0, 0
    with torch.no_grad():
        scores = recommender.score(batch, keep)
    histories = folded(recommender, batch, scores[:, 0], CandidateRule.ALL)
    if histories is None:
        return
    from topple.scoring.folded.solving import user_without  # compiled: imported where it is needed

    factors = histories.solved.factors.astype(np.float64)
    users, gone = np.empty((*keep.shape[:2], factors.shape[1])), ((keep == 0) & batch.filled[:, None]).numpy()
    for history, variation in np.ndindex(*users.shape[:2]):
        user_without(histories, history, gone[history, variation], users[history, variation])
    part, rule = (
        f"{recommender.name}: solved",
        "the users of changed histories, times the items' factors, give the scores.",
    )
    require_close(torch.from_numpy(users @ factors.T), scores, part, rule, tolerance=4 * recommender.rounding)
    rule = "`size` is the length of each item's factors."
    length = np.linalg.norm(factors, axis=1)
    require(bool((histories.solved.size >= (1 - 1e-12) * length).all()), part, "an item is longer", rule)
