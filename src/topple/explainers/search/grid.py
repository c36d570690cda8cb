"""Queries of the same histories, side by side."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from topple.scoring.encoding import THOUSANDTHS, EncodedQueries
from topple.scoring.variations import HistoryBatch, Packing


@dataclass(frozen=True, eq=False)
class Grid:
    """Queries laid out as B histories x T slots, so that one variation of a history serves all its targets.

    A slot without a query repeats target 0 and is never read.

    Args:
        histories: the B histories.
        row: the history of each query [N].
        slot: the slot of each query [N].
        target: the target items [B, T].
        k: the list lengths [B, T].
        key: the keys of the draws [B, T].
        removable: units that may be named, bool [B, T, H]. A unit is a place of the history, or a group of places by its
            first one; searches work on units.
        asked: slots that hold a query, bool [B, T].
        unit: the unit of each place [B, H].
        grouped: whether any unit is a group.
        unit_cost: what it costs to name each unit, in thousandths, int64 [B, T, H].
        unit_size: the places of each unit [B, H].
        largest: most places of a set [B, T].
        sets: how many different smallest sets are wanted [B, T].
    """

    histories: HistoryBatch
    row: Tensor
    slot: Tensor
    target: Tensor
    k: Tensor
    key: Tensor
    removable: Tensor
    asked: Tensor
    unit: Tensor
    grouped: bool
    unit_cost: Tensor
    unit_size: Tensor
    largest: Tensor
    sets: Tensor

    @classmethod
    def of(cls, queries: EncodedQueries, mine: Tensor) -> "Grid":
        """Lay out the chosen queries; their histories are cut to the longest of them."""
        packing = Packing.of(queries.row[mine])
        histories = queries.histories.rows(packing.which)
        places = histories.items.shape[1]
        unit = queries.unit[packing.which, :places]
        own = unit == torch.arange(places, device=unit.device)
        cost = queries.item_cost[mine, :places]
        unit_cost = torch.zeros_like(cost).scatter_add(1, unit[packing.row], cost)
        sets = [queries.queries[place].sets for place in mine.tolist()]
        return cls(
            histories,
            packing.row,
            packing.slot,
            packing.lay(queries.target[mine]),
            packing.lay(queries.k[mine]).clamp(min=1),
            packing.lay(queries.key[mine]),
            packing.lay(queries.removable[mine, :places] & own[packing.row]),
            packing.lay(torch.ones_like(mine, dtype=torch.bool)),
            unit,
            not bool(own.all()),
            packing.lay(unit_cost),
            torch.zeros_like(unit).scatter_add(1, unit, histories.present.long()),
            packing.lay(queries.largest[mine]),
            packing.lay(torch.tensor(sets, device=unit.device)),
        )

    @property
    def plain(self) -> Tensor:
        """Where every unit is one place and costs 1, so that the cheapest set is the one with the fewest places [B, T]."""
        return (self.unit_cost == THOUSANDTHS).all(-1)  # the places of a group other than its first one cost 0

    def alike(self, row: int, slots: Tensor) -> Iterator[Tensor]:
        """Yield the slots of one history, those that may name the same units together, so that no other counts for them."""
        kinds, kind = torch.unique(self.removable[row, slots], dim=0, return_inverse=True)
        for one in range(len(kinds)):
            yield slots[kind == one]

    def members(self, row: Tensor, units: Tensor) -> Tensor:
        """Return the places of units: bool [..., H] over histories `row` [R], whose dimension is the first, to the same."""
        if not self.grouped:
            return units
        unit = self.unit[row, : units.shape[-1]]
        return units.gather(-1, unit.reshape(len(row), *[1] * (units.ndim - 2), unit.shape[-1]).expand_as(units))

    def by_unit(self, places: Tensor) -> Tensor:
        """Return numbers of places [B, S, H] added up over each unit [B, S, H]."""
        if not self.grouped:
            return places
        return torch.zeros_like(places).scatter_add(-1, self.unit[:, None].expand_as(places), places)

    @property
    def price(self) -> Tensor:
        """What each unit costs as a number, 1 for an item without a cost of its own; for rules of thumb [B, T, H]."""
        return self.unit_cost.double() / THOUSANDTHS

    def cost(self, units: Tensor) -> Tensor:
        """Return what sets cost, in thousandths: bool [B, T, H] to int64 [B, T]."""
        return (units * self.unit_cost).sum(-1)

    def allowed(self, units: Tensor) -> Tensor:
        """Return which sets, bool [B, T, H], are within the largest size, bool [B, T]."""
        return (units * self.unit_size[:, None]).sum(-1) <= self.largest

    def floor(self, size: int) -> Tensor:
        """Return what sets of `size` units cost at least, in thousandths [B, T]; infinity where none is allowed."""
        return self._cheapest(self.unit_cost, size).masked_fill(
            self._cheapest(self.unit_size[:, None].expand_as(self.removable), size) > self.largest, torch.inf
        )

    def _cheapest(self, each: Tensor, size: int) -> Tensor:
        values = each.double().masked_fill(~self.removable, torch.inf)
        return values.sort(-1).values[..., :size].sum(-1) if size <= values.shape[-1] else values[..., 0] + torch.inf

    def sizes_below(self, cost: Tensor) -> Tensor:
        """Return the smallest number of units that no set cheaper than `cost` [B, T] has [B, T]; at least 1."""
        sums = self.unit_cost.double().masked_fill(~self.removable, torch.inf).sort(-1).values.cumsum(-1)
        return 1 + (sums < cost[..., None]).sum(-1)

    def narrow(self, chosen: Tensor) -> tuple["Grid", Tensor, Tensor]:
        """Return a grid of some of the targets, bool [B, T], and the row and slot here of each query there."""
        row, slot = (chosen & self.asked).nonzero(as_tuple=True)
        packing = Packing.of(row)
        histories = self.histories.rows(packing.which)
        places = histories.items.shape[1]
        laid = {
            name: packing.lay(getattr(self, name)[row, slot])
            for name in ("target", "k", "key", "asked", "largest", "sets")
        }
        laid |= {name: packing.lay(getattr(self, name)[row, slot, :places]) for name in ("removable", "unit_cost")}
        units = {name: getattr(self, name)[packing.which, :places] for name in ("unit", "unit_size")}
        narrow = Grid(histories=histories, row=packing.row, slot=packing.slot, grouped=self.grouped, **units, **laid)
        return replace(narrow, k=narrow.k.clamp(min=1)), row, slot
