"""What is told by user, as tables."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from topple.data.vocabulary import Vocabulary
from topple.errors import DataError, DataNotFoundError
from topple.inputs import json_of, problem, read_text
from topple.records.as_json import as_json
from topple.types import ItemId, UserId


def lists_table(lists: Mapping[UserId, Sequence[ItemId]], items: Vocabulary) -> pa.Table:
    """Return items by user as a table with columns user, a text, and item, in order."""
    users = [str(user) for user, ids in lists.items() for _ in ids]
    return pa.table(
        {
            "user": pa.array(users, pa.string()),
            "item": pa.array([item for ids in lists.values() for item in ids], items.column.type),
        }
    )


def contexts_table(file: Path) -> pa.Table:
    """Return what a JSON file tells of users as a table with columns user and context, the JSON text.

    Raises:
        DataNotFoundError: no such file.
        DataError: it holds no object of JSON.
    """
    wrong = problem(file)
    if wrong:
        raise DataNotFoundError(f"{file} {wrong}. Give a JSON file of user id to what the model is told.")
    try:
        told = json_of(read_text(file))
    except ValueError as error:
        raise DataError(f"{file} is no JSON: {error}. Give an object of user id to what the model is told.") from error
    if not isinstance(told, dict):
        raise DataError(f"{file} holds no object of user id to what the model is told. Give one.")
    return pa.table(
        {"user": pa.array([*told], pa.string()), "context": pa.array(map(as_json, told.values()), pa.string())}
    )
