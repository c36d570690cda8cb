"""The first pass: tables of any length become shards by user, so that all rows of a user meet, in memory that does not grow."""

import hashlib
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import ipc

from topple.batch.input.cells import WHOLE
from topple.batch.input.events import ASIDE, Part
from topple.batch.job import shard_name
from topple.batch.storage import Folder
from topple.errors import DataError
from topple.types import IntArray, JsonObject

ROWS = 100_000
"""Events of a shard, about: what a worker holds at once, and what is done again after a kill."""
MOST = 100_000
"""Shards at most."""
HELD = 1 << 22
"""Rows that are held until they are written."""
WHOLE_NUMBERS, TEXTS = "whole numbers", "texts"
"""What user ids are."""


def shards_for(rows: int) -> int:
    """Return how many shards to make of about so many events."""
    return max(1, min(MOST, round(rows / ROWS)))


def shard_of(users: pa.Array, shards: int) -> IntArray:
    """Return the shard of each user, by a hash of the id; a number and the text that is written like it go to the same one.

    Args:
        users: ids, int64 or texts.
        shards: how many there are.
    """
    coded = pc.dictionary_encode(users)
    texts = coded.dictionary.cast(pa.string()).to_pylist()
    hashed = np.fromiter(map(_hash, texts), dtype=np.uint64, count=len(texts))
    shard: IntArray = (hashed % np.uint64(shards)).astype(np.int64)
    found: IntArray = shard[coded.indices.to_numpy(zero_copy_only=False)]
    return found


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def write_events(
    folder: Folder, where: str, parts: Iterable[Part], shards: int, on_rows: Callable[[int], None] | None = None
) -> JsonObject:
    """Write events as shards, and what was set aside; return what the manifest tells of them.

    Args:
        folder: of the batch.
        where: the folder in it.
        parts: events.
        shards: how many shards.
        on_rows: called with how many more rows are read.

    Raises:
        DataError: there is no event at all.
    """
    counts, aside, whole = {"events": 0, "aside": 0}, [ASIDE.empty_table()], True

    def events() -> Iterator[pa.Table]:
        nonlocal whole
        for part in parts:
            counts["aside"] += part.aside.num_rows
            counts["events"] += part.events.num_rows
            aside.append(part.aside)
            whole = whole and _all_whole(part.events.column("user"))
            if on_rows is not None:
                on_rows(part.events.num_rows + part.aside.num_rows)
            yield part.events

    write_tables(folder, f"{where}/events", events(), shards)
    if not counts["events"]:
        why = aside[1].column("reason")[0].as_py() if counts["aside"] else "the tables are empty"
        raise DataError(
            f"there is no event to explain: {counts['aside']:,} rows were set aside, the first as {why}. Check the columns."
        )
    with folder.write(f"{where}/aside.parquet") as file:
        pq.write_table(pa.concat_tables(aside), file)
    return {"shards": shards, "users": WHOLE_NUMBERS if whole else TEXTS, **counts}


def write_tables(folder: Folder, where: str, tables: Iterable[pa.Table], shards: int) -> None:
    """Write tables with a column of users as shards."""
    held: dict[int, list[pa.Table]] = {}
    waiting, turn = 0, 0
    for table in tables:
        for number, part in _by_shard(table, shards):
            held.setdefault(number, []).append(part)
        waiting += table.num_rows
        if waiting >= HELD:
            _write(folder, where, held, turn)
            held, waiting, turn = {}, 0, turn + 1
    _write(folder, where, held, turn)


def _all_whole(users: pa.ChunkedArray) -> bool:
    """Return whether all ids are whole numbers, or are written like such."""
    if pa.types.is_integer(users.type) or not len(users):
        return True
    return bool(pc.all(pc.match_substring_regex(pc.unique(users), WHOLE)).as_py())


def _by_shard(table: pa.Table, shards: int) -> Iterator[tuple[int, pa.Table]]:
    """Yield the rows of each shard, in the order that they come in."""
    if not table.num_rows:
        return
    shard = shard_of(table.column("user").combine_chunks(), shards)
    order = np.argsort(shard, kind="stable")
    found, starts = np.unique(shard[order], return_index=True)
    rows = table.take(pa.array(order))
    for number, first, last in zip(found.tolist(), starts, [*starts[1:], len(order)], strict=True):
        yield number, rows.slice(first, last - first)


def _write(folder: Folder, where: str, held: dict[int, list[pa.Table]], turn: int) -> None:
    """Write what is held of each shard as one more file of it."""
    for number, tables in held.items():
        table = pa.concat_tables(tables, promote_options="permissive").combine_chunks()
        name = f"{where}/{shard_name(number)}/{turn:05d}.arrow"
        with folder.write(name) as file, ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)


def read_shard(folder: Folder, where: str, number: int, users: str) -> pa.Table | None:
    """Return the rows of a shard in the order that they came in; None where it has none.

    Args:
        folder: of the batch.
        where: the folder in it.
        number: of the shard.
        users: what user ids are: they are made so.
    """
    wanted = pa.int64() if users == WHOLE_NUMBERS else pa.string()
    tables = []
    for name in folder.names(f"{where}/{shard_name(number)}"):
        with folder.open(f"{where}/{shard_name(number)}/{name}") as file:
            table = ipc.open_file(pa.py_buffer(file.read())).read_all()
        tables.append(table.set_column(table.column_names.index("user"), "user", table.column("user").cast(wanted)))
    return pa.concat_tables(tables, promote_options="permissive") if tables else None
