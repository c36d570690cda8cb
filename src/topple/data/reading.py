"""The general reader: CSV and TSV (plain, gzip, bzip2), Parquet, any frame that narwhals knows, scipy CSR."""

import difflib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import narwhals as nw
import numpy as np
from scipy import sparse

from topple.data.interactions import Interactions
from topple.data.tables import column_of, frame_of, moments, numbers, read_table
from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import DataError
from topple.types import BoolArray, CsrMatrix, FloatArray, Id, IntArray

logger = logging.getLogger(__name__)

Duplicates: TypeAlias = Literal["error", "first", "last", "highest"]


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
    frame = frame_of(source)
    for column in (user, item, rating, title, timestamp):
        if column is not None and column not in frame.columns:
            raise DataError(_missing_column(column, frame.columns))
    if len(frame) == 0:
        raise DataError(f"{name or 'the frame'} holds no rows: at least one interaction is needed. Check the source.")
    ratings = None if rating is None else numbers(frame[rating])
    timestamps = None if timestamp is None else moments(frame[timestamp])
    users, user_index = Vocabulary.of(column_of(frame[user]), "user")
    items, item_index = Vocabulary.of(column_of(frame[item]), "item")
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


def _missing_column(column: str, present: Sequence[str]) -> str:
    near = difflib.get_close_matches(column, list(map(str, present)), n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    if len(present) == 1:
        hint = " As there is only one, the separator may be another (--separator)."
    return f"column {column!r} is missing; the columns are {', '.join(map(repr, present))}.{hint} Name the right ones."


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
