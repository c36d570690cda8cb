"""Kinds of stored fields: how a value of a record is written as JSON and as a column, and read back."""

import hashlib
import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

import pyarrow as pa

from topple.inputs import json_of
from topple.records.question import context_key
from topple.types import Id

INFINITE = {"infinity": math.inf, "-infinity": -math.inf}
"""JSON has no infinity: these texts stand for it. A column holds it as a number."""


@dataclass(frozen=True, slots=True)
class IdTypes:
    """The Arrow types of the ids of a file.

    Args:
        item: int64 or string.
        user: int64 or string.
    """

    item: pa.DataType
    user: pa.DataType


def as_it_is(value: Any) -> Any:
    """Return the value."""
    return value


@dataclass(frozen=True, slots=True)
class Kind:
    """How the fields of a kind are stored.

    Args:
        name: of the kind, for the documentation.
        column: the Arrow type, given the types of the ids of the file.
        to_json: from the value of a record to JSON.
        from_json: from JSON to the value of a record.
        to_column: from JSON to the value of a column.
        from_column: from the value of a column to JSON.
        accepts: whether a JSON value other than null is one of this kind.
    """

    name: str
    column: Callable[[IdTypes], pa.DataType]
    to_json: Callable[[Any], Any] = as_it_is
    from_json: Callable[[Any], Any] = as_it_is
    to_column: Callable[[Any], Any] = as_it_is
    from_column: Callable[[Any], Any] = as_it_is
    accepts: Callable[[Any], bool] = lambda value: True


def elements(value: Any) -> list[Any]:
    """Return the elements of a field of a query; none where the value is no sequence, in a query that could not be asked."""
    return list(value) if isinstance(value, tuple | frozenset) else []


@lru_cache(maxsize=8)  # a run shares few lists, which may be large
def list_fingerprint(ids: frozenset[Id]) -> str:
    """Return a short hash that names a set of ids, whatever their order."""
    told = json.dumps(in_order(ids), ensure_ascii=False, separators=(",", ":"))
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()


def in_order(ids: Iterable[Id]) -> list[Id]:
    """Return ids sorted: numbers by size, then texts."""
    return sorted(ids, key=lambda one: (0, one, "") if isinstance(one, int) else (1, 0, str(one)))


def fitting(value: Any, column: pa.DataType) -> Any:
    """Return what of a value a column can hold: None for a value of another type, a list without such elements.

    Only a query that could not be asked has such values.
    """
    if pa.types.is_list(column):
        found = [fitting(part, column.value_type) for part in value] if isinstance(value, list) else []
        return [part for part in found if part is not None]
    if pa.types.is_struct(column):
        inner = {part.name: fitting(value.get(part.name), part.type) for part in column}
        return None if None in inner.values() else inner
    kinds: dict[pa.DataType, tuple[type, ...]] = {pa.int64(): (int,), pa.float64(): (int, float), pa.bool_(): (bool,)}
    return value if type(value) in kinds.get(column, (str,)) else None


def _text_to_json(value: Any) -> str:
    return str(value.value if isinstance(value, Enum) else value)


def _number_to_json(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    number = float(value)
    if math.isnan(number):
        return None
    return number if math.isfinite(number) else next(text for text, bound in INFINITE.items() if bound == number)


def _number_from_json(value: Any) -> Any:
    return INFINITE.get(value, value) if isinstance(value, str) else value


def _numbers_to_json(value: Any) -> list[Any]:
    return [_number_to_json(part) for part in elements(value)] if value else []


def _numbers_from_json(value: Any) -> tuple[float, ...]:
    return tuple(math.nan if part is None else _number_from_json(part) for part in value)


def _costs_to_json(value: Any) -> list[Any]:
    return [{"item": pair[0], "cost": _number_to_json(pair[1])} for pair in elements(value) if len(elements(pair)) == 2]


def _list_name_to_json(value: Any) -> str | None:
    return list_fingerprint(value) if isinstance(value, frozenset) else None


def _name_of_any_to_json(value: Any) -> str | None:
    return _list_name_to_json(value) if value else None


def _context_to_json(value: Any) -> Any:
    """Return a context that is JSON; of an object with a key the key alone is stored, in another field."""
    told = None if hasattr(value, "key") else context_key(value)
    return None if told is None else json.loads(told)


def _numbers_from_column(value: Any) -> list[Any]:
    return [_number_to_json(part) for part in value]


def _to_json_text(value: Any) -> str | None:
    return None if value is None else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _from_json_text(value: Any) -> Any:
    return None if value is None else json_of(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_whole(value: Any) -> bool:
    return type(value) is int and -(2**63) <= value < 2**63


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) or (isinstance(value, str) and value in INFINITE)


def _is_id(value: Any) -> bool:
    return isinstance(value, str) or _is_whole(value)


def are_ids(value: Any) -> bool:
    """Return whether a JSON value is a list of ids."""
    return _are(_is_id)(value)


def _are(one: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Return whether a value is a list of such elements."""
    return lambda value: isinstance(value, list) and all(map(one, value))


def _is_priced(value: Any) -> bool:
    return isinstance(value, dict) and _is_id(value.get("item")) and _is_number(value.get("cost"))


TEXT = Kind("text", lambda ids: pa.string(), _text_to_json, accepts=_is_text)
WHOLE = Kind("whole number", lambda ids: pa.int64(), accepts=_is_whole)
WHOLES = Kind("whole numbers", lambda ids: pa.list_(pa.int64()), elements, tuple, accepts=_are(_is_whole))
NUMBER = Kind(
    "number",
    lambda ids: pa.float64(),
    _number_to_json,
    _number_from_json,
    _number_from_json,
    _number_to_json,
    _is_number,
)
NUMBERS = Kind(
    "numbers",
    lambda ids: pa.list_(pa.float64()),
    _numbers_to_json,
    _numbers_from_json,
    lambda value: [_number_from_json(part) for part in value],
    _numbers_from_column,
    _are(lambda one: one is None or _is_number(one)),
)
FLAG = Kind("true or false", lambda ids: pa.bool_(), accepts=lambda value: isinstance(value, bool))
USER = Kind("user id", lambda ids: ids.user, accepts=_is_id)
ITEM = Kind("item id", lambda ids: ids.item, accepts=_is_id)
ITEMS = Kind("item ids", lambda ids: pa.list_(ids.item), elements, tuple, accepts=are_ids)
ITEM_SET = Kind(
    "item ids",
    lambda ids: pa.list_(ids.item),
    lambda value: in_order(elements(value)),
    frozenset,
    accepts=are_ids,
)
ITEM_LISTS = Kind(
    "lists of item ids",
    lambda ids: pa.list_(pa.list_(ids.item)),
    lambda value: [elements(part) for part in elements(value)],
    lambda value: tuple(tuple(part) for part in value),
    accepts=_are(are_ids),
)
COSTS = Kind(
    "pairs of item and cost",
    lambda ids: pa.list_(pa.struct([("item", ids.item), ("cost", pa.float64())])),
    _costs_to_json,
    lambda value: tuple((pair["item"], pair["cost"]) for pair in value),
    accepts=_are(_is_priced),
)
LIST_NAME = Kind("name of an item list", lambda ids: pa.string(), _list_name_to_json, accepts=_is_text)
LIST_NAME_OF_ANY = Kind("name of an item list", lambda ids: pa.string(), _name_of_any_to_json, accepts=_is_text)
TEXTS = Kind("texts", lambda ids: pa.list_(pa.string()), accepts=_are(_is_text))
CONTEXT = Kind("JSON", lambda ids: pa.string(), _context_to_json, as_it_is, _to_json_text, _from_json_text)
OBJECT = Kind(
    "JSON object",
    lambda ids: pa.string(),
    dict,
    dict,
    _to_json_text,
    _from_json_text,
    lambda value: isinstance(value, dict),
)
