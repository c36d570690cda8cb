"""Which items could tie with a target for want of evidence, for feed-forward networks: they count as if they outranked it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from topple.explainers.proofs.linear_relaxation import Relaxation
from topple.scoring.ranking import Ranking


@dataclass(frozen=True, eq=False)
class Asked:
    """Targets of one history of which sets of one size are removed.

    Args:
        target: the targets [T].
        tolerance: of each query [T].
        competing: the items that could be in a list, bool [I].
        free: the items that may be removed, bool [H].
        size: how many of them are removed.
        scale: how large the scores of the history are.
    """

    target: Tensor
    tolerance: Tensor
    competing: Tensor
    free: Tensor
    size: int
    scale: float


def possible_fillers(ranking: Ranking, asked: Asked, relaxation: Relaxation) -> Tensor:
    """Return which other items could be fillers that tie with each target after such a removal, bool [T, I].

    A filler scores what an empty history gives it, give or take the tolerance eps, and it ties with a target of which the
    same is true: their scores of the empty history are at most 3 eps apart, 4 to be sure of it in spite of rounding. Where
    no removal lets the target score what an empty history gives it, no item ties with it so; nor does an item that none lets
    score that.

    Args:
        ranking: the rule.
        asked: the targets and the removals.
        relaxation: of these removals, one node.
    """
    target, empty = asked.target, ranking.empty
    out = torch.zeros(len(target), len(asked.competing), dtype=torch.bool, device=target.device)
    if empty is None:
        return out
    reach = 2 * (asked.tolerance.to(empty) + ranking.rounding * empty[target].abs())  # [T]
    near = ((empty - empty[target][:, None]).abs() <= 2 * reach[:, None]) & asked.competing  # [T, I]
    near.scatter_(1, target[:, None], False)
    others = near.any(0).nonzero()[:, 0]
    if not len(others):
        return out
    items = torch.cat([target, others])
    low, high = (side[0] for side in relaxation.ranges(items, asked.free[None], asked.size, asked.scale))
    away = torch.maximum(low - empty[items], empty[items] - high)  # by how much no removal lets an item score that
    able = away[: len(target)] <= reach
    out[:, others] = near[:, others] & able[:, None] & (away[len(target) :] <= reach[:, None])
    return out
