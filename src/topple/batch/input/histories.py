"""What is known of each user of a shard: the history, and what belongs to it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from topple.batch.input.sharding import read_shard
from topple.batch.storage import Folder
from topple.data.merging import Duplicates, Rows, merged
from topple.errors import DataError
from topple.inputs import json_of
from topple.records.history import History
from topple.types import IntArray, ItemId, UserId

BESIDE = ("shown", "candidates", "exclude")
"""Tables of items by user."""
REPEATED = "an item comes again in the rows of the user, and no weights tell how often: say what becomes of repeats (--duplicates)"


@dataclass(frozen=True)
class Known:
    """What is known of a user.

    Args:
        user: who.
        history: the items, with weights.
        beside: the list as it was shown, candidates, excluded items, and the context, where these are told by user.
        digest: a hash of all, by which a later run tells whether something changed.
        wrong: why the user cannot be asked about; nothing where that is possible.
    """

    user: UserId
    history: History
    beside: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""
    wrong: str = ""


def users_of(
    folder: Folder, where: str, number: int, users: str, duplicates: Duplicates | None, *, ordered: bool
) -> list[Known]:
    """Return what is known of the users of a shard, sorted by their ids.

    Args:
        folder: of the batch.
        where: the folder of the input in it.
        number: of the shard.
        users: what user ids are.
        duplicates: what becomes of rows that repeat a pair, as `topple.read_interactions` has it.
        ordered: whether the rows of a user, or those of equal times, are in the order of the events.

    Raises:
        DataError: files of different kinds.
    """
    events = read_shard(folder, f"{where}/events", number, users)
    if events is None:
        return []
    beside: dict[UserId, dict[str, Any]] = {}
    for name in BESIDE:
        table = read_shard(folder, f"{where}/{name}", number, users)
        if table is not None:
            for user, items in zip(*_grouped(table), strict=True):
                beside.setdefault(user, {})[name] = items
    contexts = read_shard(folder, f"{where}/contexts", number, users)
    if contexts is not None:
        for each in contexts.to_pylist():
            beside.setdefault(each["user"], {})["context"] = json_of(each["context"])
    found = []
    repeats_refused = duplicates == "error" or (duplicates is None and "weight" not in events.column_names)
    for user, history in histories_of(events, duplicates, ordered=ordered).items():
        told = beside.get(user, {})
        text = repr((tuple(history), history.weights, told))
        wrong = REPEATED if repeats_refused and len({*history}) < len(history) else ""
        found.append(Known(user, history, told, hashlib.blake2b(text.encode(), digest_size=12).hexdigest(), wrong))
    return found


def histories_of(events: pa.Table, duplicates: Duplicates | None, *, ordered: bool) -> dict[UserId, History]:
    """Return the history of each user, users sorted by their ids; the arguments are those of `users_of`.

    Args:
        events: columns user, item, and where there are such weight and time.
        duplicates: see there.
        ordered: see there.
    """
    users, user = _numbered(events.column("user"))
    items, item = _numbered(events.column("item"))
    weights, times = _numbers(events, "weight"), _numbers(events, "time")
    if times is None and ordered:
        times = np.arange(len(user), dtype=np.int64)
    rows = Rows(user * len(items) + item, None, weights, times)
    rows = rows if duplicates == "keep" else merged(rows, duplicates)
    user, item = rows.pairs // len(items), rows.pairs % len(items)
    level = np.arange(len(item)) if duplicates == "keep" or ordered else item  # what is level stands in this order
    order = np.lexsort((level, user) if rows.timestamps is None else (level, rows.timestamps, user))
    starts = np.searchsorted(user[order], np.arange(len(users) + 1)).tolist()
    ids = [*map(items.to_pylist().__getitem__, item[order].tolist())]
    weight = None if rows.weights is None else rows.weights[order]
    found: dict[UserId, History] = {}
    for number, name in enumerate(users.to_pylist()):
        part = slice(starts[number], starts[number + 1])
        told = () if weight is None or bool((weight[part] == 1).all()) else weight[part].tolist()
        found[name] = History(ids[part], told, ordered=times is not None)
    return found


def _numbered(column: pa.ChunkedArray) -> tuple[pa.Array, IntArray]:
    """Return the different ids, sorted, and the number of that of each row."""
    coded = pc.dictionary_encode(column.combine_chunks())
    order = pc.array_sort_indices(coded.dictionary)
    number = np.empty(len(order), dtype=np.int64)
    number[np.asarray(order)] = np.arange(len(order))
    return coded.dictionary.take(order), number[np.asarray(coded.indices)]


def _numbers(events: pa.Table, name: str) -> Any:
    """Return a column of numbers; None where there is none."""
    if name not in events.column_names:
        return None
    if events.column(name).null_count:
        raise DataError(
            f"some files of events have a column of the {name} and others have none. Give files of one kind."
        )
    return np.asarray(events.column(name).combine_chunks())


def _grouped(table: pa.Table) -> tuple[list[UserId], list[list[ItemId]]]:
    """Return users, and the items of each in the order that they come in."""
    found: dict[UserId, list[ItemId]] = {}
    for user, item in zip(table.column("user").to_pylist(), table.column("item").to_pylist(), strict=True):
        found.setdefault(user, []).append(item)
    return list(found), list(found.values())
