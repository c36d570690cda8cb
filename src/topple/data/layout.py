"""The split on disk, in the layout that the Alishop data set is published in.

A folder of `unique_sid.txt` (one item id a line; the line number, from 0, is the `sid` of the item), `train.csv`, `validation_tr.csv`,
`validation_te.csv`, `test_tr.csv` and `test_te.csv` (columns `uid`, `sid`; `tr` is the fold-in, `te` the held-out part).
topple adds `titles.csv` and `split.json`, and to the tables of histories a column `time` where times are known and a column
`weight` where an interaction counts as more or less than 1; and where an item comes again in a history, `train_events.csv`,
`validation_events.csv` and `test_events.csv`, with a row an event in order. All may be missing.
"""

import json
import logging
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from topple.data.interactions import to_matrix
from topple.data.rows.events import Events
from topple.data.splitting import HeldOut, Split
from topple.data.titles import read_titles
from topple.data.vocabulary import Catalogue, Vocabulary, typed_ids
from topple.errors import DataError, DataNotFoundError, need
from topple.files import read_whole, writing
from topple.inputs import MISSING, json_of, path_of, problem, read_text
from topple.types import CsrMatrix, FilePath, FloatArray, IntArray, TimeArray

logger = logging.getLogger(__name__)

Table: TypeAlias = tuple[pa.Array, IntArray, TimeArray | None, FloatArray | None]
"""User ids, item indices, times (None: not known) and weights (None: 1 each) of the rows of a file."""

FORMAT = "topple.split/1"
TABLES = ("train.csv", "validation_tr.csv", "validation_te.csv", "test_tr.csv", "test_te.csv")
ITEMS = "unique_sid.txt"
FILES = (ITEMS, *TABLES)
EVENTS = "{}_events.csv"
"""Every event of a part in order, where an item comes again."""


def write_split(split: Split, folder: FilePath, *, overwrite: bool = False) -> None:
    """Write a split as a folder of the Alishop layout.

    Raises:
        OutputExistsError: the folder exists and `overwrite` is False, or it is one of something else.
        OutputError: it could not be written; what was there before is unchanged.
    """
    need(split, Split, "split", "what prepare or read_split returned")
    with writing(folder, overwrite=overwrite, marker=ITEMS) as aside:
        write_tables(split, aside)
    logger.debug("wrote the split %s to %s", split.name, folder)


def write_tables(split: Split, folder: FilePath) -> None:
    """Write the files of a split into a new folder, one after the other: inside a folder that `topple.files.writing` writes whole."""
    folder = path_of(folder)
    folder.mkdir()
    items = split.catalogue.vocabulary.ids
    (folder / ITEMS).write_text("".join(f"{item}\n" for item in items), encoding="utf-8")
    parts = (
        (split.train_users, split.train, split.times),
        (split.validation.users, split.validation.fold_in, split.validation.times),
        (split.validation.users, split.validation.held_out, None),
        (split.test.users, split.test.fold_in, split.test.times),
        (split.test.users, split.test.held_out, None),
    )
    for name, (users, matrix, times) in zip(TABLES, parts, strict=True):
        entries = matrix.tocoo()
        table = pa.table({"uid": users.column.take(pa.array(entries.row)), "sid": pa.array(entries.col)})
        if times is not None:
            table = table.append_column("time", pa.array(times))
        if (matrix.data != 1).any():
            table = table.append_column("weight", pa.array(matrix.data.astype(np.float64)))
        pa_csv.write_csv(table, folder / name)
    logs = split.events, split.validation.events, split.test.events
    for name, (users, *_), log in zip(
        ("train", "validation", "test"), (parts[0], parts[1], parts[3]), logs, strict=True
    ):
        if log is not None:
            weights = {} if log.weights is None else {"weight": pa.array(log.weights)}
            table = {"uid": users.column.take(pa.array(log.users)), "sid": pa.array(log.items)} | weights
            pa_csv.write_csv(pa.table(table), folder / EVENTS.format(name))
    if split.catalogue.titles is not None:
        pa_csv.write_csv(
            pa.table({"item": split.catalogue.vocabulary.column, "title": pa.array(split.catalogue.titles)}),
            folder / "titles.csv",
        )
    ids = {
        "user_ids": str(split.train_users.column.type),
        "item_ids": str(split.catalogue.vocabulary.column.type),
    }
    (folder / "split.json").write_text(json.dumps({"format": FORMAT, "name": split.name, **ids}, indent=2) + "\n")


def read_split(folder: FilePath, name: str | None = None) -> Split:
    """Read a split from a folder in the Alishop layout, of one writing: it is read again if it was replaced meanwhile.

    Raises:
        DataNotFoundError: a file of the layout is missing.
        DataError: a file that cannot be read, an item number outside the catalogue, a time that is not a number, a pair
            that occurs twice, or a user in more than one part.
    """
    need(name, str | None, "name", "a text, or None")
    found: Split = read_whole(folder, lambda: _read_tables(path_of(folder), name))
    return found


def _read_tables(folder: Path, name: str | None) -> Split:
    for file in FILES:
        wrong = problem(folder / file)
        if wrong:
            raise DataNotFoundError(
                f"{folder / file} {wrong.replace(MISSING, 'is missing')}. "
                f"The layout needs {', '.join(FILES)} in one folder."
            )
    about = _about(folder)
    items = _items(folder / ITEMS, about.get("item_ids"))
    titles = _titles(folder / "titles.csv", items)
    tables = _tables(folder, about.get("user_ids"), len(items))
    texts, sids, times, weights = tables["train.csv"]
    users, rows = Vocabulary.of(texts, "user")
    if len(users) == 0:
        raise DataError(f"{folder / 'train.csv'} holds no rows: at least one training user is needed.")
    split = Split(
        catalogue=Catalogue(items, titles),
        train_users=users,
        train=_matrix(rows, sids, len(users), len(items), "train.csv", weights),
        validation=_held_out(tables, "validation", len(items)),
        test=_held_out(tables, "test", len(items)),
        name=name or about.get("name") or folder.resolve().name,
        times=_sorted_times(rows, sids, times),
    )
    held = [
        replace(part, events=_events(folder, name, part.users, part.fold_in))
        for name, part in (("validation", split.validation), ("test", split.test))
    ]
    split = replace(split, validation=held[0], test=held[1], events=_events(folder, "train", users, split.train))
    _refuse_shared_users(split, folder)
    logger.info("read the split %s of %s: %d users to train on, %d items", split.name, folder, len(users), len(items))
    return split


def _events(folder: Path, part: str, users: Vocabulary, matrix: CsrMatrix) -> Events | None:
    """Read the events of a part; None where each stored entry is one.

    Raises:
        DataError: the events are not of the users and items of the part.
    """
    path = folder / EVENTS.format(part)
    if problem(path) == MISSING:
        return None
    texts, sids, _, weights = _pairs(path, matrix.shape[1])
    ids = texts if pa.types.is_string(users.column.type) else typed_ids(texts)
    rows = pc.index_in(ids, users.column) if ids.type == users.column.type else pa.nulls(len(ids), pa.int32())
    if not rows.null_count:
        log = Events.of(np.asarray(rows.to_numpy(), dtype=np.int64), sids, None, weights, len(users))
        pairs = log.matrix(matrix.shape[1])
        pairs.sum_duplicates()
        if np.array_equal(pairs.indptr, matrix.indptr) and np.array_equal(pairs.indices, matrix.indices):
            return log
    raise DataError(
        f"{path} does not hold the pairs of users and items of {part}. Prepare the folder anew, or delete {path.name}."
    )


def _refuse_shared_users(split: Split, folder: Path) -> None:
    parts = {"train": split.train_users, "validation": split.validation.users, "test": split.test.users}
    for (first, users), (second, others) in combinations(parts.items(), 2):
        shared = users.column.filter(pc.is_in(users.column, others.column))
        if len(shared):
            raise DataError(
                f"{folder}: {len(shared):,} users are both in {first} and in {second}, first uid={shared[0].as_py()!r}. Each "
                "user belongs to one part; prepare the folder anew."
            )


def _about(folder: Path) -> dict[str, str]:
    path = folder / "split.json"
    if problem(path) == MISSING:
        return {}
    try:
        about: dict[str, str] = dict(json_of(read_text(path)))
    except (OSError, TypeError, ValueError) as error:
        raise DataError(
            f"{path} is not a JSON object: {error}. Delete the file to read the folder by the tables alone."
        ) from error
    if about.get("format") != FORMAT:
        raise DataError(f"{path} has format {about.get('format')!r}; this version of topple reads {FORMAT!r}.")
    return about


def _items(path: Path, kind: str | None) -> Vocabulary:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text ({error}). It must hold one item id a line.") from error
    if lines[-1] == "":
        lines.pop()
    if not lines or "" in lines:
        where = f", line {lines.index('') + 1}," if lines else ""
        raise DataError(f"{path}{where} is empty: it must hold one item id a line.")
    texts = pa.array(lines)
    return Vocabulary(texts if kind == "string" else typed_ids(texts), "item")


def _titles(path: Path, items: Vocabulary) -> tuple[str, ...] | None:
    return Catalogue(items).with_titles(read_titles(path)).titles if problem(path) != MISSING else None


def _tables(folder: Path, kind: str | None, items: int) -> dict[str, Table]:
    """Read the five tables; user ids are integers where they are so in all of them."""
    tables = {file: _pairs(folder / file, items) for file in TABLES}
    texts = pa.concat_arrays([users for users, *_ in tables.values()])
    users = texts if kind == "string" else typed_ids(texts)
    ends = np.cumsum([len(sids) for _, sids, *_ in tables.values()])
    return {
        file: (users[end - len(sids) : end], sids, times, weights)
        for end, (file, (_, sids, times, weights)) in zip(ends.tolist(), tables.items(), strict=True)
    }


def _pairs(path: Path, items: int) -> Table:
    options = pa_csv.ConvertOptions(column_types={"uid": pa.string()}, null_values=[""], strings_can_be_null=True)
    try:
        table = pa_csv.read_csv(path, convert_options=options)
        names = table.column_names  # decoded here
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read: {(str(error).splitlines() or [''])[0]}. It must be CSV with columns uid, sid."
        ) from error
    missing = {"uid", "sid"} - set(names)
    if missing:
        raise DataError(f"{path} has columns {names}; it must have uid and sid.")
    if table.num_rows and not pa.types.is_integer(table["sid"].type):
        raise DataError(
            f"{path}: column sid is of type {table['sid'].type}; it must hold line numbers of unique_sid.txt."
        )
    uid = table["uid"].combine_chunks()
    if uid.null_count:
        row = pc.index(pc.is_null(uid), pa.scalar(True)).as_py()
        raise DataError(f"{path}: uid is missing in row {row + 1}. Every row needs one; prepare the folder anew.")
    sids = np.asarray(pc.fill_null(table["sid"].cast(pa.int64()), -1).to_numpy(), dtype=np.int64)
    outside = (sids < 0) | (sids >= items)
    if outside.any():
        row = int(np.argmax(outside))
        raise DataError(
            f"{path}: sid {table['sid'][row].as_py()!r} in row {row + 1} is outside the catalogue of {items:,} items "
            "(unique_sid.txt, counted from 0). Prepare the folder anew."
        )
    weights = _numbers(path, table, "weight")
    if weights is not None and not (weights > 0).all():
        raise DataError(f"{path}: column weight holds {weights.min():g}; a weight is above 0. Prepare the folder anew.")
    return uid, sids, _numbers(path, table, "time"), None if weights is None else weights.astype(np.float64)


def _numbers(path: Path, table: pa.Table, name: str) -> TimeArray | None:
    """Return a column of numbers; None where there is no such column."""
    if name not in table.column_names:
        return None
    column = table[name]
    if name == "time" and pa.types.is_integer(column.type) and not column.null_count:
        return np.asarray(column.to_numpy(), dtype=np.int64)
    numbers = pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or not table.num_rows
    values = np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64) if numbers else np.zeros(0)
    if len(values) < table.num_rows or not np.isfinite(values).all():
        raise DataError(f"{path}: column {name} must hold a number in every row. Correct it, or leave the column out.")
    return values


def _sorted_times(rows: IntArray, columns: IntArray, times: TimeArray | None) -> TimeArray | None:
    """Return the times in the order in which `to_matrix` stores the entries."""
    return None if times is None else times[np.lexsort((columns, rows))]


def _held_out(tables: dict[str, Table], part: str, items: int) -> HeldOut:
    (fold_users, fold_items, times, weights), (out_users, out_items, *_) = (
        tables[f"{part}_{half}.csv"] for half in ("tr", "te")
    )
    users, rows = Vocabulary.of(pa.concat_arrays([fold_users, out_users]), "user")
    fold_in = _matrix(rows[: len(fold_items)], fold_items, len(users), items, f"{part}_tr.csv", weights)
    held_out = _matrix(rows[len(fold_items) :], out_items, len(users), items, f"{part}_te.csv")
    if fold_in.multiply(held_out).nnz:
        raise DataError(
            f"{part}_te.csv repeats a (uid, sid) pair of {part}_tr.csv: what must be predicted would be in the history. "
            "Prepare the folder anew."
        )
    return HeldOut(users, fold_in, held_out, _sorted_times(rows[: len(fold_items)], fold_items, times))


def _matrix(
    rows: IntArray, columns: IntArray, users: int, items: int, file: str, weights: FloatArray | None = None
) -> CsrMatrix:
    if len(np.unique(rows * items + columns)) < len(rows):
        raise DataError(f"{file} repeats a (uid, sid) pair. A pair occurs once; prepare the folder anew.")
    return to_matrix(rows, columns, (users, items), weights)
