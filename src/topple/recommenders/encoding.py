"""Queries in outside ids to tensors; the questions that cannot be asked are refused here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from topple.data.vocabulary import Catalogue
from topple.errors import QueryError, UnknownIdError
from topple.explanation import CandidateRule, Query
from topple.randomness import derive_seed
from topple.recommenders.what_if import HistoryBatch
from topple.types import ItemId

_Value = TypeVar("_Value")


@dataclass(frozen=True, eq=False)
class EncodedQueries:
    """N queries over B distinct histories, as indices.

    Args:
        queries: the N queries as they were asked.
        histories: the B histories, each once, padded to H.
        row: the history of each query [N].
        target: the target item of each query [N].
        k: the list length of each query [N].
        protected: places of the history that must stay, bool [N, H].
        key: key of each query's draws [N].
    """

    queries: tuple[Query, ...]
    histories: HistoryBatch
    row: Tensor
    target: Tensor
    k: Tensor
    protected: Tensor
    key: Tensor

    def __len__(self) -> int:
        return len(self.queries)

    @property
    def removable(self) -> Tensor:
        """Places that hold an item that may be removed, bool [N, H]."""
        return self.histories.present[self.row] & ~self.protected

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
        )

    def by_rule(self) -> dict[CandidateRule, Tensor]:
        """Return the places of the queries of each candidate rule."""
        asked = [candidate_rule(query.rule) for query in self.queries]
        return {
            rule: torch.tensor([place for place, its in enumerate(asked) if its is rule], device=self.row.device)
            for rule in dict.fromkeys(asked)
        }


def check(query: Query, catalogue: Catalogue) -> None:
    """Refuse a query that cannot be asked of this catalogue.

    Raises:
        QueryError: a history or k that `check_history` refuses, an unknown rule, an unknown target or one in the history,
            or protected items that are not in the history.
    """
    check_history(query.history, query.k, catalogue)
    candidate_rule(query.rule)
    if not isinstance(query.seed, int | np.integer) or not -(2**63) <= query.seed < 2**63:
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
    stray = sorted(set(query.protected) - set(query.history), key=repr)
    if stray:
        raise QueryError(f"protected item {stray[0]!r} is not in the history. Protect items of the history only.")


def candidate_rule(rule: CandidateRule | str) -> CandidateRule:
    """Return the candidate rule of that name.

    Raises:
        QueryError: there is none.
    """
    try:
        return CandidateRule(rule)
    except ValueError as error:
        raise QueryError(f"rule={rule!r} is not one of {', '.join(CandidateRule)}. Choose one of these.") from error


def plain(value: _Value) -> _Value:
    """Return an id or a number as Python's own, where it is one of numpy's."""
    return value.item() if isinstance(value, np.generic) else value


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
    order: dict[tuple[object, ...], int] = {}
    row = [order.setdefault(tuple(query.history), len(order)) for query in queries]
    indices = [catalogue.vocabulary.encode(list(history)) for history in order]
    histories = HistoryBatch.of([index.tolist() for index in indices], dtype, device)
    protected = torch.zeros(len(queries), histories.items.shape[1], dtype=torch.bool)
    for place, query in enumerate(queries):
        if query.protected:
            stays = torch.tensor([item in query.protected for item in query.history])
            protected[place, : len(stays)] = stays
    return EncodedQueries(
        queries=tuple(queries),
        histories=histories,
        row=torch.tensor(row, dtype=torch.int64, device=device),
        target=torch.from_numpy(catalogue.vocabulary.encode([query.target for query in queries])).to(device),
        k=torch.tensor([query.k for query in queries], dtype=torch.int64, device=device),
        protected=protected.to(device),
        key=torch.tensor([draw_key(query) for query in queries], dtype=torch.int64, device=device),
    )


def draw_key(query: Query) -> int:
    """Return the key of a query's draws: from its seed, its user (without one, its history as a set) and its target."""
    who = query.user if query.user is not None else tuple(sorted(repr(plain(item)) for item in query.history))
    return derive_seed(query.seed, who, query.target)
