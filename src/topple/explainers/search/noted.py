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
        sets, of = units[number], row[number]
        fits = ~(sets & ~table.removable[of, column]).any(-1)
        fits &= (sets * table.unit_size[of]).sum(-1) <= table.largest[of, column]
        cost = (sets * table.unit_cost[of, column]).sum(-1).double()
        for at in (fits & table.asked[of, column]).nonzero()[:, 0].tolist():
            cell = int(of[at]), int(column[at])
            if cost[at] < self._cost[cell]:
                self._cost[cell], self.sets[cell] = cost[at], sets[at]
        return margins

    def cheaper(self, sets: Tensor) -> Tensor:
        """Return the sets, bool [B, T, H], or the noted ones where these are cheaper or where there is none."""
        if not self._on:
            return sets
        cost = self._table.cost(sets).double().masked_fill(~sets.any(-1), torch.inf)
        return torch.where((self._cost < cost)[..., None], self.sets, sets)
