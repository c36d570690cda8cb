"""Queries of the same histories, side by side."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from topple.records.question import Query
from topple.scoring.encoding import THOUSANDTHS, EncodedQueries, draw_key
from topple.scoring.variations import HistoryBatch, VariationTable


@dataclass(frozen=True, eq=False)
class TargetTable:
    """N queries as a table of B histories x T targets, so that one variation of a history serves all its targets.

    A cell without a query repeats target 0 and is never read. Searches work on units: a unit is a position of the history, or
    a group of positions, known by the first of them.

    Args:
        histories: the B histories.
        source: which of the encoded histories they are [B].
        row: the history of each query [N].
        column: where each query stands among the targets of its history [N].
        queries: the queries by number.
        query: the number of the query in each cell [B, T]; in empty cells how many queries there are.
        asked: cells that hold a query, bool [B, T].
        target: the target items [B, T].
        k: the list lengths [B, T].
        removable: units that may be named, bool [B, T, H].
        unit: the unit of each position [B, H].
        size: what each position counts in the size of a set [B, H].
        unit_size: what each unit counts [B, H].
        unit_cost: what it costs to name each unit, in thousandths, int64 [B, T, H].
        largest: most positions of a set [B, T].
        sets: how many different smallest sets are wanted [B, T].
        grouped: whether any unit is a group.
    """

    histories: HistoryBatch
    source: Tensor
    row: Tensor
    column: Tensor
    queries: tuple[Query, ...]
    query: Tensor
    asked: Tensor
    target: Tensor
    k: Tensor
    removable: Tensor
    unit: Tensor
    size: Tensor
    unit_size: Tensor
    unit_cost: Tensor
    largest: Tensor
    sets: Tensor
    grouped: bool

    @classmethod
    def of(cls, queries: EncodedQueries, which: Tensor) -> "TargetTable":
        """Arrange the chosen queries, numbered in the order of `which` [N]; histories are cut to the longest of them."""
        chosen = queries.select(which)
        cells = VariationTable.of(chosen.row)
        histories = queries.histories.rows(cells.history)
        unit = queries.unit[cells.history, : histories.items.shape[1]]  # [B, H]
        removable, unit_cost = chosen.removable[:, : unit.shape[1]], chosen.item_cost[:, : unit.shape[1]]
        if queries.grouped:
            unit_of_each = unit[cells.row]  # [N, H]
            removable = removable & (unit_of_each == torch.arange(unit.shape[1], device=unit.device))
            unit_cost = torch.zeros_like(unit_cost).scatter_add(1, unit_of_each, unit_cost)
        by_query = {
            "query": torch.arange(len(which), device=unit.device) - len(which),
            "target": chosen.target,
            "k": chosen.k,
            "largest": chosen.largest,
            "sets": torch.tensor([query.sets for query in chosen.queries], device=unit.device),
            "removable": removable,
            "unit_cost": unit_cost,
        }
        size = queries.size[cells.history, : unit.shape[1]]
        return _arranged(cells, histories, cells.history, (unit, size), by_query, chosen.queries)

    def select(self, chosen: Tensor) -> "TargetTable":
        """Return a table of the queries in the chosen cells, bool [B, T], which keep their numbers."""
        row, column = (chosen & self.asked).nonzero(as_tuple=True)
        cells = VariationTable.of(row)
        histories = self.histories.rows(cells.history)
        unit = self.unit[cells.history, : histories.items.shape[1]]
        by_query = {"query": self.query[row, column] - self.nobody}
        by_query |= {name: getattr(self, name)[row, column] for name in ("target", "k", "largest", "sets")}
        by_query |= {name: getattr(self, name)[row, column, : unit.shape[1]] for name in ("removable", "unit_cost")}
        size = self.size[cells.history, : unit.shape[1]]
        return _arranged(cells, histories, self.source[cells.history], (unit, size), by_query, self.queries)

    def arranged_like(self, whole: "TargetTable", chosen: Tensor, cells: Tensor) -> Tensor:
        """Return the values of the chosen cells of the whole table [B, T, ...] in the cells of this one, which was selected."""
        row, column = (chosen & whole.asked).nonzero(as_tuple=True)
        out = cells.new_zeros(*self.target.shape, *cells.shape[2:])
        out[self.cells] = cells[row, column]
        return out

    @cached_property
    def _first_events(self) -> Tensor | None:
        """The first position of the item of each position [B, H]; None where no item comes again."""
        items = self.histories.items.masked_fill(~self.histories.filled, -1)
        ordered = items.sort(1).values
        if not ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any():
            return None
        return (items[:, None] == items[..., None]).int().argmax(-1)

    @property
    def splits_items(self) -> bool:
        """Whether the events of an item are of different units anywhere."""
        return self._first_events is not None and bool((self.unit.gather(1, self._first_events) != self.unit).any())

    def item_stays(self, rows: Tensor, keep: Tensor) -> Tensor:
        """Return at which positions no item comes back, given what is kept [R, S, H], bool [R, S, H].

        There is none, or it is still in the history, or it is told of at an earlier position.
        """
        present = self.histories.present[rows, None, : keep.shape[-1]]
        stays = (keep != 0) | ~present
        if self._first_events is None:
            return stays
        first = self._first_events[rows, None, : keep.shape[-1]].expand_as(keep)
        any_kept = torch.zeros_like(keep).scatter_reduce(-1, first, keep, "amax").gather(-1, first)
        return stays | (any_kept != 0) | (first != torch.arange(keep.shape[-1], device=keep.device))

    @property
    def nobody(self) -> int:
        """The number that stands in empty cells."""
        return len(self.queries)

    @cached_property
    def key(self) -> Tensor:
        """The keys of the random draws [B, T]; 0 in empty cells."""
        keys = [draw_key(self.queries[number]) for number in self.query[self.cells].tolist()]
        out = torch.zeros_like(self.query)
        out[self.cells] = torch.tensor(keys, dtype=torch.int64, device=out.device)
        return out

    @property
    def cells(self) -> tuple[Tensor, Tensor]:
        """The cells of the N queries: rows and columns."""
        return self.row, self.column

    @cached_property
    def same_k(self) -> int | None:
        """The length of the lists, where it is the same for all queries."""
        lengths = torch.unique(self.k[self.cells])
        return int(lengths[0]) if len(lengths) == 1 else None

    @property
    def plain(self) -> Tensor:
        """Where every unit is one position and costs 1, so that the cheapest set is the one with the fewest positions [B, T]."""
        positions = torch.arange(self.unit.shape[1], device=self.unit.device)
        single = (self.unit == positions).all(1)[:, None]  # [B, 1]
        return single & (~self.removable | (self.unit_cost == THOUSANDTHS)).all(-1)

    @property
    def price(self) -> Tensor:
        """What each unit costs as a number, 1 for an item without a cost of its own; for rules of thumb [B, T, H]."""
        return self.unit_cost.double() / THOUSANDTHS

    def with_equal_choices(self, row: int, columns: Tensor) -> Iterator[Tensor]:
        """Yield the columns of one history in groups that may name the same units, so that no other target counts for them."""
        choices, choice = torch.unique(self.removable[row, columns], dim=0, return_inverse=True)
        for one in range(len(choices)):
            yield columns[choice == one]

    def positions(self, row: Tensor, units: Tensor) -> Tensor:
        """Return the positions of units, bool [R, ..., H], over histories `row` [R]."""
        if not self.grouped:
            return units
        unit = self.unit[row, : units.shape[-1]]
        return units.gather(-1, unit.reshape(len(row), *[1] * (units.ndim - 2), unit.shape[-1]).expand_as(units))

    def sum_by_unit(self, numbers: Tensor) -> Tensor:
        """Return numbers of positions [B, S, H] added up over each unit [B, S, H]."""
        if not self.grouped:
            return numbers
        return torch.zeros_like(numbers).scatter_add(-1, self.unit[:, None].expand_as(numbers), numbers)

    def cost(self, sets: Tensor) -> Tensor:
        """Return what sets, bool [B, T, H], cost in thousandths, int64 [B, T]."""
        return (sets * self.unit_cost).sum(-1)

    def cost_or_infinity(self, sets: Tensor) -> Tensor:
        """Return what sets, bool [B, T, H], cost in thousandths, infinity where there is none, float64 [B, T]."""
        return self.cost(sets).double().masked_fill(~sets.any(-1), torch.inf)

    def allowed(self, sets: Tensor) -> Tensor:
        """Return which sets, bool [B, T, H], are within the largest size, bool [B, T]."""
        return (sets * self.unit_size[:, None]).sum(-1) <= self.largest

    def least_cost(self, units: Tensor | int) -> Tensor:
        """Return what sets of so many units [B, T], or more, cost at least, in thousandths; infinity where none is allowed."""
        if isinstance(units, int) and units == 1:
            never = ~self.removable
            smallest = self.unit_size[:, None].double().masked_fill(never, torch.inf).amin(-1)
            return (
                self.unit_cost.double()
                .masked_fill(never, torch.inf)
                .amin(-1)
                .masked_fill(smallest > self.largest, torch.inf)
            )
        count = torch.as_tensor(units, device=self.row.device).expand_as(self.k)[..., None]
        at = (count - 1).clamp(0, self._least_costs.shape[-1] - 1)
        return self._least_costs.gather(-1, at).masked_fill(count > self._least_costs.shape[-1], torch.inf)[..., 0]

    @cached_property
    def _least_costs(self) -> Tensor:
        """What sets of 1, 2, ... H units cost at least [B, T, H]."""
        sizes = _running_least(self.unit_size[:, None].expand_as(self.removable), self.removable)
        return _running_least(self.unit_cost, self.removable).masked_fill(sizes > self.largest[..., None], torch.inf)

    def sizes_below(self, cost: Tensor) -> Tensor:
        """Return how many sizes, 1, 2, ... units, could have a set that is cheaper than `cost` [B, T]; [B, T]."""
        return (_running_least(self.unit_cost, self.removable) < cost[..., None]).sum(-1)


def _arranged(
    cells: VariationTable,
    histories: HistoryBatch,
    source: Tensor,
    units: tuple[Tensor, Tensor],
    by_query: Mapping[str, Tensor],
    queries: tuple[Query, ...],
) -> TargetTable:
    """Fill the cells with what is known of each query; query numbers come less how many there are, for empty cells hold 0."""
    unit, size = units
    filled = {name: cells.fill(values) for name, values in by_query.items()}
    query = filled.pop("query") + len(queries)
    positions = torch.arange(unit.shape[1], device=unit.device)
    return TargetTable(
        histories=histories,
        source=source,
        row=cells.row,
        column=cells.column,
        queries=queries,
        query=query,
        asked=query < len(queries),
        k=filled.pop("k").clamp(min=1),
        unit=unit,
        size=size,
        unit_size=torch.zeros_like(unit).scatter_add(1, unit, size * histories.present),
        grouped=not bool((unit == positions).all()),
        **filled,
    )


def _running_least(numbers: Tensor, removable: Tensor) -> Tensor:
    """Return the least sums of 1, 2, ... numbers of removable units [B, T, H]; infinity where there are not so many."""
    return numbers.double().masked_fill(~removable, torch.inf).sort(-1).values.cumsum(-1)
