"""What is told by user, as tables."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from topple.data.vocabulary import Vocabulary
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


def contexts_table(contexts: Mapping[str, Any]) -> pa.Table:
    """Return what is told of users as a table with columns user and context, the JSON text."""
    texts = pa.array(map(as_json, contexts.values()), pa.string())
    return pa.table({"user": pa.array([*contexts], pa.string()), "context": texts})
