"""Every set of one unit, of two, and so on: what is found first is the smallest, and a whole enumeration proves that none is."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice
from math import comb

import torch
from torch import Tensor

from topple.explainers.search.engine import Engine
from topple.records.claims import Claims
from topple.scoring.pace import current_pace

BETWEEN_LOOKS = 2048
"""Sets that are tried between two looks at the budget; the engine scores them in chunks."""


@dataclass(eq=False)
class Enumeration:
    """Tries all sets of one history by size, all its targets at once, among the full catalogue.

    Args:
        engine: the engine.
        row: the history.
        known: sets that meet the goal already, bool [T, H]; empty where none is known.
        asked: the targets to look at, bool [T].
    """

    engine: Engine
    row: int
    known: Tensor
    asked: Tensor

    def __post_init__(self) -> None:
        table = self.engine.table
        self.removable = table.removable[self.row] & self.asked[:, None]  # [T, H]
        self.unit_cost, self.largest = table.unit_cost[self.row].double(), table.largest[self.row]
        self.sets = self.known.clone()
        self.cost = (self.sets * self.unit_cost).sum(-1).masked_fill(~self.sets.any(-1), torch.inf)  # [T]
        self.margin = torch.zeros_like(self.cost)
        self.free = self.removable.any(0).nonzero()[:, 0]

    def run(self, budget: int, largest: int | None = None) -> Claims:
        """Try sizes from one unit on, until nothing cheaper can be left, or the next size does not fit into the budget.

        Args:
            budget: scored histories; a size that does not fit into what is left is not begun.
            largest: most units of a set; None for all sizes.

        Returns:
            What is known then of the T targets; nothing is proven of those that were not asked about.
        """
        most = len(self.free) if largest is None else min(largest, len(self.free))
        tried, open_, left = torch.zeros_like(self.largest), self.asked, budget
        for size in range(1, most + 1):
            hopeful = self.asked & (tried == size - 1) & (self._least_cost(size) < self.cost)
            number = comb(len(self.free), size)
            left -= number
            open_ = hopeful & self.engine.can_afford(number)[self.row] & (left >= 0)
            if not open_.any() or not self._try(size, open_):
                break
            tried = tried + open_
        below = torch.minimum(self._least_cost(tried + 1), self.cost)
        ended = self.asked & (tried < most) & (below < self.cost)
        return Claims(self.sets, below.masked_fill(~self.asked, 0), ended, self.engine.cost[self.row])

    def _least_cost(self, units: Tensor | int) -> Tensor:
        """Return what sets of so many units or more cost at least [T]."""
        return self.engine.table.least_cost(units)[self.row]

    def _try(self, size: int, hopeful: Tensor) -> bool:
        """Try all sets of a size, keep the cheapest, of equals the one with the largest margin; return whether time lasted."""
        engine, unit_size = self.engine, self.engine.table.unit_size[self.row]
        for sets in all_sets(self.free, size, self.sets.shape[-1]):
            if engine.account.late:
                return False
            row = torch.full((len(sets),), self.row, device=sets.device)
            margins = engine.new_margins(row, sets, hopeful.expand(len(sets), -1), full=True)  # [S, T]
            barred = (sets[:, None] & ~self.removable).any(-1) | ((sets * unit_size).sum(-1)[:, None] > self.largest)
            cost = (sets.double() @ self.unit_cost.T).masked_fill(barred | (margins <= 0), torch.inf)  # [S, T]
            least = cost.amin(0)
            margin, which = margins.masked_fill(cost > least, -torch.inf).max(0)
            equal = (least == self.cost) & (margin > self.margin) & (self.margin > 0)
            better = hopeful & torch.isfinite(least) & ((least < self.cost) | equal)
            self.sets[better] = sets[which[better]]
            self.cost, self.margin = torch.where(better, least, self.cost), torch.where(better, margin, self.margin)
        return True


def all_sets(free: Tensor, size: int, length: int) -> Iterator[Tensor]:
    """Yield all sets of `size` of the free units, bool [sets, H] with H = `length`, a bounded number at a time."""
    every, pace = combinations(free.tolist(), size), current_pace()
    while chosen := list(islice(every, BETWEEN_LOOKS if pace is None else pace.histories(BETWEEN_LOOKS))):
        yield torch.zeros(len(chosen), length, dtype=torch.bool).scatter(1, torch.tensor(chosen), True).to(free.device)
