"""Tables from files and frames: their columns as Arrow, as numbers, as times."""

import difflib
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from topple.data.dates import dates_of
from topple.data.formats import ATOMIC, ATOMIC_IDS, JSON_LINES, TextTable, plainly_named, read_json_lines
from topple.data.vocabulary import typed_ids
from topple.errors import DataError, DataNotFoundError, ToppleError, escaped, shown
from topple.inputs import opened, problem, read_parquet
from topple.types import FloatArray, TimeArray

Named: TypeAlias = Sequence[str | None] | Callable[[Sequence[str]], Sequence[str | None]]
"""Names of columns, or a function that chooses them among those that there are."""
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".dat", ".data", ".parquet", *JSON_LINES, ATOMIC)


def read_table(path: Path, text: TextTable | None = None, ids: Named = (), texts: Named = ()) -> pa.Table:
    """Read a CSV, TSV or Parquet file with a header, JSON Lines or an atomic file of RecBole into an Arrow table.

    Args:
        path: the file.
        text: how a text file is written; None for commas (tabs in .tsv), a header, and UTF-8.
        ids: columns that a text file holds as ids: integers only where every value is written like one; or a function that
            chooses them among the names of the columns.
        texts: columns that a text file holds as text, even where it looks like numbers; or a function.

    Raises:
        DataNotFoundError: no such file.
        DataError: it is not such a table.
    """
    wrong = problem(path)
    if wrong:
        raise DataNotFoundError(f"{path} {wrong}. Give the path of a {', '.join(TABLE_SUFFIXES)} file (.gz, .bz2 too).")
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kind = next((suffix for suffix in reversed(suffixes) if suffix not in (".gz", ".bz2")), "")
    if kind in JSON_LINES:
        return read_json_lines(path, (text or TextTable()).encoding)
    written = text or TextTable()
    delimiter = written.delimiter(suffixes)
    try:
        if suffixes and suffixes[-1] == ".parquet":
            return read_parquet(path)
        present = _header(path, written, delimiter)
        ids, texts = (_named(chosen, present) for chosen in (ids, texts))
        table = _read_text(path, written, delimiter, present, [*ids, *texts, *(ATOMIC_IDS if kind == ATOMIC else ())])
        table = plainly_named(table) if kind == ATOMIC else table
        names = table.column_names  # decoded here
    except (pa.ArrowException, EOFError, LookupError, OSError, ValueError) as error:
        if isinstance(error, ToppleError):
            raise
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(
            f"{path} cannot be read as a table: {reason}. It must be Parquet, or text in UTF-8 with a header line; for "
            "another delimiter pass separator (--separator), for another encoding pass encoding (--encoding), such as latin-1."
        ) from error
    for number, column in enumerate(names):
        if column in ids:
            table = table.set_column(number, column, typed_ids(table.column(number)))
    return table


def _named(chosen: Named, present: Sequence[str]) -> Sequence[str | None]:
    """Return the names of columns that are chosen, among those that there are.

    Raises:
        DataError: a name that no header can hold.
    """
    names = chosen(present) if callable(chosen) else chosen
    for column in names:
        if column is not None and escaped(column) != column:
            raise DataError(
                f"column {shown(column)} holds characters that no header can. Name the column as the header does."
            )
    return names


def _read_text(
    path: Path, written: TextTable, delimiter: str, present: Sequence[str], texts: Sequence[str | None]
) -> pa.Table:
    types = {column: pa.string() for column in texts if column is not None}
    names = None if written.header else list(present)
    return pa_csv.read_csv(
        opened(path) or path,
        read_options=pa_csv.ReadOptions(encoding=written.encoding, column_names=names),
        parse_options=pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            column_types=types, null_values=[""], strings_can_be_null=True, decimal_point=written.decimal
        ),
    )


def _header(path: Path, written: TextTable, delimiter: str) -> list[str]:
    """Return the names of the columns of a text file: those of the first line, or 1, 2, 3, ... where that is none."""
    options = pa_csv.ReadOptions(encoding=written.encoding, autogenerate_column_names=not written.header)
    parse = pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    with pa_csv.open_csv(opened(path) or path, read_options=options, parse_options=parse) as rows:
        names = list(rows.schema.names)
    return names if written.header else [str(number) for number in range(1, len(names) + 1)]


def frame_of(source: Any) -> nw.DataFrame[Any]:
    """Return any frame that narwhals knows as one of narwhals.

    Raises:
        DataError: not a frame, or one with two columns of one name.
    """
    try:
        known = nw.from_native(source)
        frame = known.collect() if isinstance(known, nw.LazyFrame) else known
    except TypeError as error:
        raise DataError(
            f"{type(source).__name__} is not a path or a frame that can be read. Give a path, a pandas, polars or pyarrow "
            "frame, or pass a scipy matrix to from_csr."
        ) from error
    except nw.exceptions.DuplicateError as error:
        reason = " ".join(str(error).split())
        raise DataError(f"two columns have the same name: {reason}. Rename one.") from error
    return frame


DECIMAL_COMMA = re.compile(r"\s*[-+]?\d+,(\d{1,2}|\d{4,})\s*")
"""How a number with a decimal comma looks; three digits after it may be thousands."""
LOOKED_AT = 100
"""Values that are no numbers and are looked at for a decimal comma."""
SEPARATORS = {"\t": "tab", ";": "';'", "|": "'|'"}
"""What separates columns, and how it is written on a command line."""


def missing_column(column: str, present: Sequence[str], where: str = "") -> str:
    """Return the message about a column that a table does not have; `where` says of which table.

    Example:
        >>> missing_column("itm", ["user", "item"], "shown.csv")
        "column 'itm' is missing from shown.csv; the columns are 'user', 'item'. Did you mean 'item'? Name the right one."
    """
    near = difflib.get_close_matches(column, list(map(str, present)), n=1, cutoff=0.5)
    hint = f" Did you mean {shown(near[0])}?" if near else ""
    if len(present) == 1:
        sign = next((name for mark, name in SEPARATORS.items() if mark in str(present[0])), "")
        hint = f" As there is only one, the separator may be another (--separator{sign and ' ' + sign})."
    elif not near and not numbered(present) and all(re.fullmatch(r"\d+(\.\d+)?", str(name)) for name in present):
        hint = " They are numbers: where the first line is a row and no header, say so (header=False, --no-header)."
    there = f" from {where}" if where else ""
    return f"column {shown(column)} is missing{there}; the columns are {', '.join(map(repr, present))}.{hint} Name the right one."


def numbered(columns: Sequence[str]) -> bool:
    """Return whether columns are called 1, 2, 3, ..., as those of a table without a header are."""
    return list(columns) == [str(number + 1) for number in range(len(columns))]


def column_of(series: nw.Series[Any]) -> pa.Array | list[Any]:
    """Return the column as Arrow, or as a list where Arrow has no one type for the values."""
    try:
        return series.to_arrow()
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError, UnicodeError):
        return series.to_list()


def ratings_of(series: nw.Series[Any]) -> FloatArray:
    """Return ratings as numbers.

    Raises:
        DataError: a rating that is not a finite number.
    """
    return numbers_of(
        series,
        "rating {value!r} in row {row} of column {column!r} is not a finite number. ",
        "Ratings must be numbers; correct or drop the row, or leave rating out to read implicit feedback.",
    )


def weights_of(series: nw.Series[Any]) -> FloatArray:
    """Return weights as numbers.

    Raises:
        DataError: a weight that is not a finite number.
    """
    return numbers_of(
        series,
        "weight {value!r} in row {row} of column {column!r} is not a finite number. ",
        "Weights must be numbers; correct or drop the row, name another column, or read without weights: weight=None "
        "(--weight-column none).",
    )


def numbers_of(series: nw.Series[Any], wrong: str, helps: str) -> FloatArray:
    """Return the numbers of a column.

    Args:
        series: the column.
        wrong: of the error about one that is not finite; it names the `value`, the `row` and the `column`.
        helps: what to do then, unless the numbers have a decimal comma.

    Raises:
        DataError: one is not a finite number.
    """
    values = _floats(series, column_of(series))
    bad = np.flatnonzero(~np.isfinite(values))[:LOOKED_AT]
    if any(DECIMAL_COMMA.fullmatch(str(series[int(row)])) for row in bad):
        helps = "Such values have a decimal comma: read the file with decimal=',' (--decimal ,)."
    return _finite(series, values, wrong + helps)


def moments(series: nw.Series[Any], *, day_first: bool | None = None) -> TimeArray:
    """Return times as numbers; see `times_of`."""
    return times_of(series, day_first=day_first)[0]


def times_of(series: nw.Series[Any], *, day_first: bool | None = None) -> tuple[TimeArray, str | None]:
    """Return times as numbers, and the unit of dates.

    Numbers are as they are, without a unit; dates are microseconds since 1970, "us", or nanoseconds, "ns", where they have such.

    Raises:
        DataError: a time that is neither.
    """
    column, unit = column_of(series), None
    if not isinstance(column, list) and pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()  # a categorical column
    kind = None if isinstance(column, list) else column.type
    if kind is not None and (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        numbers = _floats(series, column)
        column = numbers if np.isfinite(numbers).all() else dates_of(column, day_first=day_first)
        kind = None if isinstance(column, np.ndarray) else column.type
    if kind is not None and pa.types.is_temporal(kind):
        column, unit = _whole(column)
    if isinstance(column, pa.Array | pa.ChunkedArray) and pa.types.is_integer(column.type) and not column.null_count:
        with suppress(pa.ArrowInvalid):  # beyond int64
            return np.asarray(pc.cast(column, pa.int64()).to_numpy(zero_copy_only=False), dtype=np.int64), unit
    found = _finite(
        series,
        _floats(series, column),
        "timestamp {value!r} in row {row} of column {column!r} is not a number or a date with a year of four digits. "
        "Correct or drop the row, or leave timestamp out (--time-column): then histories have no order.",
    )
    if (np.abs(found) >= 2.0**63).any():
        row = int(np.argmax(np.abs(found) >= 2.0**63))
        raise DataError(
            f"timestamp {shown(series.to_list()[row])} in row {row + 1} of column {series.name!r} is beyond whole numbers of 64 bits, "
            "where the order of times is lost. Write times in another unit."
        )
    return found, unit


def _whole(column: pa.Array) -> tuple[pa.Array, str | None]:
    """Return dates as whole numbers, and their unit: of microseconds, or of the unit of the column where that cannot hold them."""
    micro = pa.timestamp("us", tz=getattr(column.type, "tz", None))
    for unit in (micro, column.type):
        with suppress(pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return pc.cast(pc.cast(column, unit), pa.int64()), getattr(unit, "unit", None)
    return column, None


def _floats(series: nw.Series[Any], column: pa.Array | list[Any]) -> FloatArray:
    """Return the values as numbers, NaN where one is not a number."""
    try:
        return np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, TypeError, OverflowError, UnicodeError):
        return np.array([_number(value) for value in series.to_list()])


def _finite(series: nw.Series[Any], values: FloatArray, message: str) -> FloatArray:
    """Return the values, or refuse the first that is not finite with the message."""
    bad = ~np.isfinite(values)
    if bad.any():
        row, more = int(np.argmax(bad)), int(bad.sum()) - 1
        rows = f"{row + 1} (and in {more:,} more)" if more else str(row + 1)
        raise DataError(message.format(value=series.to_list()[row], row=rows, column=series.name))
    return values


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return float("nan")
