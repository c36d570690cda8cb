"""What people write, as what the library takes: ids, costs and settings in text."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from topple.data.vocabulary import Vocabulary
from topple.errors import QueryError, SettingsError, shown
from topple.inputs import json_of, read_text
from topple.records.history import History
from topple.types import FilePath, Id


def ids_of(text: str, items: Vocabulary, *, known: bool = True) -> tuple[Id, ...]:
    """Return the ids of a text: separated by commas, or a JSON list where an id holds a comma itself.

    Args:
        text: what a person typed.
        items: the items that are known.
        known: whether ids that are not known are refused.

    Raises:
        QueryError: a JSON list that is none.
        UnknownIdError: an id that is not known.

    Example:
        >>> ids_of("50, 181", Vocabulary([50, 181]))
        (50, 181)
        >>> ids_of('["a, b"]', Vocabulary(["a, b"]))
        ('a, b',)
    """
    texts: list[Any] = [part.strip() for part in text.split(",") if part.strip()]
    if text.lstrip().startswith("["):
        try:
            texts = json_of(text)
        except ValueError as error:
            raise QueryError(
                f"{text!r} begins like a JSON list and is none: {error}. Write for example [1, 2]."
            ) from error
    return tuple(parsed(str(part), items, known=known) for part in texts)


def parsed(text: str, items: Vocabulary, *, known: bool = True) -> Id:
    """Return the id that a person typed; one that is not known is refused unless `known` is False.

    Raises:
        UnknownIdError: an id that is not known.
    """
    return items.parse(text) if known else items.typed(text)


def as_known(ids: Iterable[Id], items: Vocabulary) -> tuple[Id, ...]:
    """Return ids of a file as the known ones are written: integers where those are integers, else texts.

    Example:
        >>> as_known(["50", "new"], Vocabulary([50, 181])), as_known([7], Vocabulary(["7"]))
        ((50, 'new'), ('7',))
    """
    return tuple(items.typed(str(outside)) for outside in ids)


def history_of(text: str, weights: str | None, items: Vocabulary, *, known: bool = True) -> History:
    """Return the history of a text of ids, with the weights of a text of numbers; `known` is that of `ids_of`.

    Raises:
        QueryError: weights that are not one number above 0 an item.
        UnknownIdError: an id that is not known.

    Example:
        >>> history_of("50, 181", "3, 0.5", Vocabulary([50, 181])).weights
        (3.0, 0.5)
    """
    history = ids_of(text, items, known=known)
    try:
        numbers = [] if weights is None else [float(part) for part in weights.split(",")]
    except ValueError as error:
        raise QueryError(
            f"the weights {weights!r} are not numbers separated by commas. Write for example 3,1."
        ) from error
    if weights is not None and len(numbers) != len(history):
        raise QueryError(f"{len(numbers)} weights for a history of {len(history)} items. Give one an item, or none.")
    return History(history, numbers)


_UNREAD = 'the contexts {} cannot be read as JSON: {}. Write for example {{"region": "north"}}.'


def contexts_of(users: Iterable[Id], file: FilePath | None, text: str | None) -> dict[Id, Any] | None:
    """Return what a wrapped model is told of each user besides the history; None where nothing is given.

    Args:
        users: the ids of the users.
        file: a JSON file that holds one object: the id of each user, as text, and any JSON.
        text: JSON, for one user.

    Raises:
        QueryError: what is no JSON or no object, both given, or one context for several users.

    Example:
        >>> contexts_of([42], None, '{"region": "north"}')
        {42: {'region': 'north'}}
    """
    if file is None and text is None:
        return None
    known = list(users)
    if text is not None and file is not None:
        raise QueryError("--context is of one user, and --contexts of several. Give one of the two.")
    if text is not None and len(known) != 1:
        raise QueryError(
            f"--context is what the model is told of one user, and {len(known)} were chosen. Give --contexts FILE for several."
        )
    if file is None:
        return {known[0]: _read_json(str(text), str(text))}
    told = contexts_in(file)
    return {user: told[str(user)] for user in known if str(user) in told}


def contexts_in(file: FilePath) -> dict[str, Any]:
    """Return what a JSON file tells of users: the id of each, as text, and any JSON.

    Raises:
        QueryError: it cannot be read, or holds no object.
    """
    try:
        text = read_text(file)
    except (OSError, ValueError) as error:
        raise QueryError(_UNREAD.format(shown(str(file)), error)) from error
    told = _read_json(text, str(file))
    if not isinstance(told, dict):
        raise QueryError(
            f"{file} holds {type(told).__name__} and no object. Give one object: each user id and what the model is told, in JSON."
        )
    return told


def _read_json(text: str, name: str) -> Any:
    """Return what a text of JSON holds; `name` is how a message calls it."""
    try:
        return json_of(text)
    except ValueError as error:
        raise QueryError(_UNREAD.format(shown(name), error)) from error


def costs_of(pairs: Iterable[str], items: Vocabulary, *, known: bool = True) -> dict[Id, float]:
    """Return the costs of ITEM=COST texts; `known` is that of `ids_of`.

    Raises:
        QueryError: a text that is none.
        UnknownIdError: an id that is not known.

    Example:
        >>> costs_of(["50=2.5"], Vocabulary([50, 181]))
        {50: 2.5}
    """
    costs = {}
    for pair in pairs:
        item, equals, cost = pair.rpartition("=")
        try:
            number = float(cost) if equals else math.nan
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise QueryError(
                f"the item cost {pair!r} is not ITEM=COST. Write for example 50=2.5; a cost is a finite number."
            )
        costs[parsed(item.strip(), items, known=known)] = number
    return costs


def settings_of(pairs: Sequence[str] | None, **named: object) -> dict[str, object]:
    """Return the settings of key=value texts; named ones that are not None go before those of the same key.

    Raises:
        SettingsError: a text that is not key=value.

    Example:
        >>> settings_of(["epochs=50", "hidden=16"], epochs=3)
        {'epochs': 3, 'hidden': '16'}
    """
    values: dict[str, object] = {}
    for pair in pairs or ():
        key, equals, value = pair.partition("=")
        if not equals:
            raise SettingsError(f"the setting {pair!r} is not key=value. Write for example epochs=50.")
        values[key.strip()] = value.strip()
    return values | {name: value for name, value in named.items() if value is not None}
