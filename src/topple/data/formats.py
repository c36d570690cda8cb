"""Files that are no tables with a header of plain names, as tables; and tables with lists in their cells."""

import codecs
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from topple.data.vocabulary import typed_ids
from topple.errors import DataError, need, shown
from topple.inputs import json_of, opened, refuse_large_packed
from topple.types import FilePath

JSON_LINES = (".jsonl", ".ndjson")
ATOMIC = ".inter"
ATOMIC_IDS = ("user_id:token", "item_id:token")
"""The columns of ids in an atomic file."""
ADJACENCY = "adjacency"
ORDER = "order in the lists"
"""The column that holds in which order the items of lists came, from 0: that of a history that came as a list."""


@dataclass(frozen=True, slots=True)
class TextTable:
    """How a text file is written.

    Args:
        separator: between the cells: one character, "tab", or None for a tab in .tsv and a comma elsewhere.
        header: whether the first line names the columns; else they are called 1, 2, 3, ...
        encoding: of the text.
        decimal: the decimal point of numbers.
    """

    separator: str | None = None
    header: bool = True
    encoding: str = "utf-8"
    decimal: str = "."

    def __post_init__(self) -> None:
        """Refuse what is no way to write a text.

        Raises:
            ArgumentError: a value of another type.
            DataError: an encoding that Python does not know, or that is none of texts.
        """
        for name in ("encoding", "decimal"):
            need(getattr(self, name), str, name, "a text")
        need(self.header, bool, "header", "True or False")
        need(self.separator, str | None, "separator", "a text, or nothing")
        try:
            io.TextIOWrapper(io.BytesIO(), encoding=self.encoding)  # knows which are of texts
            codecs.getdecoder(self.encoding)(pa.py_buffer(b""))  # and this which can be used by Arrow
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise DataError(
                f"encoding={shown(self.encoding)} is no encoding of texts. Choose one, such as utf-8, latin-1 or cp1252 (--encoding)."
            ) from error

    def delimiter(self, suffixes: Sequence[str]) -> str:
        """Return the separator of a file with these suffixes.

        Raises:
            DataError: a separator or a decimal point of more than one character.
        """
        named = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "space": " ", "pipe": "|"}
        chosen = self.separator or ("\t" if ".tsv" in suffixes or ATOMIC in suffixes else ",")
        chosen = named.get(chosen, chosen)
        for name, value in (("separator", chosen), ("decimal", self.decimal)):
            if len(value) != 1 or not value.isascii():
                raise DataError(
                    f"{name}={value!r:.60} must be one character of ASCII. Choose one, such as ';' or ',' (or 'tab' for a separator)."
                )
        return chosen


def read_json_lines(path: Path, encoding: str = "utf-8") -> pa.Table:
    """Read a file with a JSON object a line: an interaction, or a user with a list of items or of objects.

    Args:
        path: the file.
        encoding: of the text.

    Raises:
        DataError: a line that is no JSON object; the message says which.
    """
    rows = []
    for number, line in enumerate(lines_of(path, encoding), start=1):
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
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeError) as error:
        raise DataError(
            f"the objects of {path} have no common form: {str(error).splitlines()[0]:.120}. Give each field values of one kind."
        ) from error


def plainly_named(table: pa.Table) -> pa.Table:
    """Return an atomic file of RecBole without the types in its header: `user_id:token` is the column `user`."""
    plain = {name.partition(":")[0]: name.partition(":")[0].removesuffix("_id") for name in ATOMIC_IDS}
    names = [name.partition(":")[0] for name in table.column_names]
    return table.rename_columns([plain.get(name, name) for name in names])


def read_adjacency(path: Path, separator: str | None, encoding: str = "utf-8") -> pa.Table:
    """Read a file with a user and the items of the user a line, oldest first where there is an order.

    Args:
        path: the file.
        separator: between the ids; None for blanks and tabs.
        encoding: of the text.

    Raises:
        DataError: no line has an item.
    """
    pairs = [
        (user, item)
        for line in lines_of(path, encoding)
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
    named = "utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding  # spreadsheets write a mark first
    try:
        refuse_large_packed(path)
        with opened(path) or Path(path).open("rb") as file, io.TextIOWrapper(file, encoding=named) as text:
            yield from text
    except (OSError, EOFError, LookupError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read as text in {encoding.upper()}: {str(error)[:240]}. Save it as UTF-8, or say in which encoding it "
            "is (--encoding)."
        ) from error
