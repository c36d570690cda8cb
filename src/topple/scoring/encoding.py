"""Queries in outside ids to tensors; the questions that cannot be asked are refused here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from topple.data.vocabulary import Catalogue
from topple.errors import QueryError, UnknownIdError
from topple.randomness import derive_seed
from topple.records.question import UNSEEN, CandidateRule, Goal, Query
from topple.scoring.variations import HistoryBatch
from topple.types import ItemId

LEAST_COST, MOST_COST = 1e-3, 1e3
"""What an item may cost: a solver tells sums of such numbers apart."""
THOUSANDTHS = 1000
"""Costs are counted in whole thousandths, so that sums of costs are exact."""


@dataclass(frozen=True, eq=False)
class EncodedQueries:
    """N queries over B distinct histories, as indices.

    Args:
        queries: the N queries as they were asked.
        histories: the B histories, each once, padded to H.
        row: the history of each query [N].
        target: the target item of each query [N].
        k: the list length of each query [N].
        protected: places of the history that may not be named, bool [N, H].
        key: key of each query's draws [N].
        unit: the place that stands for each place's group, the first of it; the place itself outside groups [B, H].
        item_cost: what it costs to name each place, in thousandths, int64 [N, H].
        largest: most places of a set [N].
    """

    queries: tuple[Query, ...]
    histories: HistoryBatch
    row: Tensor
    target: Tensor
    k: Tensor
    protected: Tensor
    key: Tensor
    unit: Tensor
    item_cost: Tensor
    largest: Tensor

    def __len__(self) -> int:
        return len(self.queries)

    @property
    def removable(self) -> Tensor:
        """Places that hold an item that may be named, bool [N, H]; none of a group with a protected one."""
        unit = self.unit[self.row]
        stays = torch.zeros_like(unit).scatter_add(1, unit, self.protected.long()).gather(1, unit) > 0
        return self.histories.present[self.row] & ~stays

    def cost(self, sets: Tensor) -> Tensor:
        """Return what sets of places, bool [N, H], cost in thousandths, int64 [N]."""
        return (sets * self.item_cost).sum(-1)

    def select(self, places: Tensor) -> "EncodedQueries":
        """Return the chosen queries; the histories stay as they are."""
        queries = tuple(self.queries[place] for place in places.tolist())
        return replace(
            self,
            queries=queries,
            row=self.row[places],
            target=self.target[places],
            k=self.k[places],
            protected=self.protected[places],
            key=self.key[places],
            item_cost=self.item_cost[places],
            largest=self.largest[places],
        )

    def by_rule(self) -> dict[CandidateRule, Tensor]:
        """Return the places of the queries of each candidate rule."""
        alike = self.alike()
        return {rule: torch.cat([at for (its, _), at in alike.items() if its is rule]) for rule, _ in alike}

    def alike(self) -> dict[tuple[CandidateRule, Goal], Tensor]:
        """Return the places of the queries of each candidate rule and goal."""
        places: dict[tuple[CandidateRule, Goal], list[int]] = {}
        for place, query in enumerate(self.queries):
            places.setdefault((query.rule, query.goal), []).append(place)
        return {kind: torch.tensor(at, device=self.row.device) for kind, at in places.items()}


def check(query: Query, catalogue: Catalogue) -> None:
    """Refuse a query that cannot be asked of this catalogue.

    Raises:
        QueryError: a history or k that `check_history` refuses, an unknown rule or goal, an unknown target or one in the
            history, or constraints that do not fit the history.
    """
    if not isinstance(query.history, tuple):
        raise QueryError(f"history={query.history!r} is not a sequence of item ids. Give a tuple or a list of them.")
    check_history(query.history, query.k, catalogue)
    candidate_rule(query.rule)
    goal_of(query.goal)
    if not isinstance(query.seed, int) or not -(2**63) <= query.seed < 2**63:
        raise QueryError(f"seed={query.seed!r} is not an integer of 64 bits. Give another seed.")
    if query.target in query.history:
        raise QueryError(
            f"target_item={query.target!r} is in the history ({len(query.history)} items); only unseen items can be "
            "recommended. Choose one from recommend(history)."
        )
    try:
        catalogue.vocabulary.encode([query.target])
    except UnknownIdError as error:
        raise QueryError(f"target_item={query.target!r}: {error}") from error
    _check_constraints(query)


def check_shapes(query: Query) -> None:
    """Refuse constraints that `Query` could not bring to their types.

    Raises:
        QueryError: it could not.
    """
    costs, groups = query.item_costs, query.groups
    good = isinstance(costs, tuple) and all(isinstance(pair, tuple) and len(pair) == 2 for pair in costs)
    if not good or not isinstance(groups, tuple) or not all(isinstance(group, tuple) for group in groups):
        raise QueryError(
            f"groups={groups!r}, item_costs={costs!r}: groups are sequences of item ids, and costs a mapping of item ids to "
            "numbers. Give them so."
        )
    try:
        hash((groups, costs))
    except TypeError as error:
        raise QueryError(
            f"groups={groups!r}, item_costs={costs!r} hold something that is no item id. Give ids."
        ) from error
    if not isinstance(query.protected, frozenset):
        raise QueryError(f"protected={query.protected!r} is not a sequence of item ids. Give a list of them.")


def _check_constraints(query: Query) -> None:
    """Refuse constraints that do not fit the history."""
    check_shapes(query)
    grouped = [item for group in query.groups for item in group]
    named = {"protected": query.protected, "grouped": grouped, "priced": [item for item, _ in query.item_costs]}
    for what, items in named.items():
        stray = sorted(set(items) - set(query.history), key=repr)
        if stray:
            raise QueryError(
                f"{what} item {stray[0]!r} is not in the history. Constraints are about items of the history only."
            )
    if len(set(grouped)) < len(grouped):
        twice = next(item for item in grouped if grouped.count(item) > 1)
        raise QueryError(f"item {twice!r} is in two groups, or twice in one. Put each item into one group at most.")
    for item, cost in query.item_costs:
        if isinstance(cost, bool) or not isinstance(cost, int | float) or not LEAST_COST <= cost <= MOST_COST:
            raise QueryError(
                f"the cost of item {item!r} is {cost!r}; a cost is a number from {LEAST_COST:g} to {MOST_COST:g}. Give another."
            )
        if round(cost, 3) != cost:
            raise QueryError(
                f"the cost of item {item!r} is {cost!r}; a cost has at most three decimals, so that sums of costs are compared "
                "exactly. Round it, or name all costs in a larger unit."
            )
    if len(dict(query.item_costs)) < len(query.item_costs):
        raise QueryError(f"item_costs={query.item_costs!r} price an item twice. Give each item one cost.")
    for name, count in (("largest", query.largest), ("sets", query.sets)):
        if not (name == "largest" and count is None) and (type(count) is not int or count < 1):
            raise QueryError(f"{name}={count!r} is not a whole number of at least 1. Give another.")


def candidate_rule(rule: CandidateRule | str) -> CandidateRule:
    """Return the candidate rule of that name.

    Raises:
        QueryError: there is none.
    """
    try:
        found = CandidateRule(rule)
    except ValueError as error:
        raise QueryError(f"rule={rule!r} is not one of {', '.join(UNSEEN)}. Choose one of these.") from error
    if found not in UNSEEN:
        raise QueryError(f"rule={rule!r} is not asked yet. Choose one of {', '.join(UNSEEN)}.")
    return found


def goal_of(goal: Goal | str) -> Goal:
    """Return the goal of that name.

    Raises:
        QueryError: there is none.
    """
    try:
        return Goal(goal)
    except ValueError as error:
        raise QueryError(f"goal={goal!r} is not one of {', '.join(Goal)}. Choose one of these.") from error


def check_history(history: Sequence[ItemId], k: int, catalogue: Catalogue) -> None:
    """Refuse a history that nothing can be recommended for.

    Raises:
        QueryError: an empty history, items outside the catalogue, a repeated item, or a k that is not a whole number
            or that the candidates cannot fill with one to spare.
    """
    if not len(history):
        raise QueryError("the history is empty: there is nothing to remove. Give at least one item.")
    try:
        indices = catalogue.vocabulary.encode(list(history)).tolist()
    except UnknownIdError as error:
        raise QueryError(f"the history holds items outside the catalogue: {error} Leave them out.") from error
    if len(set(indices)) < len(indices):
        twice = next(item for place, item in enumerate(history) if indices[place] in indices[:place])
        raise QueryError(f"item {twice!r} stands twice in the history of {len(history)} items. Give each item once.")
    if not isinstance(k, int | np.integer) or isinstance(k, bool):
        raise QueryError(f"k={k!r} is not a whole number. Give the length of the list, such as 5.")
    candidates = len(catalogue) - len(history)
    if not 1 <= k < candidates:
        raise QueryError(
            f"k={k} with {candidates:,} candidates (catalogue {len(catalogue):,} less a history of {len(history)}): k must "
            "be at least 1 and below the candidates, or nothing could take the target's place. Choose another k."
        )


def encode(
    queries: Sequence[Query],
    catalogue: Catalogue,
    dtype: torch.dtype = torch.float64,
    device: torch.device | None = None,
) -> EncodedQueries:
    """Turn queries that passed `check` into tensors; equal histories are stored once."""
    order: dict[Any, int] = {}
    row = [order.setdefault((query.history, query.groups), len(order)) for query in queries]
    indices = [catalogue.vocabulary.encode(list(history)) for history, _ in order]
    histories = HistoryBatch.of([index.tolist() for index in indices], dtype, device)
    shape = len(queries), histories.items.shape[1]
    protected, item_cost = torch.zeros(shape, dtype=torch.bool), torch.full(shape, THOUSANDTHS)
    for place, query in enumerate(queries):
        if query.protected:
            stays = torch.tensor([item in query.protected for item in query.history])
            protected[place, : len(stays)] = stays
        if query.item_costs:
            costs = dict(query.item_costs)
            priced = [round(THOUSANDTHS * costs.get(item, 1)) for item in query.history]
            item_cost[place, : len(priced)] = torch.tensor(priced)
    return EncodedQueries(
        queries=tuple(queries),
        histories=histories,
        row=torch.tensor(row, dtype=torch.int64, device=device),
        target=torch.from_numpy(catalogue.vocabulary.encode([query.target for query in queries])).to(device),
        k=torch.tensor([query.k for query in queries], dtype=torch.int64, device=device),
        protected=protected.to(device),
        key=torch.tensor([draw_key(query) for query in queries], dtype=torch.int64, device=device),
        unit=_units(list(order), shape[1]).to(device),
        item_cost=item_cost.to(device),
        largest=torch.tensor([query.largest or len(query.history) for query in queries], device=device),
    )


def _units(asked: Sequence[tuple[tuple[ItemId, ...], tuple[tuple[ItemId, ...], ...]]], places: int) -> Tensor:
    """Return the place that stands for each place's group [B, H]."""
    unit = torch.arange(places).repeat(len(asked), 1)
    for row, (history, groups) in enumerate(asked):
        for group in groups:
            members = sorted(history.index(item) for item in group)
            unit[row, members] = members[0] if members else 0
    return unit


def draw_key(query: Query) -> int:
    """Return the key of a query's draws: from its seed, its user (without one, its history as a set) and its target."""
    who = query.user if query.user is not None else tuple(sorted(repr(item) for item in query.history))
    return derive_seed(query.seed, who, query.target)
