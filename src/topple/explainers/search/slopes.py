"""How leads and scores change with every item that is kept: what the learned methods follow."""

from collections.abc import Callable

import torch
from torch import Tensor

from topple.explainers.search.engine import Engine
from topple.explainers.search.shortlist import SHORTLIST
from topple.scoring.recommender import Scorer
from topple.scoring.variations import without


def spread_of(engine: Engine) -> Tensor:
    """Return how far the best scores of each unchanged history lie apart: the standard deviation [B]; 1 where it is 0."""
    return spread_of_scores(engine.shortlist.best_scores[:, :SHORTLIST])


def spread_of_scores(best: Tensor) -> Tensor:
    """Return the standard deviation of the finite ones of scores [B, W]; 1 where it is 0, and where there are none [B]."""
    finite = best.isfinite()  # [B, W]
    count = finite.sum(1, keepdim=True).clamp(min=1)
    middle = best.masked_fill(~finite, 0).sum(1, keepdim=True) / count
    away = (best - middle).masked_fill(~finite, 0)
    spread = (away.square().sum(1) / count[:, 0]).sqrt()
    return torch.where(spread > 0, spread, 1)


def lead_slopes(engine: Engine, removed: Tensor, alpha: float, restarts: int, spread: Tensor) -> tuple[Tensor, Tensor]:
    """Return leads among the shortlist, and how a shortfall of each changes with every item kept.

    The shortfall is relu(alpha - lead), leads in units of the spread. Every history is asked about; open targets are charged.

    Args:
        engine: B histories with T targets each.
        removed: for each target of a history `restarts` removals, units, bool [B, T * restarts, H].
        alpha: the lead that is wanted, in units of the spread.
        restarts: removals of each target.
        spread: what `spread_of` returned [B].

    Returns:
        leads over the removal's target [B, T * restarts], slopes of units [B, T * restarts, H].
    """
    table = engine.table
    engine.count(removed.shape[0] * removed.shape[1], table.query.flatten(), engine.open.flatten() * restarts)
    rows = torch.arange(len(removed), device=removed.device)
    keep = without(table.histories, table.positions(rows, removed)).requires_grad_()
    scores = engine.shortlist.scores(rows, keep)  # [B, T * restarts, C]
    if (counted := engine.shortlist.counted) is not None:
        scores = scores.masked_fill(~counted.repeat_interleave(restarts, 1), -torch.inf)
    columns, k, tolerance = (
        cells.repeat_interleave(restarts, 1)[..., None]
        for cells in (engine.shortlist.target_columns, table.k, engine.tolerance)
    )
    leads = engine.ranking.lead(scores, columns, k, tolerance)[..., 0]
    (slope,) = torch.autograd.grad(torch.relu(alpha - leads / spread[:, None]).sum(), keep)
    return leads.detach(), table.sum_by_unit(slope)


def score_slopes(
    engine: Engine, scorer: Scorer, keep: Tensor, shortfall: Callable[[Tensor], Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    """Return scores of targets, a shortfall of each, and how it changes with every item kept; all targets are charged.

    Args:
        engine: B histories with T targets each.
        scorer: the engine's recommender, bound to its histories and their targets.
        keep: a variation for each target [B, T, H].
        shortfall: from scores [B, T] to shortfalls [B, T].

    Returns:
        scores [B, T], shortfalls [B, T], slopes of units [B, T, H].
    """
    table = engine.table
    engine.count(keep.shape[0] * keep.shape[1], table.query.flatten(), 1)
    keep = keep.requires_grad_()
    score = scorer(keep).diagonal(dim1=1, dim2=2)  # [B, T, T] to [B, T]
    lacking = shortfall(score)
    (slope,) = torch.autograd.grad(lacking.sum(), keep)
    return score.detach(), lacking.detach(), table.sum_by_unit(slope)
