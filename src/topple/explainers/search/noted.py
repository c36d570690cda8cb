"""The best sets that a search has come upon, for when the time is over before it ends."""

import torch
from torch import Tensor

from topple.explainers.search.targets import TargetTable


class NotedSets:
    """For each of B x T targets the cheapest allowed set that met the goal, of equals the first.

    Args:
        table: the histories and their targets.
    """

    def __init__(self, table: TargetTable) -> None:
        self._table = table
        self.sets = torch.zeros_like(table.removable)  # [B, T, H]
        self._cost = torch.full_like(table.removable[..., 0], torch.inf, dtype=torch.float64)  # [B, T]

    def note(self, row: Tensor, units: Tensor, margins: Tensor) -> None:
        """Note the sets, bool [M, H], of the histories `row` [M] that meet the goals, by their margins [M, T]."""
        table = self._table
        number, column = (margins > 0).nonzero(as_tuple=True)  # [Q]
        if not len(number):
            return
        sets, of = units[number], row[number]
        fits = ~(sets & ~table.removable[of, column]).any(-1)
        fits &= (sets * table.unit_size[of]).sum(-1) <= table.largest[of, column]
        cost = (sets * table.unit_cost[of, column]).sum(-1).double()
        for at in (fits & table.asked[of, column]).nonzero()[:, 0].tolist():
            cell = int(of[at]), int(column[at])
            if cost[at] < self._cost[cell]:
                self._cost[cell], self.sets[cell] = cost[at], sets[at]

    def cheaper(self, sets: Tensor) -> Tensor:
        """Return the sets, bool [B, T, H], or the noted ones where these are cheaper or where there is none."""
        cost = self._table.cost(sets).double().masked_fill(~sets.any(-1), torch.inf)
        return torch.where((self._cost < cost)[..., None], self.sets, sets)
