"""Events of any number, part by part: text tables, Parquet, JSON Lines; rows that are no events are set aside with the reason."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from topple.batch.input.cells import as_texts, ids_of, ids_of_type, numbers_of, times_of
from topple.data.formats import JSON_LINES, TextTable
from topple.data.rows.columns import Columns
from topple.data.rows.names import AUTO
from topple.data.tables import frame_of, read_table
from topple.errors import DataError, DataNotFoundError
from topple.inputs import opened, parquet_schema, parts_of_parquet, problem
from topple.types import JsonObject

ROWS, BYTES = 1 << 18, 1 << 22
"""Rows of a part of a Parquet file, and bytes of one of a text table."""
HEAD = 1000
"""Rows in which the columns are looked for."""
ASIDE = pa.schema(
    [
        ("source", pa.string()),
        ("row", pa.int64()),
        ("user", pa.string()),
        ("item", pa.string()),
        ("reason", pa.string()),
    ]
)
"""The columns of rows that are set aside."""


@dataclass(frozen=True)
class Reading:
    """How tables of events are read; the names are those of `topple.read_interactions`.

    Args:
        user: column of user ids.
        item: column of item ids.
        weight: column of weights; "auto" for one with such a name; None: none.
        timestamp: column of times.
        rating: column of ratings, of which those above `positive_above` are events.
        positive_above: see there.
        text: how text tables are written.
    """

    user: str = "user"
    item: str = "item"
    weight: str | None = AUTO
    timestamp: str | None = None
    rating: str | None = None
    positive_above: float = 3.5
    text: TextTable = field(default_factory=TextTable)


@dataclass(frozen=True)
class Part:
    """Some rows of a table.

    Args:
        events: user, item, and where there are such weight and time; ids of text tables are texts.
        aside: the rows that are no events.
    """

    events: pa.Table
    aside: pa.Table


class EventFiles:
    """Tables of events, read part by part.

    Args:
        paths: files, or folders of Parquet files.
        reading: how they are read.
        item: the type of the ids of the catalogue, int64 or string.

    Raises:
        DataNotFoundError: no such file.
        DataError: one that cannot be read, or without the columns.
    """

    def __init__(self, paths: Sequence[Path], reading: Reading, item: pa.DataType) -> None:
        self.paths = [file for path in paths for file in files_of(path)]
        self.reading, self.item = reading, item
        self._ragged: list[tuple[int | None, str]] = []
        self.columns: dict[str, str] = self._columns()

    @property
    def identity(self) -> list[JsonObject]:
        """What the files are: names, sizes, and when they were changed."""
        stats = [(path.name, path.stat()) for path in self.paths]
        return [{"name": name, "bytes": about.st_size, "changed": about.st_mtime_ns} for name, about in stats]

    @cached_property
    def rows(self) -> int:
        """About how many rows there are: counted in Parquet files, else by the bytes of a row."""
        return max(1, sum(map(_rows_of, self.paths)))

    logged = False
    """Whether every row is an event of a history, repeats too, unless something else is said."""

    def parts(self) -> Iterator[Part]:
        """Yield the rows of all files.

        Raises:
            DataError: a file that is damaged.
        """
        for path in self.paths:
            row = 0
            for table in self._tables(path):
                part = self._part(path, row, table)
                row += table.num_rows
                yield Part(part.events, pa.concat_tables([part.aside, self._ragged_rows(path)]))

    def _columns(self) -> dict[str, str]:
        """Return the columns that are read, by what they hold; they are looked for in the first rows."""
        head = next(self._tables(self.paths[0], every=True), None)
        if head is None:
            raise DataError(f"{self.paths[0]} holds no rows: at least one event is needed. Check the file.")
        reading = self.reading
        named = (reading.user, reading.item, reading.rating, None, reading.timestamp, reading.weight)
        found = Columns.of(frame_of(head.slice(0, HEAD)), named)
        for message in found.absent():
            raise DataError(f"{self.paths[0]}: {message}")
        chosen = {
            "user": found.user,
            "item": found.item,
            "weight": found.weight,
            "time": found.timestamp,
            "rating": found.rating,
        }
        return {name: column for name, column in chosen.items() if column is not None}

    def _tables(self, path: Path, *, every: bool = False) -> Iterator[pa.Table]:
        """Yield the rows of a file, with the columns that are read or every one."""
        columns = None if every else list(self.columns.values())
        try:
            if path.suffix == ".parquet":
                for batch in parts_of_parquet(path, columns or parquet_schema(path).names, ROWS):
                    yield pa.Table.from_batches([batch])
            elif {*path.suffixes} & {*JSON_LINES}:
                yield read_table(path, self.reading.text)
            else:
                yield from self._text(path, columns)
        except (pa.ArrowException, OSError, ValueError) as error:
            if isinstance(error, DataError):
                raise
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise DataError(f"{path} cannot be read: {reason}. Check the file, --separator and --encoding.") from error

    def _text(self, path: Path, columns: list[str] | None) -> Iterator[pa.Table]:
        """Yield the rows of a text table, all cells as texts, as they are written."""
        text = self.reading.text
        read = pa_csv.ReadOptions(block_size=BYTES, encoding=text.encoding, autogenerate_column_names=not text.header)
        delimiter = text.delimiter([suffix.lower() for suffix in path.suffixes])
        parse = pa_csv.ParseOptions(delimiter=delimiter, invalid_row_handler=self._skip)
        with pa_csv.open_csv(opened(path) or path, read, parse) as rows:
            names = rows.schema.names
        self._ragged.clear()
        options = pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.binary()), null_values=[""], strings_can_be_null=True
        )
        plain = names if text.header else [str(number) for number in range(1, len(names) + 1)]
        with pa_csv.open_csv(opened(path) or path, read, parse, options) as rows:
            for batch in rows:
                table = pa.Table.from_batches([batch]).rename_columns(plain)
                table = table if columns is None else table.select([name for name in columns if name in plain])
                yield pa.table({name: as_texts(table.column(name)) for name in table.column_names})

    def _skip(self, row: pa_csv.InvalidRow) -> str:
        """Set a row aside that has another number of cells than the header."""
        self._ragged.append(
            (row.number, f"the row has {row.actual_columns} cells, and the table {row.expected_columns} columns")
        )
        return "skip"

    def _ragged_rows(self, path: Path) -> pa.Table:
        """Return the rows that were skipped since the last part."""
        rows = [
            {"source": path.name, "row": number, "user": None, "item": None, "reason": reason}
            for number, reason in self._ragged
        ]
        self._ragged.clear()
        return pa.Table.from_pylist(rows, ASIDE)

    def _part(self, path: Path, first: int, table: pa.Table) -> Part:
        """Return the events among rows, and those rows that are none."""
        missing = next((column for column in self.columns.values() if column not in table.column_names), None)
        if missing is not None:
            raise DataError(f"{path} has no column {missing!r}, and {self.paths[0].name} has. Give files of one kind.")
        cells = {name: table.column(column).combine_chunks() for name, column in self.columns.items()}
        ids = {"user": ids_of(cells["user"]), "item": ids_of_type(ids_of(cells["item"]), self.item)}
        reasons = np.full(table.num_rows, "", dtype=object)
        columns = dict(ids)
        keep = np.ones(table.num_rows, dtype=np.bool_)
        for name, wrong in (
            ("rating", "the rating is missing or no number"),
            ("weight", "the weight is missing, no number, or below 0"),
        ):
            if name in cells:
                numbers = numbers_of(cells[name], self.reading.text.decimal)
                bad = ~np.isfinite(numbers) | ((numbers < 0) if name == "weight" else False)
                reasons[bad] = wrong
                keep &= numbers > (0 if name == "weight" else self.reading.positive_above)
                if name == "weight":
                    columns["weight"] = pa.array(numbers)
        if "time" in cells:
            times = times_of(cells["time"])
            reasons[np.asarray(times.is_null())] = "the time is missing or no time"
            columns["time"] = times
        reasons[np.asarray(ids["item"].is_null())] = "the item id is no whole number, as those of the model are"
        for name in ids:
            reasons[np.asarray(ids_of(cells[name]).is_null())] = f"the {name} id is missing"
        aside = reasons != ""
        events = pa.table(columns).filter(pa.array(keep & ~aside))
        return Part(
            events,
            _set_aside(
                path.name,
                first + 1 + np.flatnonzero(aside),
                table.filter(pa.array(aside)),
                self.columns,
                reasons[aside],
            ),
        )


def files_of(path: Path) -> list[Path]:
    """Return a file as a list, or the Parquet files of a folder, sorted.

    Raises:
        DataNotFoundError: no such file, or a folder without one.
    """
    if path.is_dir():
        found = sorted(path.rglob("*.parquet"))
        if not found:
            raise DataNotFoundError(
                f"{path} is a folder without .parquet files. Give files, or a folder of Parquet files."
            )
        return found
    wrong = problem(path)
    if wrong:
        raise DataNotFoundError(
            f"{path} {wrong}. Give a file of events (CSV, TSV, JSON Lines, Parquet), or a model folder."
        )
    return [path]


def _rows_of(path: Path) -> int:
    if path.suffix == ".parquet":
        return int(pa.parquet.read_metadata(path).num_rows)
    packed = {".gz", ".bz2"} & {*path.suffixes}
    return path.stat().st_size // (4 if packed else 16)


def _set_aside(
    source: str, rows: np.ndarray, table: pa.Table, columns: dict[str, str], reasons: np.ndarray
) -> pa.Table:
    """Return rows that are no events, with where they stand and why."""
    texts = [table.column(columns[name]).cast(pa.string()) for name in ("user", "item")]
    return pa.table(
        [
            pa.array([source] * len(rows), pa.string()),
            pa.array(rows, pa.int64()),
            *texts,
            pa.array(list(reasons), pa.string()),
        ],
        schema=ASIDE,
    )
