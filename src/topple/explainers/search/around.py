"""A smaller set around the one that is known: scores change there otherwise than around the unchanged history.

Everywhere here: Q targets whose sets are to become smaller, H units of a history, L units of the sets that are tried, C competitors
of the shortlist.
"""

import torch
from torch import Tensor

from topple.explainers.search.engine import Engine
from topple.explainers.search.growing import pruned_among_shortlist, settled_and_pruned
from topple.scoring.memory import rows_at_once

ROUNDS = 2
"""Times that a set is searched around: where that has helped, around what was found."""


def smaller_around(engine: Engine, sets: Tensor) -> Tensor:
    """Look for smaller sets where the changes of the scores lead, as they are around each set.

    A search that grows from nothing is misled where scores saturate. Here what every unit does is scored beside the whole set; then
    a set is grown unit by unit by the sums of these changes, without scoring. All its beginnings are scored, and the smallest
    one that meets the goal is pruned. The next round looks around that one, or else around the largest beginning.
    For the goal `necessary`, and units that all cost the same.

    Args:
        engine: the engine.
        sets: sets that meet their goal, bool [B, T, H].

    Returns:
        The sets, smaller where smaller ones were found, bool [B, T, H].
    """
    sets, points = sets.clone(), sets.clone()
    for _ in range(ROUNDS):
        row, column = (engine.open & (sets.sum(-1) > 2)).nonzero(as_tuple=True)
        if not len(row):
            break
        numbers = sets.shape[-1] * engine.shortlist.columns
        for part in torch.split(torch.arange(len(row), device=row.device), rows_at_once(numbers)):
            _look_around(engine, sets, points, row[part], column[part])
    return sets


def _look_around(engine: Engine, sets: Tensor, points: Tensor, row: Tensor, column: Tensor) -> None:
    """Look around the points of some targets [Q] for smaller sets; sets and points, bool [B, T, H], change in place."""
    size = sets[row, column].sum(-1)  # [Q]
    beginnings = _grown(engine, points[row, column], row, column, int(size.max()) - 1)  # [Q, L, H]
    smaller = torch.arange(1, beginnings.shape[1] + 1, device=row.device) < size[:, None]  # [Q, L]
    engine.count(smaller.numel(), engine.table.query[row, column], smaller.sum(1))
    leads = engine.shortlist.targets(row, column).leads(engine.shortlist.scores_without(row, beginnings))[..., 0]
    meets, which = ((leads > 0) & smaller).max(1)  # the first that does
    number = torch.arange(len(row), device=row.device)
    points[row, column] = beginnings[number, size - 2]
    number = number[meets]
    new = torch.zeros_like(sets)
    new[row[number], column[number]] = beginnings[number, which[number]]
    pruned = settled_and_pruned(engine, pruned_among_shortlist(engine, new))
    true = pruned.any(-1)
    sets[true], points[true] = pruned[true], pruned[true]


def _grown(engine: Engine, points: Tensor, row: Tensor, column: Tensor, most: int) -> Tensor:
    """Return sets of 1 to `most` units, each the one before and one more, bool [Q, L, H], by what changes around points, bool [Q, H]."""
    targets, removable = engine.shortlist.targets(row, column), engine.table.removable[row, column]
    scores, effect = _around(engine, points, row, column)  # [Q, C], [Q, H, C]
    number, grown, out = torch.arange(len(row), device=row.device), torch.zeros_like(points), []
    for _ in range(most):
        with_each = scores[:, None] + effect  # [Q, H, C]
        leads = targets.leads(with_each)[..., 0].masked_fill(grown | ~removable, -torch.inf)
        best = leads.argmax(1)
        grown = grown.index_put((number, best), grown.new_ones(())) & removable
        scores = with_each[number, best]
        out.append(grown)
    return torch.stack(out, 1)


def _around(engine: Engine, points: Tensor, row: Tensor, column: Tensor) -> tuple[Tensor, Tensor]:
    """Return the scores of the empty set [Q, C] and what each unit does to them [Q, H, C], if both were as around a point, bool [Q, H].

    What competes only once it is removed has no score with nothing removed, and is left out.
    """
    turned = points[:, None] ^ torch.eye(points.shape[1], dtype=torch.bool, device=points.device)  # [Q, H, H]
    scores = engine.shortlist.scores_without(row, torch.cat([points[:, None], turned], 1))
    lengths = engine.table.histories.filled[row].sum(1)
    engine.count(scores[..., 0].numel(), engine.table.query[row, column], 1 + lengths)
    now, other = scores[:, :1], scores[:, 1:]
    known = now.isfinite() & other.isfinite()
    sign = 1 - 2 * points[..., None].to(scores.dtype)  # a unit of the point is put back
    effect = torch.where(known, (other - now) * sign, 0)
    return now[:, 0] - (effect * points[..., None]).sum(1), effect
