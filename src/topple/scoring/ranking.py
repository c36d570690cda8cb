"""The only ranking in the library: one rule for ties, one tolerance, one order.

An item outranks the target when its score is higher by more than `TOLERANCE`, relative to the larger of the two. The
tolerance is well above the rounding of float32 and far below any difference that means something, so an answer is
the same alone, in any batch and in float64. Ties speak for the target: an item that is not clearly better does not
push it out. In a list, equal scores stand in the order of the catalogue.
"""

import torch
from torch import Tensor

from topple.errors import RecommenderError
from topple.records.question import CandidateRule
from topple.scoring.recommender import Recommender
from topple.scoring.variations import HistoryBatch, unchanged

TOLERANCE = 1e-5


def exclude(scores: Tensor, histories: HistoryBatch, keep: Tensor, rule: CandidateRule) -> Tensor:
    """Put the items that do not compete under `rule` at minus infinity.

    Args:
        scores: [B, S, I], the whole catalogue, as a recommender returned them; changed in place where that is possible.
        histories: the B histories as they were.
        keep: the variations that were scored [B, S, H].
        rule: which items compete.

    Raises:
        RecommenderError: a score is NaN.
    """
    if torch.isnan(scores.sum()) and torch.isnan(scores).any():  # the sum of infinities may be NaN too
        row, variation, item = torch.nonzero(torch.isnan(scores))[0].tolist()
        raise RecommenderError(
            f"the score of item index {item} is NaN for history {row}, variation {variation} ({int(keep[row, variation].sum())}"
            " items kept); scores must be numbers. Check the model's weights, and what it does with short histories."
        )
    seen = histories.present[:, None].expand_as(keep)
    if rule is CandidateRule.UNSEEN_AFTER:
        seen = seen & (keep > 0)
    row, variation, place = seen.nonzero(as_tuple=True)
    out = scores.contiguous()
    out[row, variation, histories.items[row, place]] = -torch.inf
    return out


def unseen_scores(recommender: Recommender, histories: HistoryBatch) -> Tensor:
    """Return the scores of unchanged histories [B, I], minus infinity for the items of each; without gradients."""
    keep = unchanged(histories)
    with torch.no_grad():
        return exclude(recommender.score(histories, keep), histories, keep, CandidateRule.UNSEEN_BEFORE)[:, 0]


def bar(target: Tensor) -> Tensor:
    """Return the scores that others must be above to outrank targets with these scores."""
    return torch.where(target < 0, target * (1 - TOLERANCE), target / (1 - TOLERANCE))


def outranks(scores: Tensor, target: Tensor) -> Tensor:
    """Return where `scores` [..., C] are clearly above `target` [...], bool [..., C]; minus infinity never is."""
    return scores > bar(target)[..., None]


def rank(scores: Tensor, target: Tensor) -> Tensor:
    """Return the 1-based rank of `target` [...] among `scores` [..., C]: 1 + the number of items that outrank it."""
    return 1 + outranks(scores, target).sum(-1)


def lead(scores: Tensor, places: Tensor, k: Tensor) -> Tensor:
    """Return by how much the k-th best other item leads each target, the tolerance deducted; above 0 the target is out.

    Args:
        scores: [..., C], minus infinity where an item does not compete.
        places: where the targets stand among the C [..., T].
        k: length of the list [..., T].

    Returns:
        [..., T]; minus infinity where fewer than k others compete.
    """
    count = min(int(k.max()) + 1, scores.shape[-1])
    if scores.requires_grad:  # which of equal scores has the gradient must not depend on how many others there are
        best = torch.sort(scores, dim=-1, descending=True, stable=True).values[..., :count]
    else:
        best = torch.topk(scores, count).values
    target = scores.gather(-1, places)
    at, after = best.gather(-1, k - 1), best.gather(-1, k.clamp(max=best.shape[-1] - 1))
    other = torch.where(target >= at, after, at)
    return other - bar(target)


def top_k(scores: Tensor, k: int) -> Tensor:
    """Return the indices [..., K] of the k best scores [..., C], best first; equal scores in catalogue order."""
    last = torch.topk(scores, k, dim=-1).values[..., -1:]
    above, level = scores > last, scores == last
    room = k - above.sum(-1, keepdim=True)
    chosen = above | (level & (level.cumsum(-1) <= room))
    index = chosen.nonzero()[:, -1].reshape(*scores.shape[:-1], k)
    order = torch.sort(scores.gather(-1, index), dim=-1, descending=True, stable=True).indices
    return index.gather(-1, order)
