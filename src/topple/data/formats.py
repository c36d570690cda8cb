"""Files that are no tables with a header of plain names, as tables; and tables with lists in their cells."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from topple.data.vocabulary import typed_ids
from topple.errors import DataError
from topple.inputs import json_of, opened
from topple.types import FilePath

JSON_LINES = (".jsonl", ".ndjson")
ATOMIC = ".inter"
ATOMIC_IDS = ("user_id:token", "item_id:token")
"""The columns of ids in an atomic file."""
ADJACENCY = "adjacency"
ORDER = "order in the lists"
"""The column that holds in which order the items of lists came, from 0: that of a history that came as a list."""


def read_json_lines(path: Path) -> pa.Table:
    """Read a file with a JSON object a line: an interaction, or a user with a list of items or of objects.

    Raises:
        DataError: a line that is no JSON object; the message says which.
    """
    rows = []
    for number, line in enumerate(lines_of(path), start=1):
        if not line.strip():
            continue
        try:
            row = json_of(line)
        except ValueError as error:
            raise DataError(
                f"line {number} of {path} is no JSON: {str(error)[:120]}. Write one JSON object a line."
            ) from error
        if not isinstance(row, dict):
            raise DataError(
                f"line {number} of {path} is no JSON object: {line.strip():.60}. Write one JSON object a line."
            )
        rows.append(row)
    try:
        return pa.Table.from_pylist(rows)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        raise DataError(
            f"the objects of {path} have no common form: {str(error).splitlines()[0]:.120}. Give each field values of one kind."
        ) from error


def plainly_named(table: pa.Table) -> pa.Table:
    """Return an atomic file of RecBole without the types in its header: `user_id:token` is the column `user`."""
    plain = {name.partition(":")[0]: name.partition(":")[0].removesuffix("_id") for name in ATOMIC_IDS}
    names = [name.partition(":")[0] for name in table.column_names]
    return table.rename_columns([plain.get(name, name) for name in names])


def read_adjacency(path: Path, separator: str | None) -> pa.Table:
    """Read a file with a user and the items of the user a line, oldest first where there is an order.

    Args:
        path: the file.
        separator: between the ids; None for blanks and tabs.

    Raises:
        DataError: no line has an item.
    """
    pairs = [
        (user, item)
        for line in lines_of(path)
        for user, *items in [line.rstrip("\r\n").split(separator) or [""]]
        for item in items
        if item
    ]
    if not pairs:
        raise DataError(
            f"no line of {path} holds a user and an item: an adjacency list is `user item item ...`, a user a line."
        )
    users, items = (typed_ids(pa.chunked_array([column], pa.string())) for column in zip(*pairs, strict=True))
    return pa.table({"user": users, "item": items, ORDER: range(len(pairs))})


def exploded(frame: nw.DataFrame[Any], item: str, wanted: Sequence[str | None]) -> nw.DataFrame[Any]:
    """Return a frame with a row an interaction, of one whose cells hold lists.

    Lists of the column `item`, and lists of other columns that are as long, go side by side. Where no column is called `item`, a
    column of objects gives a column for each of their fields. The order is kept in one more column; columns that are neither
    lists nor wanted are left out.

    Raises:
        DataError: lists of different lengths in one row.
    """
    lists = [name for name in frame.columns if isinstance(name, str) and _holds_lists(frame[name])]
    if not lists:
        return frame
    try:
        table = pa.table({name: frame[name].to_arrow() for name in frame.columns if name in wanted or name in lists})
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise DataError(
            f"the lists hold values of several kinds: {str(error)[:120]}. Give each list values of one kind."
        ) from error
    objects = [name for name in lists if pa.types.is_struct(table.column(name).type.value_type)]
    chosen = item if item in lists else next(iter(objects), None)
    if chosen is None:
        return frame
    lengths = pc.list_value_length(table.column(chosen)).fill_null(0)
    parents = pc.list_parent_indices(table.column(chosen).combine_chunks())
    columns: dict[str, Any] = {}
    for name in table.column_names:
        values = table.column(name)
        if name not in lists:
            columns[name] = values.take(parents)
            continue
        as_long = pc.equal(pc.list_value_length(values).fill_null(0), lengths)
        if not pc.all(as_long).as_py():
            row = pc.index(as_long, False).as_py()
            raise DataError(
                f"row {row + 1}: the list of column {name!r} is not as long as the list of column {chosen!r}. Give one value an item."
            )
        values = pc.list_flatten(values).combine_chunks()
        if pa.types.is_struct(values.type):
            columns |= {field.name: pc.struct_field(values, field.name) for field in values.type}
        else:
            columns[name] = values
    columns[ORDER] = pa.array(range(len(parents)))
    flat: nw.DataFrame[Any] = nw.from_native(pa.table(columns))
    return flat


def _holds_lists(series: nw.Series[Any]) -> bool:
    """Return whether the cells of a column are lists, as far as the first that is there shows."""
    if series.dtype == nw.List:
        return True
    if series.dtype != nw.Object:
        return False
    first = next((value for value in series.to_list() if value is not None), None)
    return isinstance(first, list | tuple | np.ndarray)


def lines_of(path: FilePath, encoding: str = "utf-8") -> Iterator[str]:
    """Yield the lines of a text, compressed or not.

    Raises:
        DataError: it is not such a text.
    """
    try:
        with opened(path) or Path(path).open("rb") as file, io.TextIOWrapper(file, encoding=encoding) as text:
            yield from text
    except (OSError, EOFError, LookupError, ValueError) as error:
        named = "UTF-8" if encoding == "utf-8" else encoding
        raise DataError(f"{path} cannot be read as text in {named}: {str(error)[:120]}. Save it as UTF-8.") from error
