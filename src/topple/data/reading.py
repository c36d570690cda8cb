"""The general reader: CSV and TSV (plain, gzip, bzip2), Parquet, any frame that narwhals knows, scipy CSR."""

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from topple.data.interactions import Interactions
from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import DataError, DataNotFoundError
from topple.types import BoolArray, CsrMatrix, FloatArray, Id, IntArray

Duplicates: TypeAlias = Literal["error", "first", "last", "highest"]
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".dat", ".data", ".parquet")


def read_interactions(
    source: Any,
    *,
    user: str = "user",
    item: str = "item",
    rating: str | None = None,
    title: str | None = None,
    separator: str | None = None,
    duplicates: Duplicates = "error",
    name: str | None = None,
) -> Interactions:
    """Read interactions from a file or a frame with named columns.

    Args:
        source: a path (CSV, TSV, their .gz or .bz2, Parquet) or a pandas, polars or pyarrow frame.
        user: column of user ids, integers or strings.
        item: column of item ids, integers or strings.
        rating: column of ratings, numbers; None for implicit feedback.
        title: column of item titles; None where there is none.
        separator: of a text file; by default a tab for .tsv, else a comma.
        duplicates: which of the rows that repeat a (user, item) pair to keep.
        name: of the data set; by default the file's name.

    Raises:
        DataNotFoundError: no such file.
        DataError: an unreadable or empty file, a missing column, an id that is missing, a rating that is not a
            number, or (by default) repeated pairs.

    Example:
        >>> import pyarrow as pa
        >>> table = pa.table({"user": ["ann", "ann", "bob"], "item": ["alien", "jaws", "alien"]})
        >>> len(read_interactions(table))
        3
    """
    if isinstance(source, str | Path):
        name = name or Path(source).name
        source = read_table(Path(source), separator)
    table = _as_arrow(source)
    for column in (user, item, rating, title):
        if column is not None and column not in table.column_names:
            raise DataError(_missing_column(column, table.column_names))
    if table.num_rows == 0:
        raise DataError(f"{name or 'the frame'} holds no rows: at least one interaction is needed. Check the source.")
    ratings = None if rating is None else _numbers(table[rating], rating)
    users, user_index = Vocabulary.of(table[user], "user")
    items, item_index = Vocabulary.of(table[item], "item")
    titles = None if title is None else _titles(table[title], item_index, len(items))
    kept = _keep_one(user_index * len(items) + item_index, ratings, duplicates)
    return Interactions(
        users=users,
        catalogue=Catalogue(items, titles),
        user_index=user_index[kept],
        item_index=item_index[kept],
        ratings=None if ratings is None else ratings[kept],
        name=name or "interactions",
    )


def from_csr(
    matrix: CsrMatrix,
    users: Sequence[Id] | None = None,
    items: Sequence[Id] | None = None,
    name: str = "matrix",
) -> Interactions:
    """Make interactions of a scipy sparse users x items matrix; its values other than 0 are the ratings.

    Args:
        matrix: scipy sparse [U, I].
        users: one id a row; by default 0, 1, 2, ...
        items: one id a column; by default 0, 1, 2, ...
        name: of the data set.

    Raises:
        DataError: not as many ids as rows or columns, a value that is not finite, or no value at all.
    """
    entries = matrix.tocoo()
    for kind, ids, size in (("user", users, matrix.shape[0]), ("item", items, matrix.shape[1])):
        if ids is not None and len(ids) != size:
            raise DataError(
                f"{len(ids):,} {kind} ids for a matrix of shape {matrix.shape}: give {size:,}, in its order."
            )
    values = np.asarray(entries.data, dtype=np.float64)
    if not np.isfinite(values).all():
        raise DataError("the matrix holds NaN or infinite values: every stored value must be a finite number.")
    rows = values != 0
    if not rows.any():
        raise DataError(f"the matrix of shape {matrix.shape} holds no value other than 0: at least one is needed.")
    return Interactions(
        users=Vocabulary(range(matrix.shape[0]) if users is None else users, "user"),
        catalogue=Catalogue(Vocabulary(range(matrix.shape[1]) if items is None else items, "item")),
        user_index=entries.row[rows].astype(np.int64),
        item_index=entries.col[rows].astype(np.int64),
        ratings=values[rows],
        name=name,
    ).keep(np.ones(int(rows.sum()), dtype=np.bool_))


def read_table(path: Path, separator: str | None = None) -> pa.Table:
    """Read a CSV, TSV or Parquet file with a header, compressed or not, into an Arrow table."""
    if not path.is_file():
        raise DataNotFoundError(
            f"{path} is not a file. Give the path of a {', '.join(TABLE_SUFFIXES)} file (.gz, .bz2 too)."
        )
    suffixes = [suffix.lower() for suffix in path.suffixes]
    try:
        if suffixes and suffixes[-1] == ".parquet":
            return pq.read_table(path)
        delimiter = separator or ("\t" if ".tsv" in suffixes else ",")
        return pa_csv.read_csv(path, parse_options=pa_csv.ParseOptions(delimiter=delimiter))
    except (pa.ArrowInvalid, pa.ArrowException, EOFError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(
            f"{path} cannot be read as a table: {reason}. It must be Parquet, or text with a header line; for another "
            "delimiter pass separator (--separator)."
        ) from error


def _as_arrow(frame: Any) -> pa.Table:
    if isinstance(frame, pa.Table):
        return frame
    try:
        known = nw.from_native(frame)
    except TypeError as error:
        raise DataError(
            f"{type(frame).__name__} is not a path or a frame that can be read. Give a path, a pandas, polars or pyarrow "
            "frame, or pass a scipy matrix to from_csr."
        ) from error
    collected = known.collect() if isinstance(known, nw.LazyFrame) else known
    return collected.to_arrow()


def _missing_column(column: str, present: Sequence[str]) -> str:
    near = difflib.get_close_matches(column, present, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"column {column!r} is missing; the columns are {', '.join(map(repr, present))}.{hint} Name the columns (--user, --item, --rating)."


def _numbers(column: Any, name: str) -> FloatArray:
    try:
        values = np.asarray(pc.cast(column, pa.float64()).to_numpy(), dtype=np.float64)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        for row, value in enumerate(column.to_pylist()):
            if not _is_number(value):
                raise DataError(_not_a_number(name, value, row)) from error
        raise DataError(f"ratings in column {name!r} are of type {column.type}; they must be numbers.") from error
    bad = ~np.isfinite(values)
    if bad.any():
        row = int(np.argmax(bad))
        raise DataError(_not_a_number(name, column[row].as_py(), row))
    return values


def _is_number(value: object) -> bool:
    try:
        float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return True


def _not_a_number(name: str, value: object, row: int) -> str:
    return (
        f"rating {value!r} in row {row + 1} of column {name!r} is not a finite number. Ratings must be numbers; "
        "correct or drop the row, or leave rating out to read implicit feedback."
    )


def _titles(column: Any, item_index: IntArray, size: int) -> tuple[str, ...]:
    found: list[str] = [""] * size
    for index, text in zip(item_index[::-1].tolist(), reversed(column.to_pylist()), strict=True):
        found[index] = "" if text is None else str(text)
    return tuple(found)


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
            f"duplicates={duplicates!r} is not one of 'error', 'first', 'last', 'highest'. Choose one of these."
        )
    _, first = np.unique(pairs[order], return_index=True)
    kept[:] = False
    kept[order[first]] = True
    return kept
