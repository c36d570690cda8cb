"""Other sets of the same size, or with costs of the same cost, whose items few of the sets share."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import comb

import torch
from torch import Tensor

from topple.explainers.search.engine import Engine
from topple.explainers.search.enumeration import all_sets

ENUMERATED = 20_000
"""Sets of a size that are all tried; where there are more, sets are exchanged unit by unit."""
ROUNDS = 3
"""Rounds of exchanges."""
FROM = 4
"""Sets that a round starts from."""


def more_sets(engine: Engine, found: Tensor) -> dict[int, Tensor]:
    """Return, by the engine's query, other sets of positions for those that ask for several, bool [A, H].

    All sets of the size are tried where they are few enough; else the set found is changed one unit at a time. Of what meets
    the goal among the full catalogue, the sets are chosen one by one so that their units are shared by as few as possible.

    Args:
        engine: the engine.
        found: the sets that were found, units, bool [B, T, H].
    """
    table, out = engine.table, {}
    wanted = ((table.sets - 1) * found.any(-1)).tolist()  # [B, T]
    for query, (row, column) in enumerate(zip(table.row.tolist(), table.column.tolist(), strict=True)):
        if wanted[row][column] > 0:
            base = found[row, column]
            others = _share_least(base, _Others(engine, row, column, base).find(), wanted[row][column])
            out[query] = table.positions(table.row[[query] * len(others)], others)
    return out


@dataclass(frozen=True, eq=False)
class _Others:
    """Looks for sets that cost what one set does, have as many units and meet the same goal.

    Args:
        engine: the engine.
        row: the history.
        column: where the target stands.
        base: the set, bool [H].
    """

    engine: Engine
    row: int
    column: int
    base: Tensor

    def find(self) -> Tensor:
        """Return the other sets, bool [A, H], those with the largest margin first."""
        size, free = int(self.base.sum()), self.engine.table.removable[self.row, self.column].nonzero()[:, 0]
        if comb(len(free), size) <= ENUMERATED:
            sets, margins = self._true(all_sets(free, size, len(self.base)))
        else:
            sets, margins = self._exchanged(free)
        return sets[margins.argsort(descending=True, stable=True)]

    def _exchanged(self, free: Tensor) -> tuple[Tensor, Tensor]:
        """Return what exchanges of one unit reach, from the set and then from those they lead to: sets and margins."""
        known, margins = self.base[None], self.base.new_zeros(1, dtype=torch.float64)
        edge = self.base[None]
        for _ in range(ROUNDS):
            tried = torch.cat([_neighbours(one, free) for one in edge])
            true, reached = self._true([torch.unique(tried, dim=0)])
            fresh = ~(true[:, None] == known).all(-1).any(1)
            known, margins = torch.cat([known, true[fresh]]), torch.cat([margins, reached[fresh].double()])
            edge = _share_least(self.base, true[fresh], FROM)
            if not len(edge):
                break
        return known[1:], margins[1:]

    def _true(self, tried: Iterable[Tensor]) -> tuple[Tensor, Tensor]:
        """Return the tried sets that cost what `base` does and meet the goal, with their margins; as far as the budget lasts."""
        table, kept, margins = (
            self.engine.table,
            [self.base[None][:0]],
            [self.base.new_zeros(0, dtype=torch.float64)],
        )
        cost, largest = table.unit_cost[self.row, self.column], table.largest[self.row, self.column]
        for sets in tried:
            like = (sets * cost).sum(-1) == (self.base * cost).sum()
            like &= (sets * table.unit_size[self.row]).sum(-1) <= largest
            like &= (sets != self.base).any(-1)
            asked = sets[like]
            if not len(asked):
                continue
            if not self.engine.can_afford(len(asked))[self.row, self.column]:
                break
            row, column = (torch.full((len(asked),), at, device=asked.device) for at in (self.row, self.column))
            margin = self.engine.settle(row, column, asked)
            kept.append(asked[margin > 0])
            margins.append(margin[margin > 0].double())
        return torch.cat(kept), torch.cat(margins)


def _neighbours(one: Tensor, free: Tensor) -> Tensor:
    """Return a set with each of the units exchanged for each of the free others [V, H]."""
    outside = free[~one[free]]
    inside = one.nonzero()[:, 0]
    out = one.repeat(len(inside), len(outside), 1).scatter(2, inside[:, None, None].expand(-1, len(outside), 1), False)
    return out.scatter(2, outside[None, :, None].expand(len(inside), -1, 1), True).flatten(0, 1)


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
