"""The lists that were shown, and what is told beside them, as people hold them: read once, refused once."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from topple.api import asking
from topple.data.splitting import Split
from topple.errors import ArgumentError, QueryError, UnknownIdError, as_list, is_list, need, shown
from topple.records.agreement import Shown
from topple.types import ItemId, UserHistories, UserId, plain


def records_of(
    lists: Mapping[UserId, Sequence[ItemId]] | Iterable[Shown],
    histories: UserHistories | Split | None,
    weights: Mapping[UserId | None, Any],
    contexts: Mapping[UserId, Any] | None,
) -> list[Shown]:
    """Return the shown lists with the history of each, and refuse lists that are none.

    Args:
        lists: user id to list, or records.
        histories: of the users, where the lists are no records.
        weights: of the events, by user.
        contexts: by user.

    Raises:
        QueryError: no list, a list that is none or names an item twice, or a user without a history.
    """
    if isinstance(lists, Mapping):
        told = _several(histories)
        records = []
        for user, given in lists.items():
            items: Any = given  # checked below
            of_user = numbers_of(weights.get(user, ()), "weights"), (contexts or {}).get(user)
            records.append(Shown(_history(user, told), items, plain(user), *of_user))
    else:
        records = as_list(lists, "shown", "a mapping of users to lists with histories=, or topple.Shown records")
    if not records:
        raise QueryError("no list was shown: there is nothing to compare. Give one list a user at least.")
    return [_checked(each) for each in records]


def by_user(values: Mapping[UserId, Any] | None, name: str) -> Mapping[UserId | None, Any]:
    """Return what is told of users, by user; nothing where it is None.

    Raises:
        ArgumentError: it is no mapping.
    """
    need(values, Mapping | None, name, "a mapping by user id")
    return {} if values is None else dict(values.items())


def ids_of(items: Iterable[ItemId], name: str) -> tuple[ItemId, ...]:
    """Return ids that are given together, in their order.

    Raises:
        ArgumentError: it is no list.
        QueryError: one of them is no id.
    """
    found = [plain(item) for item in as_list(items, name, "a list of item ids")]
    _refuse_others(found, name)
    return tuple(found)


def numbers_of(values: Iterable[float], name: str) -> tuple[float, ...]:
    """Return the numbers of a user.

    Raises:
        ArgumentError: they are none.
    """
    told = as_list(values, name, "a number for each event")
    try:
        return tuple(map(float, told))
    except (TypeError, ValueError, OverflowError) as error:
        raise ArgumentError(f"{name}: {shown(values)} are no numbers. Give a number for each event.") from error


def _checked(each: Any) -> Shown:
    """Return a record whose history and list are tuples of ids."""
    if not isinstance(each, Shown):
        raise QueryError(
            f"{shown(each)} is not a shown list. Give a mapping of users to lists with histories=, or topple.Shown records."
        )
    if not is_list(each.items):
        raise QueryError(
            f"the list shown to user {shown(each.user)} is {shown(each.items)}, no list of item ids. Give item ids, best first."
        )
    user = plain(each.user)
    if isinstance(user, bool) or not isinstance(user, str | int | None):
        raise QueryError(f"user={shown(user)} is no user id. Give a text, a whole number, or None.")
    items = tuple(plain(item) for item in each.items)
    _refuse_others(items, f"the list shown to user {shown(each.user)}")
    twice = [item for item, count in Counter(items).items() if count > 1]
    if twice or not items:
        what = f"holds {shown(twice[0])} more than once" if twice else "is empty"
        raise QueryError(f"the list shown to user {shown(each.user)} {what}. A list names each item once, best first.")
    history: Any = each.history
    if not isinstance(history, tuple) and is_list(history):
        history = tuple(plain(item) for item in history)  # a `History` is a tuple, and keeps its weights
    return Shown(history, items, user, each.weights, each.context)


def _refuse_others(items: Iterable[Any], name: str) -> None:
    """Refuse what is no id among items."""
    for item in items:
        if isinstance(item, bool) or not isinstance(item, str | int | np.integer):
            raise QueryError(f"{name}: {shown(item)} is no item id. Give texts or whole numbers.")


def _several(histories: UserHistories | Split | None) -> UserHistories | Split | None:
    """Return the histories of users as a mapping, or the split."""
    if histories is None or isinstance(histories, Split):
        return histories
    told, single = asking.by_user(histories)
    if single:
        raise QueryError(
            f"histories={shown(histories)} is one history, and lists of users were given. Give a mapping of users to histories."
        )
    return told


def _history(user: UserId, histories: UserHistories | Split | None) -> Any:
    """Return the history of a user."""
    if histories is None:
        raise QueryError(
            "the lists come without histories. Give histories=: a mapping of users to histories, or the split that they are of."
        )
    if isinstance(histories, Split):
        try:
            return histories.history(user)
        except UnknownIdError as error:
            raise QueryError(f"a list was shown to user {shown(user)}, who has no history: {error}") from error
    if plain(user) not in histories:
        raise QueryError(
            f"a list was shown to user {shown(user)}, who is not among the {len(histories):,} users with a history. Add the history, "
            "or leave the list out."
        )
    return histories[plain(user)]
