"""Other sets of the same size, or with costs of the same cost, whose items few of the sets share."""

from collections.abc import Iterator
from math import comb

import torch
from torch import Tensor

from topple.explainers.search.engine import Engine
from topple.explainers.search.enumeration import all_sets

ENUMERATED = 20_000
"""Sets of a size that are all tried; where there are more, sets are exchanged unit by unit."""
ROUNDS = 3
"""Rounds of exchanges."""


def more_sets(engine: Engine, found: Tensor) -> dict[int, Tensor]:
    """Return, by the engine's query, other sets of places for those that ask for several, bool [A, H].

    All sets of the size are tried where they are few enough; else the set found is changed one unit at a time. Of what meets
    the goal among the full catalogue, the sets are chosen one by one so that their units are shared by as few as possible.

    Args:
        engine: the engine.
        found: the sets that were found, units, bool [B, T, H].
    """
    grid, out = engine.grid, {}
    for query, (row, slot) in enumerate(zip(grid.row.tolist(), grid.slot.tolist(), strict=True)):
        wanted, base = int(grid.sets[row, slot]) - 1, found[row, slot]
        if wanted > 0 and base.any():
            others = _share_least(base, _others(engine, row, slot, base), wanted)
            out[query] = grid.members(grid.row[[query] * len(others)], others)
    return out


def _others(engine: Engine, row: int, slot: int, base: Tensor) -> Tensor:
    """Return sets of the cost of `base`, and of as many units, that meet the goal [A, H], those with the largest margin first."""
    grid = engine.grid
    size, free = int(base.sum()), grid.removable[row, slot].nonzero()[:, 0]
    if comb(len(free), size) <= ENUMERATED:
        sets, margins = _settled(engine, row, slot, base, all_sets(free, size, len(base)))
    else:
        sets, margins = _exchanged(engine, row, slot, base, free)
    return sets[margins.argsort(descending=True, stable=True)]


def _exchanged(engine: Engine, row: int, slot: int, base: Tensor, free: Tensor) -> tuple[Tensor, Tensor]:
    """Return what exchanges of one unit reach, from the set and then from those they lead to."""
    known, margins, edge = base[None], base.new_zeros(1, dtype=torch.float64), base[None]
    for _ in range(ROUNDS):
        tried = torch.cat([_neighbours(one, free) for one in edge])
        new, its = _settled(engine, row, slot, base, [torch.unique(tried, dim=0)])
        fresh = ~(new[:, None] == known).all(-1).any(1)
        known, margins = torch.cat([known, new[fresh]]), torch.cat([margins, its[fresh].double()])
        edge = _share_least(base, new[fresh], 4)
        if not len(edge):
            break
    return known[1:], margins[1:]


def _neighbours(one: Tensor, free: Tensor) -> Tensor:
    """Return a set with each of its units exchanged for each of the free others [V, H]."""
    outside = free[~one[free]]
    inside = one.nonzero()[:, 0]
    out = one.repeat(len(inside), len(outside), 1).scatter(2, inside[:, None, None].expand(-1, len(outside), 1), False)
    return out.scatter(2, outside[None, :, None].expand(len(inside), -1, 1), True).flatten(0, 1)


def _settled(
    engine: Engine, row: int, slot: int, base: Tensor, tried: Iterator[Tensor] | list[Tensor]
) -> tuple[Tensor, Tensor]:
    """Return those of the tried sets that cost what `base` does and meet the goal, with their margins."""
    grid, kept, margins = engine.grid, [base[None][:0]], [base.new_zeros(0, dtype=torch.float64)]
    cost = grid.unit_cost[row, slot]
    price = (base * cost).sum()
    for sets in tried:
        same = (sets * cost).sum(-1) == price
        same &= (sets * grid.unit_size[row]).sum(-1) <= grid.largest[row, slot]
        mine = sets[same & (sets != base).any(-1)]
        if not len(mine):
            continue
        if not engine.lasts(len(mine))[row, slot]:
            break
        at = torch.full((len(mine),), row, device=mine.device), torch.full((len(mine),), slot, device=mine.device)
        margin = engine.settle(*at, mine)
        kept.append(mine[margin > 0])
        margins.append(margin[margin > 0].double())
    return torch.cat(kept), torch.cat(margins)


def _share_least(base: Tensor, others: Tensor, wanted: int) -> Tensor:
    """Choose sets one by one, each the first of those whose units the sets chosen before, and `base`, hold least."""
    used = base.long()
    chosen: list[int] = []
    left = torch.arange(len(others), device=base.device)
    while len(chosen) < wanted and len(left):
        at = int((others[left] * used).sum(-1).argmin())
        chosen.append(int(left[at]))
        used = used + others[left[at]]
        left = torch.cat([left[:at], left[at + 1 :]])
    return others[chosen]
