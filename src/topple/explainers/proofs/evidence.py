"""How many removals at least before nothing is left of a history that speaks for a target, for additive models."""

import torch
from torch import Tensor

from topple.explainers.proofs.gaps import AdditiveScores
from topple.explainers.search.engine import Engine


def could_want_evidence(engine: Engine) -> Tensor:
    """Return which targets could leave a list for want of evidence, bool [B, T]: others score the same for an empty history."""
    empty, target = engine.ranking.empty, engine.table.target
    if empty is None:
        return torch.zeros_like(target, dtype=torch.bool)
    ordered = empty.to(engine.tolerance).sort().values
    mine, near = empty.to(engine.tolerance)[target], 3 * engine.tolerance
    within = torch.searchsorted(ordered, mine + near, right=True) - torch.searchsorted(ordered, mine - near)
    return within > 1


def least_without_evidence(engine: Engine, scores: AdditiveScores) -> Tensor:
    """Return a number of units below which no set leaves a target without evidence [B, T]; more than H where none does.

    The target has none where what the kept items add to its score is within the tolerance of 0. With r units removed that
    sum lies between the total less the r largest parts and the total less the r smallest, so not before 0 is within the
    tolerance of that interval. No set of fewer units makes it tie with others of which the same is true.

    Args:
        engine: the histories and their targets.
        scores: of the histories.
    """
    table = engine.table
    removable = table.removable  # [B, T, H]
    never = torch.full(removable.shape[:2], removable.shape[2] + 1, device=removable.device)
    if engine.ranking.empty is None:
        return never
    index = table.target[:, None].expand(-1, removable.shape[2], -1)
    parts = scores.contributions.gather(2, index).transpose(1, 2)  # [B, T, H]
    total = parts.sum(-1, keepdim=True)
    units = table.sum_by_unit(parts.contiguous())  # [B, T, H], the parts of a unit at the first position
    near = (engine.tolerance + engine.ranking.rounding * parts.abs().sum(-1))[..., None]
    most = total - units.masked_fill(~removable, torch.inf).sort(-1).values.cumsum(-1)  # the smallest removed
    least = total - units.masked_fill(~removable, -torch.inf).sort(-1, descending=True).values.cumsum(-1)
    possible = (least <= near) & (most >= -near)  # [B, T, H], of 1, 2, ... units
    first = possible.int().argmax(-1) + 1
    return torch.where(possible.any(-1) & could_want_evidence(engine), first, never)
