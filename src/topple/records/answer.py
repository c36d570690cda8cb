"""The records that travel through the house: Query, Explanation, Verdict. All frozen, all in outside ids."""

import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

from topple.types import ItemId, JsonObject, UserId, plain


class CandidateRule(StrEnum):
    """Which items compete for the list after a removal."""

    UNSEEN_BEFORE = "unseen_before"
    """Items outside the original history: a removed item cannot come back as a recommendation."""
    UNSEEN_AFTER = "unseen_after"
    """Items outside the changed history: a removed item may be recommended again (LCER's evaluation)."""


class Goal(StrEnum):
    """What a named set is to do."""

    NECESSARY = "necessary"
    """Without the set, the target leaves the list."""
    SUFFICIENT = "sufficient"
    """The set alone, as the whole history, keeps the target in the list."""
    BOTH = "both"
    """Both of these."""


class Status(StrEnum):
    """How a query ended."""

    FOUND = "found"
    """The explainer names a set; whether it is true is the proof's and the Verdict's to say."""
    NOT_FOUND = "not_found"
    BUDGET_SPENT = "budget_spent"
    IMPOSSIBLE = "impossible"
    """No set that the query allows does what its goal asks, and that is proven."""
    INVALID = "invalid"
    """The query could not be asked; the reason says why. Invalid queries are in no denominator."""


class Proof(StrEnum):
    """The strongest claim about a found set that was checked."""

    VALID = "valid"
    """Re-ranked with the full catalogue, and the set does what the query's goal asks."""
    MINIMAL = "minimal"
    """Valid, and no single item (or group) of it can be given back."""
    MINIMUM = "minimum"
    """Valid, and no smaller set exists; with costs, no cheaper one."""


class Removal(StrEnum):
    """What it means that items are removed."""

    INFERENCE = "inference"
    """The history is changed, and the model scores it as it is."""
    RETRAINED = "retrained"
    """The model is fitted anew without these interactions of the user."""


@dataclass(frozen=True, slots=True)
class Query:
    """One question: which items of `history` topple `target` out of the top `k`?

    numpy's ids and numbers become Python's own, and names of rules and goals the rules and goals.

    Args:
        history: the user's past items, outside ids, no repeats.
        target: the recommended item to topple; not in the history.
        k: length of the recommended list, at least 1.
        rule: which items compete after the removal.
        protected: items of the history that may not be named.
        seed: seed of the run; draws are keyed by it, the user (or the history) and the target.
        user: whose history it is, if known.
        goal: what the named set is to do.
        groups: items that are named together or not at all, such as the parts of a series; no item is in two groups.
        item_costs: what it costs to name an item, from 0.001 to 1000 with at most three decimals; 1 for an
            item that is not here. A mapping, or its
            pairs. With costs the cheapest set is looked for, without them the one with the fewest items.
        largest: most items of a set; None for no limit.
        sets: how many different smallest sets are wanted.
    """

    history: tuple[ItemId, ...]
    target: ItemId
    k: int = 5
    rule: CandidateRule = CandidateRule.UNSEEN_BEFORE
    protected: frozenset[ItemId] = frozenset()
    seed: int = 0
    user: UserId | None = None
    goal: Goal = Goal.NECESSARY
    groups: tuple[tuple[ItemId, ...], ...] = ()
    item_costs: tuple[tuple[ItemId, float], ...] = ()
    largest: int | None = None
    sets: int = 1

    def __post_init__(self) -> None:
        """Bring the fields to their types where that is plain; what cannot be brought is refused when it is asked."""
        put = partial(object.__setattr__, self)
        for name in ("target", "k", "seed", "user", "largest", "sets"):
            put(name, plain(getattr(self, name)))
        for name, kind in (("rule", CandidateRule), ("goal", Goal)):
            with suppress(TypeError, ValueError):
                put(name, kind(getattr(self, name)))
        costs = self.item_costs.items() if isinstance(self.item_costs, Mapping) else self.item_costs
        brought: dict[str, Callable[[], object]] = {
            "history": lambda: _ids(self.history),
            "protected": lambda: frozenset(_ids(self.protected)),
            "groups": lambda: tuple(_ids(group) for group in self.groups),
            "item_costs": lambda: tuple((plain(item), plain(cost)) for item, cost in costs),
        }
        for name, value in brought.items():
            with suppress(TypeError, ValueError):
                put(name, value())

    def item_cost(self, items: Iterable[ItemId]) -> float:
        """Return what it costs to name these items."""
        costs = dict(self.item_costs)
        return math.fsum(costs.get(item, 1) for item in items)


def _ids(ids: Iterable[ItemId]) -> tuple[ItemId, ...]:
    if isinstance(ids, str | bytes):
        raise TypeError(ids)
    return tuple(plain(item) for item in ids)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What an explainer answered to a query, after verification.

    `removed` is the named set; with the goal `sufficient` it is what was kept. With status `found` and no `proof` it is a
    set that re-ranking refuted. `rank_after` is the target's rank without the set, `rank_alone` with nothing but the set.
    `alternatives` are other sets of the same size (with costs, of the same cost), each re-ranked and true. Ranks are
    1-based; `cost` is in scored histories; `seconds` is the query's share of its batch's wall time.
    """

    query: Query
    status: Status
    removed: tuple[ItemId, ...] = ()
    replacements: tuple[ItemId, ...] = ()
    rank_before: int | None = None
    rank_after: int | None = None
    rank_alone: int | None = None
    alternatives: tuple[tuple[ItemId, ...], ...] = ()
    proof: Proof | None = None
    cost: int = 0
    seconds: float = 0.0
    method: str = ""
    settings: JsonObject = field(default_factory=dict)
    model: str = ""
    catalogue: str = ""
    reason: str = ""

    @property
    def valid(self) -> bool:
        """Whether a set was found and re-ranking without it confirms it."""
        return self.proof is not None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What re-ranking says of one named set, under one candidate rule.

    `necessary`: without the set, the target is not in the top k. `sufficient`: with the set as the whole history, it
    is. `minimal`: no single item (or group) of a valid set can be given back; None where that was not checked. A query with
    no set (`found` False) is carried along, so that no metric can lose it; its `rank_alone` is that of an empty history.

    `removal` names what was done. Retrained, `necessary`, `rank_after` and `replacements` are of the model fitted anew, in
    `seconds`; `sufficient` and `rank_alone` stay those of inference, and `minimal` is None, as each item given back would
    be another fit.
    """

    query: Query
    rule: CandidateRule
    found: bool
    size: int = 0
    rank_before: int | None = None
    rank_after: int | None = None
    rank_alone: int | None = None
    replacements: tuple[ItemId, ...] = ()
    necessary: bool = False
    sufficient: bool = False
    minimal: bool | None = None
    removal: Removal = Removal.INFERENCE
    seconds: float = 0.0

    @property
    def valid(self) -> bool:
        """Whether the set does what the query's goal asks."""
        goal = self.query.goal
        return (self.necessary or goal is Goal.SUFFICIENT) and (self.sufficient or goal is Goal.NECESSARY)
