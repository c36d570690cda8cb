"""Every set of one unit, of two, and so on: what is found first is the smallest, and a whole enumeration proves that none is."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice
from math import comb

import torch
from torch import Tensor

from topple.explainers.search.engine import Engine

SETS_AT_ONCE = 2048


@dataclass(eq=False)
class Enumerated:
    """What an enumeration over one history knows of its T targets.

    Args:
        sets: the cheapest sets known, bool [T, H]; empty where there is none.
        proven: nothing cheaper exists; without a set, nothing at all does [T].
        spent: the budget did not last for the rest [T].
    """

    sets: Tensor
    proven: Tensor
    spent: Tensor


@dataclass(eq=False)
class Enumeration:
    """Tries all sets of one history by size, all its targets at once, among the full catalogue.

    Args:
        engine: the engine.
        row: the history.
        known: sets that meet the goal already, bool [T, H]; empty where none is known.
        asked: the targets to look at [T].
    """

    engine: Engine
    row: int
    known: Tensor
    asked: Tensor

    def __post_init__(self) -> None:
        grid = self.engine.grid
        self.removable = grid.removable[self.row] & self.asked[:, None]
        self.unit_cost, self.largest = grid.unit_cost[self.row], grid.largest[self.row]
        self.sets = self.known.clone()
        cost = (self.sets * self.unit_cost).sum(-1).double()
        self.cost = torch.where(self.sets.any(-1), cost, torch.inf)
        self.margin = torch.zeros_like(self.cost)
        self.free = self.removable.any(0).nonzero()[:, 0]

    def run(self, budget: int, largest: int | None = None) -> Enumerated:
        """Try sizes from one unit on, until nothing cheaper can be left, or the next size does not fit into the budget.

        Args:
            budget: scored histories; a size that does not fit into what is left is not begun.
            largest: most units of a set; None for all sizes.
        """
        most, left = len(self.free) if largest is None else min(largest, len(self.free)), budget
        spent, open_ = torch.zeros_like(self.asked), self.asked
        for size in range(1, len(self.free) + 1):
            hopeful = open_ & (self.engine.grid.floor(size)[self.row] < self.cost)
            if size > most or not hopeful.any():
                return Enumerated(self.sets, self.asked & ~spent & ~hopeful, spent)
            number = comb(len(self.free), size)
            left -= number
            open_ = hopeful & self.engine.lasts(number)[self.row] & (left >= 0)
            if not self._try(size, open_):
                open_ = torch.zeros_like(open_)
            spent = spent | (hopeful & ~open_)
        return Enumerated(self.sets, self.asked & ~spent, spent)

    def _try(self, size: int, hopeful: Tensor) -> bool:
        """Try all sets of a size, keep the cheapest, of equals the one with the largest margin; return whether time lasted."""
        engine, units = self.engine, self.engine.grid.unit_size[self.row]
        for sets in all_sets(self.free, size, self.sets.shape[-1]) if hopeful.any() else ():
            if engine.clock.late:
                return False
            margins = engine.scored(torch.full((len(sets),), self.row, device=sets.device), sets, full=True)  # [S, T]
            engine.cost[self.row, hopeful] += len(sets) * engine.each
            barred = (sets[:, None] & ~self.removable).any(-1) | ((sets * units).sum(-1)[:, None] > self.largest)
            cost = (sets.double() @ self.unit_cost.double().T).masked_fill(barred | (margins <= 0), torch.inf)
            least = cost.amin(0)
            margin, which = margins.masked_fill(cost > least, -torch.inf).max(0)
            equal = (least == self.cost) & (margin > self.margin) & (self.margin > 0)
            better = hopeful & torch.isfinite(least) & ((least < self.cost) | equal)
            self.sets[better] = sets[which[better]]
            self.cost, self.margin = torch.where(better, least, self.cost), torch.where(better, margin, self.margin)
        return True


def all_sets(free: Tensor, size: int, places: int) -> Iterator[Tensor]:
    """Yield all sets of `size` of the free places, bool [sets, H], some at a time."""
    every = combinations(free.tolist(), size)
    while chosen := list(islice(every, SETS_AT_ONCE)):
        yield torch.zeros(len(chosen), places, dtype=torch.bool).scatter(1, torch.tensor(chosen), True).to(free.device)
