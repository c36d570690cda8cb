"""The general reader: CSV and TSV (plain, gzip, bzip2), Parquet, any frame that narwhals knows, scipy CSR."""

import difflib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from scipy import sparse

from topple.data.interactions import Interactions
from topple.data.vocabulary import Catalogue, Vocabulary, typed_ids
from topple.errors import DataError, DataNotFoundError
from topple.types import BoolArray, CsrMatrix, FloatArray, Id, IntArray

logger = logging.getLogger(__name__)

Duplicates: TypeAlias = Literal["error", "first", "last", "highest"]
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".dat", ".data", ".parquet")


def read_interactions(
    source: Any,
    *,
    user: str = "user",
    item: str = "item",
    rating: str | None = None,
    title: str | None = None,
    timestamp: str | None = None,
    separator: str | None = None,
    duplicates: Duplicates = "error",
    name: str | None = None,
) -> Interactions:
    """Read interactions from a file or a frame with named columns.

    Args:
        source: a path (CSV, TSV, their .gz or .bz2, Parquet) or a pandas, polars or pyarrow frame.
        user: column of user ids, integers or strings; in a text file they are strings, exactly as written, unless
            every one is written like an integer ("007" is not).
        item: column of item ids, integers or strings.
        rating: column of ratings, numbers; None for implicit feedback.
        title: column of item titles; None where there is none.
        timestamp: column of when it happened, numbers or dates; with one, histories come in time order.
        separator: of a text file; by default a tab for .tsv, else a comma.
        duplicates: which of the rows that repeat a (user, item) pair to keep.
        name: of the data set; by default the file's name.

    Raises:
        DataNotFoundError: no such file.
        DataError: an unreadable or empty file, a missing column, an id that is missing, a rating or timestamp that is
            not a number, or (by default) repeated pairs.

    Example:
        >>> import pyarrow as pa
        >>> table = pa.table({"user": ["ann", "ann", "bob"], "item": ["alien", "jaws", "alien"]})
        >>> len(read_interactions(table))
        3
    """
    if isinstance(source, str | Path):
        name = name or Path(source).name
        source = read_table(Path(source), separator, ids=(user, item), texts=(title,))
    frame = _frame(source)
    for column in (user, item, rating, title, timestamp):
        if column is not None and column not in frame.columns:
            raise DataError(_missing_column(column, frame.columns))
    if len(frame) == 0:
        raise DataError(f"{name or 'the frame'} holds no rows: at least one interaction is needed. Check the source.")
    ratings = None if rating is None else _numbers(frame[rating])
    timestamps = None if timestamp is None else _moments(frame[timestamp])
    users, user_index = Vocabulary.of(_column(frame[user]), "user")
    items, item_index = Vocabulary.of(_column(frame[item]), "item")
    titles = None if title is None else _titles(frame[title], item_index, items)
    kept = _keep_one(user_index * len(items) + item_index, ratings, duplicates)
    rows = int(kept.sum())
    logger.info("read %s: %d interactions of %d users with %d items", name or "a frame", rows, len(users), len(items))
    return Interactions(
        users=users,
        catalogue=Catalogue(items, titles),
        user_index=user_index[kept],
        item_index=item_index[kept],
        ratings=None if ratings is None else ratings[kept],
        name=name or "interactions",
        timestamps=None if timestamps is None else timestamps[kept],
    )


def from_csr(
    matrix: CsrMatrix,
    users: Sequence[Id] | None = None,
    items: Sequence[Id] | None = None,
    name: str = "matrix",
) -> Interactions:
    """Make interactions of a scipy sparse users x items matrix; the values other than 0 are the ratings.

    Args:
        matrix: scipy sparse [U, I]; values stored twice for a pair are added, as scipy does.
        users: one id a row; by default 0, 1, 2, ...
        items: one id a column; by default 0, 1, 2, ...
        name: of the data set.

    Raises:
        DataError: not as many ids as rows or columns, a value that is not finite, or no value at all.
    """
    if not sparse.issparse(matrix):
        raise DataError(
            f"{type(matrix).__name__} is not a scipy sparse matrix. Wrap it: scipy.sparse.csr_matrix(matrix)."
        )
    summed = matrix.tocsr(copy=True)
    summed.sum_duplicates()
    entries = summed.tocoo()
    for kind, ids, size in (("user", users, matrix.shape[0]), ("item", items, matrix.shape[1])):
        if ids is not None and len(ids) != size:
            raise DataError(
                f"{len(ids):,} {kind} ids for a matrix of shape {matrix.shape}: give {size:,}, in the order of the matrix."
            )
    values = np.asarray(entries.data, dtype=np.float64)
    if not np.isfinite(values).all():
        raise DataError("the matrix holds NaN or infinite values: every stored value must be a finite number.")
    rows = values != 0
    if not rows.any():
        raise DataError(f"the matrix of shape {matrix.shape} holds no value other than 0: at least one is needed.")
    outside_users = Vocabulary(range(matrix.shape[0]) if users is None else users, "user")
    outside_items = Vocabulary(range(matrix.shape[1]) if items is None else items, "item")
    sorted_users, user_of_row = Vocabulary.of(outside_users.column, "user")
    sorted_items, item_of_column = Vocabulary.of(outside_items.column, "item")
    return Interactions(
        users=sorted_users,
        catalogue=Catalogue(sorted_items),
        user_index=user_of_row[entries.row[rows]],
        item_index=item_of_column[entries.col[rows]],
        ratings=values[rows],
        name=name,
    ).keep(np.ones(int(rows.sum()), dtype=np.bool_))


def read_table(
    path: Path, separator: str | None = None, ids: Sequence[str | None] = (), texts: Sequence[str | None] = ()
) -> pa.Table:
    """Read a CSV, TSV or Parquet file with a header, compressed or not, into an Arrow table.

    Args:
        path: the file.
        separator: of a text file; by default a tab for .tsv, else a comma.
        ids: columns that a text file holds as ids: integers only where every value is written like one.
        texts: columns that a text file holds as text, even where it looks like numbers.

    Raises:
        DataNotFoundError: no such file.
        DataError: it is not such a table.
    """
    if not path.is_file():
        raise DataNotFoundError(
            f"{path} is not a file. Give the path of a {', '.join(TABLE_SUFFIXES)} file (.gz, .bz2 too)."
        )
    suffixes = [suffix.lower() for suffix in path.suffixes]
    delimiter = separator or ("\t" if ".tsv" in suffixes else ",")
    if len(delimiter) != 1:
        raise DataError(f"separator={separator!r} must be one character. Choose one, such as ';'.")
    try:
        if suffixes and suffixes[-1] == ".parquet":
            return pq.read_table(path)
        table = _read_text(path, delimiter, [*ids, *texts])
    except (pa.ArrowInvalid, pa.ArrowException, EOFError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(
            f"{path} cannot be read as a table: {reason}. It must be Parquet, or text in UTF-8 with a header line; for "
            "another delimiter pass separator (--separator)."
        ) from error
    for number, column in enumerate(table.column_names):
        if column in ids:
            table = table.set_column(number, column, typed_ids(table.column(number)))
    return table


def _read_text(path: Path, delimiter: str, texts: Sequence[str | None]) -> pa.Table:
    types = {column: pa.string() for column in texts if column is not None}
    return pa_csv.read_csv(
        path,
        parse_options=pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(column_types=types, null_values=[""], strings_can_be_null=True),
    )


def _frame(source: Any) -> nw.DataFrame[Any]:
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


def _column(series: nw.Series[Any]) -> pa.Array | list[Any]:
    """Return the column as Arrow, or as a list where Arrow has no one type for the values."""
    try:
        return series.to_arrow()
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return series.to_list()


def _missing_column(column: str, present: Sequence[str]) -> str:
    near = difflib.get_close_matches(column, list(map(str, present)), n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    if len(present) == 1:
        hint = " As there is only one, the separator may be another (--separator)."
    return f"column {column!r} is missing; the columns are {', '.join(map(repr, present))}.{hint} Name the right ones."


def _numbers(series: nw.Series[Any]) -> FloatArray:
    column = _column(series)
    try:
        values = np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, TypeError):
        values = np.array([_number(value) for value in series.to_list()])
    bad = ~np.isfinite(values)
    if bad.any():
        row = int(np.argmax(bad))
        value = series.to_list()[row]
        raise DataError(
            f"rating {value!r} in row {row + 1} of column {series.name!r} is not a finite number. Ratings must be "
            "numbers; correct or drop the row, or leave rating out to read implicit feedback."
        )
    return values


def _moments(series: nw.Series[Any]) -> FloatArray:
    """Return times as numbers: numbers as they are, dates as microseconds since 1970."""
    column = _column(series)
    kind = None if isinstance(column, list) else column.type
    try:
        if kind is not None and pa.types.is_temporal(kind):
            column = pc.cast(pc.cast(column, pa.timestamp("us", tz=getattr(kind, "tz", None))), pa.int64())
        values = np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, TypeError):
        values = np.array([_number(value) for value in series.to_list()])
    bad = ~np.isfinite(values)
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(
            f"timestamp {series.to_list()[row]!r} in row {row + 1} of column {series.name!r} is not a number or a date. "
            "Correct or drop the row, or leave timestamp out (--time-column): then histories have no order."
        )
    return values


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _titles(series: nw.Series[Any], item_index: IntArray, items: Vocabulary) -> tuple[str, ...]:
    """Return the title of each item in the first row that has one; an item without a title has the id as title."""
    rows = zip(item_index.tolist(), series.to_list(), series.is_null().to_list(), strict=True)
    found: dict[int, str] = {}
    for index, text, missing in rows:
        if not missing and index not in found:
            found[index] = str(text)
    return tuple(found.get(index, str(item)) for index, item in enumerate(items.ids))


def _keep_one(pairs: IntArray, ratings: FloatArray | None, duplicates: Duplicates) -> BoolArray:
    kept = np.ones(len(pairs), dtype=np.bool_)
    if duplicates == "error":
        return kept
    order = np.arange(len(pairs))
    if duplicates == "last":
        order = order[::-1]
    elif duplicates == "highest" and ratings is not None:
        order = np.argsort(-ratings, kind="stable")
    elif duplicates not in ("first", "highest"):
        raise DataError(
            f"duplicates={duplicates!r} is not one of 'error', 'first', 'last', 'highest'. Choose one of the four."
        )
    _, first = np.unique(pairs[order], return_index=True)
    kept[:] = False
    kept[order[first]] = True
    return kept
