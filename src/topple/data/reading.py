"""The general reader: text tables, JSON Lines and adjacency lists (gzip, bzip2 too), Parquet, any frame that narwhals knows, scipy CSR."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from scipy import sparse

from topple.data.formats import ADJACENCY, TextTable, read_adjacency
from topple.data.interactions import Interactions
from topple.data.merging import Duplicates, Rows, merged, usual
from topple.data.rows.account import Account, Dropped, Step
from topple.data.rows.columns import Columns
from topple.data.rows.events import Events
from topple.data.rows.names import AUTO, by_number, id_columns
from topple.data.tables import frame_of, read_table
from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import DataError, as_list, need, shown
from topple.types import CsrMatrix, Id, plain

logger = logging.getLogger(__name__)


def read_interactions(
    source: Any,
    *,
    user: str = "user",
    item: str = "item",
    rating: str | None = None,
    title: str | None = None,
    timestamp: str | None = None,
    weight: str | None = AUTO,
    separator: str | None = None,
    duplicates: Duplicates | None = None,
    form: Literal["table", "adjacency"] = "table",
    header: bool = True,
    encoding: str = "utf-8",
    decimal: str = ".",
    day_first: bool | None = None,
    drop_missing: bool = False,
    ordered: bool = False,
    name: str | None = None,
) -> Interactions:
    """Read interactions from a file or a frame with named columns.

    A cell may hold a list: the items of a user, with lists beside it that are as long, or the events of a session as objects. They
    are taken for events in order. Where no column is called user (or item), the one with another plain name of such a column is
    taken, and said: userId, customer_id, movieId, product_id and the like.

    Args:
        source: a path (CSV, TSV, their .gz or .bz2, Parquet, JSON Lines, an atomic file of RecBole) or a pandas, polars or pyarrow
            frame.
        user: column of user ids, integers or strings; in a text file they are strings, exactly as written, unless
            every one is written like an integer ("007" is not).
        item: column of item ids, integers or strings.
        rating: column of ratings, numbers; None for implicit feedback.
        title: column of item titles; None where there is none.
        timestamp: column of when it happened, numbers or dates; with one, histories come in time order.
        weight: column of weights (plays, quantity, confidence), numbers above 0, that models which use weights learn from; any
            column, the ratings too. "auto": a column named weight, count, plays, quantity, or as `WEIGHTS` lists, where the
            table has one that is not named as another column. None: no weights.
        separator: of a text file: one character, or "tab"; by default a tab for .tsv, else a comma.
        duplicates: what becomes of the rows that repeat a (user, item) pair: refused ("error"), "sum", "mean" or "max" of
            their weights (or, but for "sum", ratings), "count" of the rows, the "first" or the "last". "keep": every row is an
            event of the history, for models of sequences; other models learn from the sums. None: weights are summed, ratings and
            rows without weights refused. A pair whose weights come to 0 is no interaction.
        header: whether a text file names the columns in the first line; without, they are called 1, 2, 3, ..., and user and item are
            the first two.
        encoding: of a text file, such as "latin-1".
        decimal: the decimal point of a text file, such as ",".
        day_first: whether 03/04/2025 is the third of April; None: what the dates show of which one number is above 12.
        ordered: whether the rows of a user are in the order of the events, oldest first, as lists are anyway; with times, whether
            rows of equal times are.
        drop_missing: whether rows without a user, an item, a rating, a weight or a time are left out, and counted; else refused.
        form: "adjacency" for a text file without a header, a user and the items of the user a line: `user item item ...`.
        name: of the data set; by default the file's name.

    Raises:
        DataNotFoundError: no such file.
        DataError: an unreadable or empty file, a missing column, an id that is missing, a rating, weight or timestamp
            that is not a number, a pair with a weight below 0, or (by default) repeated pairs without weights.

    Example:
        >>> import pyarrow as pa
        >>> table = pa.table({"user": ["ann", "ann", "bob"], "item": ["alien", "jaws", "alien"]})
        >>> len(read_interactions(table))
        3
    """
    need(duplicates, str | None, "duplicates", "a text, or nothing")
    need(drop_missing, bool, "drop_missing", "True or False")
    text, named = TextTable(separator, header, encoding, decimal), (user, item, rating, title, timestamp, weight)
    columns, name = table_of(source, named, text, form=form, ordered=ordered, day_first=day_first, name=name)
    return interactions_of(columns, name, duplicates, drop_missing=drop_missing)


def interactions_of(
    columns: Columns, name: str | None, duplicates: Duplicates | None, *, drop_missing: bool
) -> Interactions:
    """Return the interactions of a table whose columns are found; see `read_interactions`."""
    for message in columns.absent():
        raise DataError(message)
    account = Account(len(columns.frame), order=columns.order, unread=columns.unread())
    if drop_missing:
        columns, holes = columns.without_holes()
        account = account.then(holes)
    if len(columns.frame) == 0:
        raise DataError(f"{name or 'the frame'} holds no rows: at least one interaction is needed. Check the source.")
    columns.refuse()
    return _read(columns, duplicates, name, account)


def table_of(
    source: Any,
    named: tuple[Any, Any, Any, Any, Any, Any],
    text: TextTable,
    *,
    form: str = "table",
    ordered: bool = False,
    day_first: bool | None = None,
    name: str | None = None,
) -> tuple[Columns, str | None]:
    """Return a file or a frame as a table whose columns are found, and what to call it; see `read_interactions`.

    Args:
        source: the path or the frame.
        named: the columns of users, items, ratings, titles, times and weights.
        text: how a text file is written.
        form: "table" or "adjacency".
        ordered: whether the rows are in the order of the events.
        day_first: of dates.
        name: of the data set.
    """
    need(name, str | None, "name", "a text, or nothing")
    need(ordered, bool, "ordered", "True or False")
    need(day_first, bool | None, "day_first", "True, False or None")
    if not isinstance(form, str) or form not in ("table", ADJACENCY):
        raise DataError(f"form={shown(form)} is not one of table, adjacency. Choose one of the two (--form).")
    user, item, rating, title, timestamp, weight = named
    if isinstance(source, str | Path):
        path, adjacency = Path(source), form == ADJACENCY
        name = name or path.name
        for what, column in zip(("user", "item"), named, strict=False):
            need(column, str, what, "the name of a column")
        if not text.header and not adjacency:
            user, item = by_number(user, "user", "1"), by_number(item, "item", "2")
        ids = partial(id_columns, user=user, item=item)
        source = _adjacency(path, text) if adjacency else read_table(path, text, ids, (title,))
    named = (user, item, rating, title, timestamp, weight)
    return Columns.of(frame_of(source), named, ordered=ordered, day_first=day_first), name


def _read(columns: Columns, duplicates: Duplicates | None, name: str | None, account: Account) -> Interactions:
    """Return the interactions of a table without holes."""
    (users, user_index), (items, item_index) = columns.users(), columns.items()
    times, unit, span = columns.moments()
    read = Rows(user_index * len(items) + item_index, columns.ratings(), columns.weights(), times)
    catalogue = Catalogue(items, columns.titles(item_index, items))
    rows = merged(read, duplicates)
    repeated = len(read.pairs) - len(rows.pairs)
    account = replace(account, users=len(users), items=len(items), span=span, unit=unit)
    if duplicates == "keep":
        account = replace(account, kept=repeated)
    else:
        account = account.then(Step(Dropped.REPEATS, repeated, told={"by": duplicates or usual(read)}))
    events = columns.events(read, user_index, item_index) if duplicates == "keep" and repeated else None
    found = _interactions(rows, users, catalogue, name or "interactions", account, events)
    counts = len(found), len(found.users), len(found.catalogue)
    told = "" if len(found) == account.rows else f", of {account.rows:,} rows"
    told += "" if columns.weight is None else f", weights of column {columns.weight!r}"
    logger.info("read %s: %d interactions of %d users with %d items%s", name or "a frame", *counts, told)
    return found


def _adjacency(path: Path, text: TextTable) -> pa.Table:
    """Return the pairs of a file of adjacency lists; where no separator is named, it is blanks and tabs."""
    return read_adjacency(path, text.separator and text.delimiter(()), text.encoding)


def _interactions(
    rows: Rows,
    users: Vocabulary,
    catalogue: Catalogue,
    name: str,
    account: Account | None = None,
    events: Events | None = None,
) -> Interactions:
    """Return the rows as interactions; those of weight 0 are left out.

    Raises:
        DataError: a weight below 0, or repeated pairs.
    """
    found = Interactions(
        users=users,
        catalogue=catalogue,
        user_index=rows.pairs // len(catalogue),
        item_index=rows.pairs % len(catalogue),
        ratings=rows.ratings,
        name=name,
        timestamps=rows.timestamps,
        account=account or Account(),
        events=events,
        weights=None if rows.weights is None or bool((rows.weights == 1).all()) else rows.weights,
    )
    if found.weights is None or bool((found.weights > 0).all()):
        return found
    below, nothing = found.weights < 0, found.weights == 0
    if below.any():
        row = int(np.argmax(below))
        user, item = (
            found.users.decode(found.user_index[[row]])[0],
            catalogue.vocabulary.decode(found.item_index[[row]])[0],
        )
        raise DataError(
            f"{int(below.sum()):,} of {len(found):,} (user, item) pairs have a weight below 0, first user={user!r}, item={item!r}: "
            f"{found.weights[row]:g}. A weight is above 0; leave out such rows, or read without weights: weight=None "
            "(--weight-column none)."
        )
    if nothing.all():
        raise DataError(f"all weights of {name} are 0: at least one interaction is needed. Check the weight column.")
    logger.warning("%s: %d of %d pairs have weight 0 and are left out", name, nothing.sum(), len(found))
    return found.left_out(~nothing, Dropped.NO_WEIGHT)


def from_csr(
    matrix: CsrMatrix,
    users: Iterable[Id] | None = None,
    items: Iterable[Id] | None = None,
    name: str = "matrix",
    *,
    values: Literal["weights", "ratings"] = "weights",
) -> Interactions:
    """Make interactions of a scipy sparse users x items matrix; a value of 0 is no interaction.

    Users and items without a value are left out.

    Args:
        matrix: scipy sparse [U, I]; values stored several times for a pair are added, in float64.
        users: one id a row; by default 0, 1, 2, ...
        items: one id a column; by default 0, 1, 2, ...
        name: of the data set.
        values: what the values are: "weights" (plays, quantities, confidences; above 0; all are interactions), or "ratings", of
            which `prepare` takes those above its threshold for positive.

    Raises:
        DataError: not as many ids as rows or columns, a value that is not finite, a weight below 0, or no value at all.

    Example:
        >>> from scipy.sparse import csr_matrix
        >>> from_csr(csr_matrix([[3, 0, 1], [0, 2, 0]])).weights.tolist()
        [3.0, 1.0, 2.0]
    """
    if not sparse.issparse(matrix):
        raise DataError(
            f"{type(matrix).__name__} is not a scipy sparse matrix. Wrap it: scipy.sparse.csr_matrix(matrix)."
        )
    if not isinstance(values, str) or values not in ("weights", "ratings"):
        raise DataError(f"values={shown(values)} is not one of 'weights', 'ratings'. Choose one of the two.")
    users, items = _in_order(users, "user"), _in_order(items, "item")
    for kind, ids, size in (("user", users, matrix.shape[0]), ("item", items, matrix.shape[1])):
        if ids is not None and len(ids) != size:
            raise DataError(
                f"{len(ids):,} {kind} ids for a matrix of shape {matrix.shape}: give {size:,}, in the order of the matrix."
            )
    stored = matrix.tocoo()
    numbers = np.asarray(stored.data, dtype=np.float64)
    if not np.isfinite(numbers).all():
        raise DataError("the matrix holds NaN or infinite values: every stored value must be a finite number.")
    entries = sparse.csr_matrix((numbers, (stored.row, stored.col)), shape=matrix.shape).tocoo()  # repeats are added
    rows = entries.data != 0
    if not rows.any():
        raise DataError(f"the matrix of shape {matrix.shape} holds no value other than 0: at least one is needed.")
    if not rows.all():
        logger.warning("%s: %d of %d stored pairs come to 0 and are left out", name, (~rows).sum(), len(rows))
    outside_users = Vocabulary(range(matrix.shape[0]) if users is None else users, "user")
    outside_items = Vocabulary(range(matrix.shape[1]) if items is None else items, "item")
    sorted_users, user_of_row = Vocabulary.of(outside_users.column, "user")
    sorted_items, item_of_column = Vocabulary.of(outside_items.column, "item")
    pairs = user_of_row[entries.row[rows]] * len(sorted_items) + item_of_column[entries.col[rows]]
    ratings, weights = (entries.data[rows], None) if values == "ratings" else (None, entries.data[rows])
    found = _interactions(Rows(pairs, ratings, weights, None), sorted_users, Catalogue(sorted_items), name)
    return found.keep(np.ones(len(found), dtype=np.bool_))


def _in_order(ids: Any, kind: str) -> Sequence[Id] | None:
    """Return the ids of rows or columns as a list.

    Raises:
        DataError: they have no order.
    """
    if isinstance(ids, Mapping | set | frozenset | str | bytes):
        raise DataError(
            f"{kind} ids of type {type(ids).__name__} have no order of rows or columns. Give a list: the id of each in turn."
        )
    return None if ids is None else [plain(each) for each in as_list(ids, f"{kind}s", "a list: the id of each in turn")]
