"""Explanations of JSON objects: of what `to_dict` and `to_json` made, and of what the command line prints."""

from collections.abc import Mapping
from typing import Any

from topple.errors import DataError, shown
from topple.inputs import json_of
from topple.records.answer import Explanation
from topple.records.explanations import Explanations
from topple.records.fields import SCHEMA
from topple.records.io import OLDER, ItemLists, from_row
from topple.records.kinds import are_ids
from topple.types import Id

GIVE = "Give what to_dict or to_json returned, or what `topple explain --json` printed."


def json_told(text: Any) -> Any:
    """Return what a JSON text tells.

    Raises:
        DataError: it is no text, or no JSON.
    """
    try:
        return json_of(text)
    except (TypeError, ValueError) as error:
        raise DataError(f"{shown(text)} is no JSON text: {error}. {GIVE}") from error


def explanation_of(
    stored: Any, item_lists: ItemLists | None = None, titles: dict[Id, str] | None = None
) -> Explanation:
    """Return the explanation of a JSON object.

    Args:
        stored: what `Explanation.to_dict` returned.
        item_lists: lists that stand beside the object, by name.
        titles: those of other objects that are read with it.

    Raises:
        DataError: it is no explanation, or one of a schema that this version does not read.
    """
    if not isinstance(stored, Mapping) or "schema" not in stored:
        raise DataError(f"{shown(stored)} is no explanation: there is no schema in it. {GIVE}")
    if stored["schema"] not in (SCHEMA, OLDER):
        raise DataError(
            f"the explanation has schema {shown(stored['schema'])}; this version of topple reads {SCHEMA!r} and {OLDER!r}. Make it again."
        )
    lists = {**(item_lists or {}), **_lists_of(stored)}
    try:
        return from_row(dict(stored), lists, {} if titles is None else titles)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"the explanation does not fit the schema {SCHEMA}: {error!r}. {GIVE}") from error


def explanations_of(stored: Any) -> Explanations:
    """Return the explanations of a JSON object, or of a list of objects.

    Raises:
        DataError: it holds something else.
    """
    whole = stored if isinstance(stored, Mapping) else {"explanations": stored}
    if not isinstance(whole.get("explanations"), list):
        raise DataError(f"{shown(stored)} holds no list of explanations. {GIVE}")
    lists, titles = _lists_of(whole), dict[Id, str]()
    return Explanations(explanation_of(row, lists, titles) for row in whole["explanations"])


def _lists_of(stored: Mapping[str, Any]) -> ItemLists:
    """Return the item lists of an object, each made once for all queries that name it."""
    lists = stored.get("item_lists", {})
    if not isinstance(lists, Mapping) or not all(are_ids(ids) for ids in lists.values()):
        raise DataError(f"item_lists={shown(lists)} holds no lists of ids by name. {GIVE}")
    return {name: frozenset(ids) for name, ids in lists.items()}
