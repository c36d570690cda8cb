"""The best sets that a search has come upon, for when the time is over before it ends."""

import torch
from torch import Tensor

from topple.explainers.search.targets import TargetTable


class NotedSets:
    """For each of B x T targets the cheapest allowed set that met the goal, of equals the first.

    A set that topples a target among the shortlist topples it among all; the judge asks the full catalogue in any case.

    Args:
        table: the histories and their targets.
        on: whether sets are noted: where a deadline may end the search.
    """

    def __init__(self, table: TargetTable, *, on: bool) -> None:
        self._table, self._on = table, on
        self.sets = torch.zeros_like(table.removable)  # [B, T, H]
        self._cost = torch.full_like(table.removable[..., 0], torch.inf, dtype=torch.float64)  # [B, T]

    def note(self, row: Tensor, units: Tensor, margins: Tensor) -> Tensor:
        """Note the sets, bool [M, H], of the histories `row` [M] that meet the goals, by their margins [M, T], and return the margins."""
        table = self._table
        if not self._on:
            return margins
        number, column = (margins > 0).nonzero(as_tuple=True)  # [Q]
        of = row[number]
        cost = (units[number] * table.unit_cost[of, column]).sum(-1).double()
        (hopeful,) = (cost < self._cost[of, column]).nonzero(as_tuple=True)  # in most calls few of them, or none
        if len(hopeful):
            number, column, of, cost = (part[hopeful] for part in (number, column, of, cost))
            sets = units[number]
            fits = table.asked[of, column] & ~(sets & ~table.removable[of, column]).any(-1)
            fits &= (sets * table.unit_size[of]).sum(-1) <= table.largest[of, column]
            self._note_first(number[fits], of[fits], column[fits], cost[fits], units)
        return margins

    def _note_first(self, number: Tensor, of: Tensor, column: Tensor, cost: Tensor, units: Tensor) -> None:
        """Note of the sets `number` [Q] the cheapest of each cell, of equals the first; all are cheaper than what was noted."""
        targets = self._cost.shape[1]
        cell, turn = of * targets + column, torch.arange(len(of), device=of.device)
        least = self._cost.flatten().scatter_reduce(0, cell, cost, "amin")  # [B * T]
        equal = cost == least[cell]
        first = torch.full_like(least, len(of), dtype=torch.int64)
        first = first.scatter_reduce(0, cell[equal], turn[equal], "amin")
        chosen = first[first < len(of)]
        self._cost = least.view_as(self._cost)
        self.sets[of[chosen], column[chosen]] = units[number[chosen]]

    def cheaper(self, sets: Tensor) -> Tensor:
        """Return the sets, bool [B, T, H], or the noted ones where these are cheaper or where there is none."""
        if not self._on:
            return sets
        return torch.where((self._cost < self._table.cost_or_infinity(sets))[..., None], self.sets, sets)
