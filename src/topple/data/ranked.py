"""Lists that were shown, histories, and items that may be listed, from tables with one row an item or an event."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from narwhals import Series

from topple.data.formats import ATOMIC, JSON_LINES, TextTable, lines_of
from topple.data.rows.names import ITEMS, by_number, id_columns, plain_column, say_taken
from topple.data.tables import (
    column_of,
    frame_of,
    missing_column,
    moments,
    numbers_of,
    read_table,
    weights_of,
)
from topple.data.vocabulary import id_column, typed_ids
from topple.errors import DataError, DataNotFoundError
from topple.inputs import path_of, problem
from topple.types import FilePath, FloatArray, ItemId, TimeArray, UserId


def read_lists(
    source: FilePath | Any, *, user: str = "user", item: str = "item", rank: str = "rank", text: TextTable | None = None
) -> dict[UserId, tuple[ItemId, ...]]:
    """Read lists that were shown: user to items, best first.

    Args:
        source: a path (CSV, TSV, their .gz or .bz2, Parquet) or a pandas, polars or pyarrow frame.
        user: column of user ids.
        item: column of item ids.
        rank: column of ranks, 1 for the best; without such a column the rows of a user are in order, best first.
        text: how a text file is written; None: a header, commas (tabs in .tsv), UTF-8.

    Raises:
        DataNotFoundError: no such file.
        DataError: no table, a missing column or id, a rank that is not a number, or two items of a user at one rank.

    Example:
        >>> import pyarrow as pa
        >>> read_lists(pa.table({"user": ["ann", "ann"], "item": ["jaws", "alien"], "rank": [2, 1]}))
        {'ann': ('alien', 'jaws')}
    """
    rows = _Rows(source, user, item, text)
    ranks = rows.ranks(rank) if rank in rows.frame.columns else None
    if ranks is not None:
        for who, at in rows.of_users.items():
            found, counts = np.unique(ranks[at], return_counts=True)
            if (counts > 1).any():
                raise DataError(
                    f"user {who!r} has {int(counts.max())} items at rank {found[counts.argmax()]:g}. Each rank of a list holds one "
                    "item; correct the column of ranks, or leave it out: then the order of the rows counts."
                )
    return rows.sequences(rows.items, ranks)


def read_histories(
    source: FilePath | Any,
    *,
    user: str = "user",
    item: str = "item",
    weight: str | None = None,
    timestamp: str | None = None,
    day_first: bool | None = None,
    text: TextTable | None = None,
) -> tuple[dict[UserId, tuple[ItemId, ...]], dict[UserId, tuple[float, ...]]]:
    """Read histories, one row an event, and the weight of each event; an item may come again.

    Args:
        source: a path or a frame, as for `read_lists`.
        user: column of user ids.
        item: column of item ids.
        weight: column of weights, above 0; None: there are none.
        timestamp: column of times; None: the rows of a user are in order, oldest first.
        day_first: whether 03/04/2025 is the third of April; None: what the dates show.
        text: how a text file is written.

    Returns:
        user to items, oldest first, and user to weights; no weights without such a column.

    Raises:
        DataNotFoundError: no such file.
        DataError: no table, a missing column or id, or a weight or time that is none.
    """
    rows = _Rows(source, user, item, text)
    times = None if timestamp is None else rows.moments(timestamp, day_first)
    if weight is None:
        return rows.sequences(rows.items, times), {}
    weights = rows.weights(weight)
    return rows.sequences(rows.items, times), rows.sequences(weights.tolist(), times)


def read_items(
    path: FilePath, *, user: str = "user", item: str = "item", text: TextTable | None = None
) -> tuple[ItemId, ...] | dict[UserId, tuple[ItemId, ...]]:
    """Read items of all users, or of each: a text file with an id a line, or a table with a column of items, and of users or not.

    Args:
        path: a text file, or a table: CSV, TSV, their .gz or .bz2, JSON Lines, Parquet. A text file is a table where the first line
            names the column of items, or holds several cells in a file that is called .csv or .tsv, or that has no header.
        user: column of user ids; without such a column the items are those of all users.
        item: column of item ids.
        text: how a text file is written; without a header its columns are called 1, 2, 3, ...

    Returns:
        the items, or user to items; ids that were read as text are not made integers where one of them is not written like one.

    Raises:
        DataNotFoundError: no such file.
        DataError: no text in UTF-8, no table, no ids, or a missing column or id.
    """
    path = path_of(path)
    wrong = problem(path)
    if wrong:
        raise DataNotFoundError(f"{path} {wrong}. Give the path of a text file with an item id a line, or of a table.")
    kind = next((suffix for suffix in reversed(path.suffixes) if suffix not in (".gz", ".bz2")), "").lower()
    if kind not in (*JSON_LINES, ATOMIC, ".parquet"):
        written = text or TextTable()
        lines = [line.rstrip("\r\n") for line in lines_of(path, written.encoding)]
        first = lines[0].removeprefix("\ufeff") if lines else ""
        cells = [cell.strip().strip('"') for cell in first.split(written.delimiter([kind]))]
        named = written.header and plain_column(cells, item, "item", ITEMS) in cells
        several = len(cells) > 1 or any(mark in first for mark in ";|\t")
        if not named and not (several and (kind in (".csv", ".tsv") or not written.header)):
            ids = [line.strip() for line in [first, *lines[1:]] if line.strip()]
            if not ids:
                raise DataError(
                    f"{path} holds no ids. Give an item id a line, or a table with a column {item!r} (and {user!r})."
                )
            return tuple(typed_ids(pa.array(ids, pa.string())).to_pylist())
    rows = _Rows(path, user, item, text, users_needed=False)
    return rows.sequences(rows.items, None) if rows.of_users else tuple(rows.items)


class _Rows:
    """A table of rows of an item each, and of a user, who may be missing where users are not needed."""

    def __init__(
        self, source: FilePath | Any, user: str, item: str, text: TextTable | None, *, users_needed: bool = True
    ) -> None:
        is_path = isinstance(source, str | Path)
        if text is not None and not text.header:
            user, item = by_number(user, "user", "1"), by_number(item, "item", "2")
        ids_among = partial(id_columns, user=user, item=item)
        read = read_table(Path(source), text, ids_among) if is_path else source
        self.frame, self.name = frame_of(read), str(source) if is_path else "the frame"
        named = ids_among(self.frame.columns)
        with_users = users_needed or named[0] in self.frame.columns
        say_taken(*zip((user, item)[not with_users :], named[not with_users :], strict=True))
        self.items = self._ids(named[1], "item")
        users = self._ids(named[0], "user") if with_users else []
        if not self.items:
            raise DataError(f"{self.name} holds no rows: at least one is needed. Check the source.")
        self.of_users: dict[UserId, list[int]] = {}
        for row, who in enumerate(users):
            self.of_users.setdefault(who, []).append(row)

    def ranks(self, column: str) -> FloatArray:
        return numbers_of(
            self._column(column),
            "rank {value!r} in row {row} of column {column!r} is not a number. ",
            "Correct or drop the row, or leave the column out: then the order of the rows counts.",
        )

    def weights(self, column: str) -> FloatArray:
        weights = weights_of(self._column(column))
        if (weights <= 0).any():
            row = int(np.argmax(weights <= 0))
            raise DataError(
                f"weight {weights[row]:g} in row {row + 1} of column {column!r} is not above 0. Correct or drop the row."
            )
        return weights

    def moments(self, column: str, day_first: bool | None) -> TimeArray:
        return moments(self._column(column), day_first=day_first)

    def sequences(self, values: list[Any], keys: FloatArray | TimeArray | None) -> dict[UserId, tuple[Any, ...]]:
        """Return the values of each user, in the order of the keys, or of the rows."""
        if keys is None:
            return {who: tuple(values[row] for row in at) for who, at in self.of_users.items()}
        return {
            who: tuple(values[row] for row in sorted(at, key=keys.__getitem__)) for who, at in self.of_users.items()
        }

    def _ids(self, column: str, kind: str) -> list[Any]:
        try:
            return list(id_column(column_of(self._column(column)), kind).to_pylist())
        except DataError as error:
            raise error if self.name in str(error) else DataError(f"{self.name}: {error}") from error

    def _column(self, name: str) -> "Series[Any]":
        if name not in self.frame.columns:
            raise DataError(missing_column(name, self.frame.columns, self.name))
        return self.frame[name]
