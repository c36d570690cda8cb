"""What a run may list, for all users or for each, and what becomes of ids that the catalogue does not hold."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from typing import Any, TypeAlias, TypeVar

from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import QueryError, counted, is_list, shown
from topple.records.history import History
from topple.records.question import Query, Request, Unknown, id_set
from topple.types import ItemId, UserId, plain

logger = logging.getLogger(__name__)

Limit: TypeAlias = Iterable[ItemId] | Mapping[UserId, Iterable[ItemId]]
"""Items that may be listed, or may not: for all users, or user id to the items of that user."""
_Asked = TypeVar("_Asked", bound=Request)
LIMITS = ("candidates", "exclude")
"""The names of the limits."""
WORDS = {"candidates": "candidates", "exclude": "excluded items", "protected": "protected items", "groups": "groups",
         "item_costs": "item costs"}  # fmt: skip
"""How constraints on items are called in messages."""
NAMED = 3
"""Ids that a message names at most."""


@dataclass(eq=False)
class LeftOut:
    """Ids that the catalogue does not hold and that were left out of a run, counted by where they stood.

    Args:
        vocabulary: the items of the catalogue.
        events: how many events of histories were left out, by item.
        histories: of how many histories.
        constraints: the ids that were left out of candidates, excluded items and constraints, by name.
    """

    vocabulary: Vocabulary
    events: dict[ItemId, int] = field(default_factory=dict)
    histories: int = 0
    constraints: dict[str, set[ItemId]] = field(default_factory=dict)

    def request(self, request: _Asked) -> _Asked:
        """Return a request, or a query, without the events of unknown items, and without their weights and times."""
        history = request.history
        if not isinstance(history, tuple) or self.vocabulary.holds(history):
            return request
        weights, times = request.weights, request.times
        if any(not isinstance(values, tuple) or len(values) not in (0, len(history)) for values in (weights, times)):
            return request  # to be refused as it was given
        stays = [item in self.vocabulary or not is_id(item) for item in history]
        gone = tuple(item for item, known in zip(history, stays, strict=True) if not known)
        for item in gone:
            self.events[item] = self.events.get(item, 0) + 1
        self.histories += bool(gone)
        return replace(
            request,
            history=tuple(compress(history, stays)),
            weights=tuple(compress(weights, stays)),
            times=tuple(compress(times, stays)),
            left_out=(*request.left_out, *gone),
        )

    def history(self, history: Any) -> Any:
        """Return a history without the events of unknown items, with the weights of the others; what is no history as it is."""
        request = Request.of(history=history)
        known = self.request(request)
        ordered = getattr(history, "ordered", True)
        return history if known is request else History(known.history, known.weights, ordered=ordered)

    def items(self, name: str, items: Any) -> Any:
        """Return the items of a constraint without those that are unknown; what is no collection of ids as it is."""
        if not (is_list(items) or isinstance(items, Mapping)):
            return items
        given = [plain(item) for item in items]
        known = [item for item in given if item in self.vocabulary or not is_id(item)]
        if len(known) < len(given):
            self.constraints.setdefault(name, set()).update({*filter(is_id, given)} - {*filter(is_id, known)})
        return known

    def sentences(self) -> list[str]:
        """Say what was left out, a sentence for histories and one for each constraint; none where nothing was."""
        told = []
        if self.events:
            events = counted(sum(self.events.values()), "event")
            histories = counted(self.histories, "history", "histories")
            told.append(f"{events} of {histories} left out: the catalogue does not hold {_named(self.events)}")
        told += [
            f"{counted(len(items), 'id')} of {WORDS[name]} left out: the catalogue does not hold {_named(items)}"
            for name, items in self.constraints.items()
        ]
        return told

    def as_json(self) -> dict[str, Any]:
        """Return the counts as JSON."""
        return {
            "events": sum(self.events.values()),
            "histories": self.histories,
            "constraints": {name: len(items) for name, items in self.constraints.items()},
        }

    def log(self) -> None:
        """Say through logging what was left out."""
        for told in self.sentences():
            logger.warning("%s", told)


def _named(items: Iterable[ItemId]) -> str:
    found = list(items)
    more = f" and {len(found) - NAMED:,} more" if len(found) > NAMED else ""
    return ", ".join(map(shown, found[:NAMED])) + more


def is_id(value: object) -> bool:
    """Return whether a value may be an id: a text or a whole number."""
    return isinstance(value, str | int) and not isinstance(value, bool)


def leaving_out(unknown: Unknown | str | LeftOut, vocabulary: Vocabulary) -> LeftOut | None:
    """Return what leaves unknown ids out and counts them, a new one or that which is given; None where they are refused.

    Raises:
        QueryError: neither "refuse" nor "drop".
    """
    if isinstance(unknown, LeftOut):
        return unknown
    if not isinstance(unknown, str) or unknown not in [*Unknown]:
        raise QueryError(f"unknown={shown(unknown)} is not one of {', '.join(Unknown)}. Choose one of these.")
    return LeftOut(vocabulary) if unknown == Unknown.DROP else None


def without_unknown(constraints: Mapping[str, Any], left_out: LeftOut) -> dict[str, Any]:
    """Return constraints, by name, without unknown ids; candidates and excluded items of each user are mappings.

    Raises:
        QueryError: no candidate of all users is known.
    """
    found = dict(constraints)
    for name in ("protected", "candidates", "exclude"):
        given: Any = found.get(name)
        if is_by_user(given):
            found[name] = {user: left_out.items(name, items) for user, items in given.items()}
        elif given is not None:
            found[name] = left_out.items(name, given)
    if isinstance(found.get("candidates"), list) and not found["candidates"] and left_out.constraints.get("candidates"):
        gone = left_out.constraints["candidates"]
        raise QueryError(
            f"candidates: the catalogue holds none of the {len(gone):,} ids, such as {_named(gone)}. Check whether the ids are those "
            "of the model, and whether they are numbers or texts."
        )
    groups, costs = found.get("groups", ()), found.get("item_costs", ())
    if groups and isinstance(groups, Sequence) and not isinstance(groups, str):
        found["groups"] = [left_out.items("groups", group) for group in groups]
    pairs = list(costs.items() if hasattr(costs, "items") else costs)  # a series of pandas too
    if pairs and all(isinstance(pair, tuple) and len(pair) == 2 for pair in pairs):
        known = set(left_out.items("item_costs", [item for item, _ in pairs]))
        found["item_costs"] = tuple((item, cost) for item, cost in pairs if plain(item) in known)
    return found


@dataclass(frozen=True, eq=False)
class Asked:
    """What a run asks, without unknown ids where these are left out.

    Args:
        of_all: fields of all requests, limits by user not among them.
        by_user: the limits of each user, by name.
        left_out: what leaves unknown ids out; None where they are refused.
        counted: whether the caller says what was left out.
    """

    of_all: dict[str, Any]
    by_user: dict[str, dict[UserId, Any]]
    left_out: LeftOut | None
    counted: bool

    @classmethod
    def of(
        cls,
        catalogue: Catalogue,
        unknown: Unknown | str | LeftOut,
        asked: Mapping[str, Any],
        users: Iterable[UserId],
        *,
        known_users: bool,
    ) -> "Asked":
        """Prepare what is asked about users.

        Args:
            catalogue: the items.
            unknown: whether unknown ids are refused or left out, which `tell` says; or what counts those that are left out.
            asked: the fields that all requests share, of which candidates and excluded items may be by user.
            users: who is asked about.
            known_users: whether the users have ids; False for one history of nobody's.
        """
        left_out = leaving_out(unknown, catalogue.vocabulary)
        of_all = dict(asked) if left_out is None else without_unknown(asked, left_out)
        by_user = limits_by_user(of_all, users, known_users=known_users)
        of_all = {name: value for name, value in of_all.items() if name not in by_user}
        return cls(of_all, by_user, left_out, left_out is unknown)

    def request(self, who: UserId | None, /, **fields: Any) -> Request:
        """Return the request with more fields, and with the limits of a user, None for nobody."""
        limits = {} if who is None else {name: items[who] for name, items in self.by_user.items()}
        request = Request.of(**self.of_all | fields | limits)
        return request if self.left_out is None else self.left_out.request(request)

    def tell(self) -> None:
        """Say through logging what was left out, unless the caller says it."""
        if self.left_out is not None and not self.counted:
            self.left_out.log()


def one_request(catalogue: Catalogue, unknown: Unknown | str | LeftOut, **asked: Any) -> Request:
    """Return the request about one history of nobody's; arguments as of `Asked.of`."""
    prepared = Asked.of(catalogue, unknown, asked, (), known_users=False)
    request = prepared.request(None)
    prepared.tell()
    return request


def known_queries(queries: Iterable[Query], catalogue: Catalogue, unknown: Unknown | str) -> Iterable[Query]:
    """Return queries as they are, or without unknown ids in histories and constraints, one after the other.

    Raises:
        QueryError: neither "refuse" nor "drop".
    """
    left_out = leaving_out(unknown, catalogue.vocabulary)
    return queries if left_out is None else _known(queries, left_out)


def _known(queries: Iterable[Query], left_out: LeftOut) -> Iterator[Query]:
    of_set: dict[Any, dict[str, Any]] = {}  # a run shares few constraints among all queries
    for query in queries:
        constraints = {name: getattr(query, name) for name in WORDS}
        try:
            key = tuple(constraints.values())
            known = of_set[key] if key in of_set else of_set.setdefault(key, without_unknown(constraints, left_out))
        except TypeError:  # something that is no id: the check of the query says so
            known = constraints
        yield left_out.request(replace(query, **known))
    left_out.log()


def is_by_user(given: Any) -> bool:
    """Return whether items are given by user: a mapping, or a series of pandas whose values are lists."""
    if isinstance(given, Mapping):
        return True
    first = next(iter(given), None) if hasattr(given, "to_dict") else None
    return isinstance(first, Iterable) and not isinstance(first, str | bytes)


def limits_by_user(
    asked: Mapping[str, Any], users: Iterable[UserId], *, known_users: bool
) -> dict[str, dict[UserId, Any]]:
    """Return the limits that are given for each user, by name; those for all users are not among them.

    Equal lists of several users become one set, so that they are checked and encoded once. A user for whom nothing is excluded
    may be missing; candidates are given for each.

    Args:
        asked: `candidates` and `exclude`, each the items of all users, or user id to items.
        users: who is asked about.
        known_users: whether the users have ids; False for one history of nobody's.

    Raises:
        QueryError: items by user for a history of nobody's, or candidates for only a part of the users.
    """
    found: dict[str, dict[UserId, Any]] = {}
    for name in LIMITS:
        given = asked.get(name)
        if not is_by_user(given):
            continue
        if not known_users:
            who = "the history that is asked about is nobody's"
            raise QueryError(
                f"{name}: the items are given by user, and {who}. Give one list of item ids, or name a user."
            )
        one: dict[frozenset[ItemId], frozenset[ItemId]] = {}
        by_user = {plain(user): _shared(items, one) for user, items in given.items()}  # type: ignore[union-attr]
        missing = [user for user in users if user not in by_user]
        if missing and name == "candidates":
            raise QueryError(
                f"candidates are given for {counted(len(by_user), 'user')}, and there are none for {len(missing):,} of those asked about, "
                f"such as {shown(missing[0])}: what may be listed for them is not known. Give the candidates of each user, or ask "
                "about fewer users."
            )
        found[name] = by_user | dict.fromkeys(missing, frozenset())
    return found


def _shared(items: Any, one: dict[frozenset[ItemId], frozenset[ItemId]]) -> Any:
    """Return the items of a user as a set, the same object for equal ones; what is no collection of ids as it is."""
    try:
        found = id_set(items)
    except TypeError:  # the check of the request says so
        return items
    return one.setdefault(found, found)
