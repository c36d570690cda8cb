"""Requests and queries, which are in outside ids, as tensors of indices.

Requests become B distinct histories; queries point into them, each with a target of one history.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from topple.data.vocabulary import Catalogue
from topple.flags import any_of, indices_of
from topple.randomness import derive_seed
from topple.records.question import CandidateRule, Goal, Query, Repeats, Request
from topple.scoring.checks import allowed_items
from topple.scoring.variations import HistoryBatch
from topple.types import IntArray, ItemId

if TYPE_CHECKING:
    from topple.scoring.unchanged import UnchangedScores

THOUSANDTHS = 1000
"""Costs are counted in thousandths, so that sums are whole numbers and compared exactly."""


@dataclass(frozen=True, eq=False)
class EncodedHistories:
    """B distinct histories, as indices.

    Args:
        histories: the histories, padded to H.
        unit: the unit of each position [B, H], known by the first position of the unit. A unit is what is named together: the
            events of an item, or the items of a group.
        size: what each position counts in the size of a set [B, H]: 1, and 0 for a further event of the same item.
        history_of: by request or query that was given, which of the B histories is meant.
    """

    histories: HistoryBatch
    unit: Tensor
    size: Tensor
    history_of: list[int]


@dataclass(frozen=True, eq=False)
class EncodedQueries:
    """N queries over B distinct histories, as indices.

    Args:
        queries: the N queries as they were asked.
        histories: the B histories, each once, padded to H.
        row: the history of each query [N].
        target: the target item of each query [N].
        k: the list length of each query [N].
        protected: positions of the history that may not be named, bool [N, H].
        unit: the unit of each position [B, H], known by the first position of the unit.
        size: what each position counts in the size of a set [B, H].
        item_cost: what it costs to name each position, in thousandths, int64 [N, H]; 0 for a further event of the same item.
        largest: largest size of a set [N].
        unchanged: the scores of the unchanged histories, where they are known.
    """

    queries: tuple[Query, ...]
    histories: HistoryBatch
    row: Tensor
    target: Tensor
    k: Tensor
    protected: Tensor
    unit: Tensor
    size: Tensor
    item_cost: Tensor
    largest: Tensor
    unchanged: "UnchangedScores | None" = None

    def __len__(self) -> int:
        return len(self.queries)

    @cached_property
    def removable(self) -> Tensor:
        """Positions that may be named, bool [N, H]: they hold an event, and their unit has no protected position."""
        present = self.histories.present[self.row]
        if not any_of(self.protected).any():
            return present
        unit = self.unit[self.row]  # [N, H]
        stays = torch.zeros_like(unit).scatter_add(1, unit, self.protected.long()).gather(1, unit) > 0
        return present & ~stays

    @cached_property
    def priced(self) -> bool:
        """Whether any query has costs of its own."""
        return any(query.item_costs for query in self.queries)

    @cached_property
    def grouped(self) -> bool:
        """Whether any unit is more than one position."""
        return not bool((self.unit == torch.arange(self.unit.shape[1], device=self.unit.device)).all())

    def cost(self, sets: Tensor) -> Tensor:
        """Return what sets of positions, bool [N, H], cost in thousandths, int64 [N]."""
        number, position = indices_of(sets)
        return torch.zeros_like(self.row).index_add_(0, number, self.item_cost[number, position])

    def sizes(self, sets: Tensor) -> Tensor:
        """Return the sizes of sets of positions, bool [N, H], int64 [N]."""
        number, position = indices_of(sets)
        return torch.zeros_like(self.row).index_add_(0, number, self.size[self.row[number], position])

    def select(self, chosen: Tensor) -> "EncodedQueries":
        """Return the queries of the numbers `chosen` [Q], over the same B histories."""
        if torch.equal(chosen, torch.arange(len(self), device=chosen.device)):
            return self
        queries = tuple(self.queries[number] for number in chosen.tolist())
        by_query = ("row", "target", "k", "protected", "item_cost", "largest")
        return replace(self, queries=queries, **{name: getattr(self, name)[chosen] for name in by_query})

    def by_rule_and_goal(self) -> dict[tuple[CandidateRule, Goal], Tensor]:
        """Return the numbers of the queries of each candidate rule and goal."""
        numbers_of: dict[tuple[CandidateRule, Goal], list[int]] = {}
        for number, query in enumerate(self.queries):
            numbers_of.setdefault((query.rule, query.goal), []).append(number)
        return {kind: torch.tensor(numbers, device=self.row.device) for kind, numbers in numbers_of.items()}


def encode_histories(
    requests: Sequence[Request],
    catalogue: Catalogue,
    dtype: torch.dtype = torch.float64,
    device: torch.device | None = None,
    indices: Sequence[IntArray] | None = None,
) -> EncodedHistories:
    """Turn the histories of requests that passed `check_request` into tensors; equal histories are stored once.

    Args:
        requests: the requests (or queries).
        catalogue: the items.
        dtype: the precision that scores are computed in.
        device: of the model.
        indices: the item indices of each request, as `check_request` returned them; None: they are looked up.
    """
    order: dict[object, int] = {}
    history_of = [order.setdefault(request.history_key, len(order)) for request in requests]
    first: dict[int, int] = {}  # by history, the first request about it
    for number, row in enumerate(history_of):
        first.setdefault(row, number)
    distinct = [requests[number] for number in first.values()]
    encode_items = catalogue.vocabulary.encode
    items = (
        [encode_items(each.history) for each in distinct] if indices is None else [indices[n] for n in first.values()]
    )
    histories = HistoryBatch.of(
        [row.tolist() for row in items],
        dtype,
        device,
        weights=[request.weights for request in distinct],
        times=[request.times for request in distinct],
        contexts=[request.context for request in distinct],
        allowed=_filters(distinct, catalogue),
    )
    unit, size = _units(distinct, histories.items.shape[1])
    return EncodedHistories(histories, unit.to(device), size.to(device), history_of)


def encode(
    queries: Sequence[Query],
    catalogue: Catalogue,
    dtype: torch.dtype = torch.float64,
    device: torch.device | None = None,
    encoded: EncodedHistories | None = None,
) -> EncodedQueries:
    """Turn queries that passed `check` into tensors; equal histories are stored once.

    Args:
        queries: the queries.
        catalogue: the items.
        dtype: the precision that scores are computed in.
        device: of the model.
        encoded: the histories of these queries, where they are encoded already.
    """
    encoded = encode_histories(queries, catalogue, dtype, device) if encoded is None else encoded
    shape = len(queries), encoded.unit.shape[1]
    row, protected = _whole(encoded.history_of, device), np.zeros(shape, dtype=np.bool_)  # [N, H]
    item_cost = encoded.size[row] * THOUSANDTHS  # [N, H]
    for number, query in enumerate(queries):
        if query.protected:
            protected[number, : len(query.history)] = [item in query.protected for item in query.history]
        if query.item_costs:
            costs = dict(query.item_costs)
            cost = _whole([round(THOUSANDTHS * costs.get(item, 1)) for item in query.history], device)
            item_cost[number, : len(cost)] = cost * encoded.size[row[number], : len(cost)]
    return EncodedQueries(
        queries=tuple(queries),
        histories=encoded.histories,
        row=row,
        target=torch.from_numpy(catalogue.vocabulary.encode([query.target for query in queries])).to(device),
        k=_whole([query.k for query in queries], device),
        protected=torch.from_numpy(protected).to(device),
        unit=encoded.unit,
        size=encoded.size,
        item_cost=item_cost,
        largest=_whole([query.largest or len(query.history) for query in queries], device),
    )


def _whole(numbers: Sequence[int], device: torch.device | None) -> Tensor:
    """Return whole numbers as a tensor; that of an array is made in a third of the time."""
    return torch.from_numpy(np.array(numbers, dtype=np.int64)).to(device)


def _filters(requests: Sequence[Request], catalogue: Catalogue) -> tuple[Tensor, Tensor] | None:
    """Return the distinct filters, bool [F, I], and the filter of each request [B]; None where every item may be listed."""
    limits = [(request.candidates, request.exclude) for request in requests]
    if all(candidates is None and not exclude for candidates, exclude in limits):
        return None
    order: dict[object, int] = {}
    filter_of = [order.setdefault(limit, len(order)) for limit in limits]
    distinct = [limits[filter_of.index(number)] for number in range(len(order))]
    allowed = [allowed_items(catalogue.vocabulary, *limit) for limit in distinct]
    every = np.ones(len(catalogue), dtype=np.bool_)
    filters = np.stack([every if items is None else items for items in allowed])
    return torch.from_numpy(filters), torch.tensor(filter_of)


def _units(requests: Sequence[Request], length: int) -> tuple[Tensor, Tensor]:
    """Return `unit` and `size` of `EncodedHistories`, both [B, H]."""
    unit = np.tile(np.arange(length, dtype=np.int64), (len(requests), 1))
    size = np.ones_like(unit)
    for row, request in enumerate(requests):
        history = request.history
        if request.repeats is Repeats.ITEM and len(set(history)) < len(history):
            first = [history.index(item) for item in history]
            unit[row, : len(first)] = first
            size[row, : len(first)] = [position == start for position, start in enumerate(first)]
        for group in request.groups:
            members = [position for position, item in enumerate(history) if item in group]
            unit[row, members] = members[0] if members else 0
    return torch.from_numpy(unit), torch.from_numpy(size)


def draw_key(query: Query) -> int:
    """Return the key of a query's random draws: from the seed, the user (or else the history as a set), target and context."""
    who: object = query.user if query.user is not None else tuple(sorted(repr(item) for item in query.history))
    context: tuple[object, ...] = () if query.context_key is None else (query.context_key,)
    return derive_seed(query.seed, who, query.target, *context)


def positions_of(sets: Tensor) -> list[tuple[int, ...]]:
    """Return the positions of each set, bool [N, H]."""
    found: list[list[int]] = [[] for _ in range(len(sets))]
    numbers, positions = indices_of(sets)
    for number, position in zip(numbers.tolist(), positions.tolist(), strict=True):
        found[number].append(position)
    return list(map(tuple, found))


def sets_at(positions: Sequence[Sequence[int]], like: Tensor) -> Tensor:
    """Return the sets of these positions, bool [N, H], on the device of `like` [N, H]."""
    sets = np.zeros(like.shape, dtype=np.bool_)
    numbers = [number for number, several in enumerate(positions) for _ in several]
    sets[numbers, [position for several in positions for position in several]] = True
    return torch.from_numpy(sets).to(like.device)


def named_items(query: Query, positions: Sequence[int]) -> tuple[ItemId, ...]:
    """Return the items at the positions of a query's history, each once unless single events are named."""
    items = [query.history[position] for position in positions]
    return tuple(items if query.repeats is Repeats.EVENTS else dict.fromkeys(items))
