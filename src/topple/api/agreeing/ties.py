"""Whether two lists differ among ties only: the one rule for a list that was shown beside that of the model.

What was shown may have been scored in float32 while the model scores in float64. Two lists are the same up to ties where, rank by
rank, the model scores their items equal within what rounding in float32 can do. Which item outranks which within the model's list
is another question, and `Ranking` answers it.
"""

import numpy as np
import torch
from torch import Tensor

from topple.scoring.ranking import Ranking
from topple.scoring.recommender import SINGLE
from topple.scoring.unchanged import UnchangedScores
from topple.types import FloatArray


def rounding_of(unchanged: UnchangedScores, scores: Tensor) -> Tensor:
    """Return by how much each score [...] may differ between two systems, of which one computes in float32."""
    ranking = unchanged.ranking
    single = Ranking(max(ranking.rounding, SINGLE), ranking.scale, None)
    return single.tolerance(torch.nan_to_num(scores, neginf=0.0))


def same_up_to_ties(best: FloatArray, shown: FloatArray, rounding: FloatArray) -> bool:
    """Return whether a shown list is the model's up to ties: at each rank the scores are equal within rounding.

    Args:
        best: the scores of the model's list, best first, of at least as many items as were shown [K].
        shown: the scores of the shown items, in the order of the list [C]; minus infinity where an item does not compete.
        rounding: by how much the scores of the shown items may differ [C].
    """
    if len(shown) > len(best) or not np.isfinite(shown).all():
        return False
    return bool((np.abs(best[: len(shown)] - shown) <= rounding).all())
