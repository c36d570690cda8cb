"""A smaller set around the one that is known, or a first one: scores change there otherwise than around the unchanged history.

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


def smaller_around(engine: Engine, sets: Tensor, *, most: int) -> Tensor:
    """Look for smaller sets where the changes of the scores lead, as they are around each set.

    A search that grows from nothing is misled where scores saturate. Here what every unit does is scored beside the whole set; then
    a set is grown unit by unit by the sums of these changes, without scoring. All its beginnings are scored, and the smallest
    one that meets the goal is pruned. The next round looks around that one, or else around the largest beginning.
    For the goal `necessary`, and units that all cost the same.

    Args:
        engine: the engine.
        sets: sets that meet their goal, bool [B, T, H]; one without units says that none is known.
        most: units of the largest set where none is known.

    Returns:
        The sets, smaller or first ones where such were found, bool [B, T, H].
    """
    sets, points = sets.clone(), sets.clone()
    largest = engine.table.largest.clamp(max=most).minimum(engine.table.removable.sum(-1))  # [B, T]
    for _ in range(ROUNDS):
        units = sets.sum(-1)
        size = torch.where(units > 0, units, largest + 1)  # [B, T]
        row, column = (engine.open & (largest > 0) & ((units > 2) | (units == 0))).nonzero(as_tuple=True)
        if not len(row):
            break
        numbers = sets.shape[-1] * engine.shortlist.columns
        for part in torch.split(torch.arange(len(row), device=row.device), rows_at_once(numbers)):
            cells = row[part], column[part]
            _look_around(engine, sets, points, *cells, size[cells])
    return sets


def _look_around(engine: Engine, sets: Tensor, points: Tensor, row: Tensor, column: Tensor, size: Tensor) -> None:
    """Look around the points of some targets for sets of fewer units than a size [Q]; sets and points, bool [B, T, H], change in place."""
    beginnings = _grown(engine, points[row, column], row, column, int(size.max()) - 1)  # [Q, L, H]
    smaller = torch.arange(1, beginnings.shape[1] + 1, device=row.device) < size[:, None]  # [Q, L]
    engine.count(int(smaller.sum()), engine.table.query[row, column], smaller.sum(1))
    leads = engine.shortlist.targets(row, column).leads(engine.shortlist.scores_where(row, beginnings, smaller))[..., 0]
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
    table, shortlist = engine.table, engine.shortlist
    distinct, which = torch.unique(torch.cat([row[:, None], points], 1), dim=0, return_inverse=True)  # [R, 1 + H], [Q]
    rows, around = distinct[:, 0], distinct[:, 1:].bool()  # [R], [R, H]
    turned = around[:, None] ^ torch.eye(points.shape[1], dtype=torch.bool, device=points.device)  # [R, H, H]
    real = table.histories.filled[rows]  # [R, H]
    now = shortlist.scores_without(rows, around[:, None])  # [R, 1, C]
    other = shortlist.scores_where(rows, turned, real)  # [R, H, C]
    engine.count(len(rows) + int(real.sum()), table.query[row, column], 1 + table.histories.filled[row].sum(1))
    known = real[..., None] & now.isfinite() & other.isfinite()
    sign = 1 - 2 * around[..., None].to(now.dtype)  # a unit of the point is put back
    effect = torch.where(known, (other - now) * sign, 0)
    return (now[:, 0] - (effect * around[..., None]).sum(1))[which], effect[which]
