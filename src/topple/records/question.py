"""The records of a question: what is asked of one history, in outside ids."""

import hashlib
import json
import math
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cache
from typing import Any, Self

from topple.records.columns import fields_of
from topple.records.history import History
from topple.records.telling.reprs import record_text
from topple.types import ItemId, UserId, plain, plain_ids


class CandidateRule(StrEnum):
    """Which items compete for the list after a removal."""

    UNSEEN_BEFORE = "unseen_before"
    """Items outside the original history: a removed item cannot come back as a recommendation."""
    UNSEEN_AFTER = "unseen_after"
    """Items outside the changed history: a removed item may be recommended again (LCER's evaluation)."""
    ALL = "all"
    """Every item, before and after: items of the history are recommended too, and may be the target."""


DEEPEST = 100
"""Levels of lists and objects in a context that is JSON; what reads files goes no deeper by far."""
UNSEEN = (CandidateRule.UNSEEN_BEFORE, CandidateRule.UNSEEN_AFTER)
"""The rules of lists that hold no item of the history; explanations are measured under each of them."""


class Goal(StrEnum):
    """What a named set is to do."""

    NECESSARY = "necessary"
    """Without the set, the target leaves the list."""
    SUFFICIENT = "sufficient"
    """The set alone, as the whole history, keeps the target in the list."""
    BOTH = "both"
    """Necessary and sufficient."""


class Repeats(StrEnum):
    """What is named where an item is in a history several times."""

    ITEM = "item"
    """The item, with all of its events."""
    EVENTS = "events"
    """Single events."""


class Unknown(StrEnum):
    """What becomes of ids that the catalogue does not hold, in histories, candidates and constraints."""

    REFUSE = "refuse"
    """They are refused: a history that holds one cannot be asked about."""
    DROP = "drop"
    """They are left out and counted, with the weights and times of the events; the answer says so."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Constraints:
    """What a query may ask of a set and of the list, for one query or for all queries of a run.

    Args:
        goal: what the named set is to do.
        protected: items of the history that may not be named.
        groups: items that are named together or not at all, such as the parts of a series; no item is in two groups.
        item_costs: what it costs to name an item, from 0.001 to 1000 with at most three decimals; 1 for an item that is not
            here. A mapping, or its pairs. With costs the cheapest set is looked for, without them the one with the fewest
            items.
        largest: most items of a set; None for no limit.
        sets: how many different smallest sets are wanted.
        candidates: the only items that may be listed (stock, region, age); None for the whole catalogue.
        exclude: items that may not be listed.
    """

    goal: Goal = Goal.NECESSARY
    protected: frozenset[ItemId] = frozenset()
    groups: tuple[tuple[ItemId, ...], ...] = ()
    item_costs: tuple[tuple[ItemId, float], ...] = ()
    largest: int | None = None
    sets: int = 1
    candidates: frozenset[ItemId] | None = None
    exclude: frozenset[ItemId] = frozenset()

    def __post_init__(self) -> None:
        """Convert the fields to their types where possible; a value that cannot be converted is refused when the query is asked."""
        record: Any = type(self)
        for name, default, converted in _conversions(record):
            value = getattr(self, name)
            if value is not default:
                with suppress(*_NOT_CONVERTED):
                    object.__setattr__(self, name, converted(value))

    def __repr__(self) -> str:
        return record_text(self)

    @classmethod
    def of(cls, **values: Any) -> Self:
        """Make the record from values of other types that can be converted: names, lists, mappings."""
        build: Callable[..., Self] = cls
        return build(**values)

    def item_cost(self, items: Iterable[ItemId]) -> float:
        """Return what it costs to name the items."""
        costs = dict(self.item_costs)
        return math.fsum(costs.get(item, 1) for item in items)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Request(Constraints):
    """What is known of a user, and what list is asked for; a Query asks about one target of the list.

    The history is a list of events: an item may come again.

    Args:
        history: the item of each event, outside ids, in the order of time where there is one.
        k: length of the recommended list, at least 1.
        rule: which items compete after the removal.
        seed: seed of the run; draws are keyed by it, the user (or the history) and the target.
        user: whose history it is, if known.
        weights: the weight of each event (plays, quantity, confidence, rating), above 0; empty: those that come with the history
            (`topple.History`), else 1 each.
        times: the time of each event, for models that use it; empty: none.
        context: what a wrapped model is told besides the history: JSON, or an object with a `key`.
        context_key: names the context in draws, fingerprints and files; made from the context where that is given.
        repeats: what is named where an item comes again.
        left_out: the items that the history was given with and that were left out of it, as the catalogue does not hold them.
    """

    history: tuple[ItemId, ...]
    k: int = 5
    rule: CandidateRule = CandidateRule.UNSEEN_BEFORE
    seed: int = 0
    user: UserId | None = None
    weights: tuple[float, ...] = ()
    times: tuple[float, ...] = ()
    context: Any = field(default=None, compare=False)
    context_key: str | None = None
    repeats: Repeats = Repeats.ITEM
    left_out: tuple[ItemId, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        """Take the weights of the history and the key of the context, and convert the fields as those of Constraints are."""
        with suppress(*_NOT_CONVERTED):
            if isinstance(self.history, History) and not len(self.weights):
                object.__setattr__(self, "weights", self.history.weights)
        with suppress(*_NOT_CONVERTED):
            if self.context is not None:
                object.__setattr__(self, "context_key", context_key(self.context))
        Constraints.__post_init__(self)

    @property
    def replayable(self) -> bool:
        """Whether the record, once stored, holds all that the answer depends on; a context without a key cannot be stored."""
        return self.context is None or self.context_key is not None

    @property
    def history_key(self) -> tuple[object, ...]:
        """What tells one history from another: queries with equal keys are about the same history, scored the same."""
        context = self.context_key if self.replayable else id(self.context)
        return (
            self.history, self.weights, self.times, context, self.repeats, self.rule, self.groups, self.candidates, self.exclude
        )  # fmt: skip

    @property
    def history_fingerprint(self) -> str:
        """A short hash of the events, their weights, times and context, that names the history in files."""
        text = repr((self.history, self.weights, self.times, self.context_key))
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True, repr=False)
class Query(Request):
    """One question: which items of `history` topple `target` out of the top `k`?

    Ids and numbers of numpy become values of Python, and names of rules and goals become rules and goals. The other fields are
    those of a Request and of Constraints, by name.

    Args:
        history: the item of each event, outside ids, in the order of time where there is one.
        target: the recommended item to topple; not in the history (under the rule `all` it may be). None in the record of a
            request that no list could be made for.
    """

    history: tuple[ItemId, ...] = field(kw_only=False)
    target: ItemId | None

    @classmethod
    def about(cls, target: ItemId | None, request: Request) -> "Query":
        """Ask about one target of a request; the fields of a request are of their types already."""
        query = cls.__new__(cls)
        for name, _, set_field in fields_of(cls):
            set_field(query, plain(target) if name == "target" else getattr(request, name))
        return query


class UntoldContext:
    """Stands, in a query that was read from a file, for a context without key, which no file can hold."""


def context_key(context: object) -> str | None:
    """Return the key of a context: that of the object, or the JSON text of the context; None where there is neither.

    What no file can hold, and what would be read back as something else, is no key: a text that is not UTF-8, JSON nested more than
    `DEEPEST` deep, and mappings by anything but texts.
    """
    key = getattr(context, "key", None)
    try:
        if isinstance(key, str | int):
            text = str(key)
        else:
            text = json.dumps(context, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
            if not _comes_back(context):
                return None
        text.encode()
    except (TypeError, ValueError, RecursionError):
        return None
    return text


def _comes_back(context: object) -> bool:
    """Return whether what JSON takes comes back from JSON as it was."""
    level = [context]
    for _ in range(DEEPEST):
        if any(not isinstance(key, str) for each in level if isinstance(each, dict) for key in each):
            return False
        level = [
            inner
            for each in level
            if isinstance(each, dict | list | tuple)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return not level


def id_set(ids: Iterable[ItemId]) -> frozenset[ItemId]:
    """Return a set of ids, the same object where it is one: a run shares one large set among all queries.

    Raises:
        TypeError: a text, or something that is no collection of ids.
    """
    return ids if isinstance(ids, frozenset) else frozenset(_ids(ids))


def _ids(ids: Iterable[ItemId]) -> tuple[ItemId, ...]:
    """Return ids as a tuple; a text is one id and no sequence of ids."""
    if isinstance(ids, str | bytes):
        raise TypeError(ids)
    return plain_ids(ids)


def _numbers(values: Iterable[Any]) -> tuple[float, ...]:
    """Return numbers as floats."""
    return tuple(map(float, values))


def _costs(costs: Any) -> tuple[tuple[ItemId, float], ...]:
    """Return the pairs of item and cost of a mapping, of a series of pandas, or of pairs."""
    pairs = costs.items() if hasattr(costs, "items") else costs
    return tuple((plain(item), plain(cost)) for item, cost in pairs)


_CONVERTED: dict[str, Callable[[Any], object]] = {
    "history": _ids,
    "target": plain,
    "k": plain,
    "rule": CandidateRule,
    "seed": plain,
    "user": plain,
    "weights": _numbers,
    "times": _numbers,
    "repeats": Repeats,
    "goal": Goal,
    "protected": lambda ids: frozenset(_ids(ids)),
    "groups": lambda groups: tuple(_ids(group) for group in groups),
    "item_costs": _costs,
    "largest": plain,
    "sets": plain,
    "candidates": id_set,
    "exclude": id_set,
}
"""By field, what makes a value of its type of a value of another type."""
_NOT_CONVERTED = (TypeError, ValueError, RecursionError)
"""What is raised for a value that cannot be converted."""


@cache
def _conversions(record: type[Any]) -> tuple[tuple[str, object, Callable[[Any], object]], ...]:
    """Return name, default and conversion of the fields of a record; a default is of its type already."""
    return tuple((each.name, each.default, _CONVERTED[each.name]) for each in fields(record) if each.name in _CONVERTED)
