"""The rows of a folder of explanations as a few arrays of numbers, read part by part: a million rows need no Explanation each."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from topple.api.papers.coding import Coder, Counter
from topple.api.papers.parts import CODED, LISTS, NEEDED, NUMBERS, parts_of
from topple.api.reasons import WHOLE_HISTORY
from topple.errors import DataError, DataNotFoundError, cut
from topple.files import read_whole
from topple.inputs import path_of, problem
from topple.records.answer import Proof, Status
from topple.records.io import LINES, TABLE
from topple.records.question import Goal
from topple.records.shards.reading import ITEMS, shard_files
from topple.types import FilePath, IntArray

MOST_REASONS = 500
"""Different reasons that are told apart; what comes after them counts as one more."""
_VARYING = re.compile(r"'[^']*'|\"[^\"]*\"|\d+(?:[.,]\d+)*%?")
"""What differs between reasons that are one: quoted values, and numbers."""


@dataclass
class Rows:
    """The rows of a file of explanations.

    Args:
        file: that was read.
        columns: one array for each column, a number a row; those of `coders` hold numbers of values.
        coders: by column, what the numbers stand for; "item" is that of items of all columns.
        named: how often each item is named in a true set.
        met: in how many histories of queries with a true set each item is, whether named or not.
        titles: by the number of an item.
        first, last: when the first and the last answer were given, as the file says; nothing where it does not.
    """

    file: Path
    columns: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    coders: dict[str, Coder] = field(default_factory=dict)
    named: Counter = field(default_factory=Counter)
    met: Counter = field(default_factory=Counter)
    titles: dict[int, str] = field(default_factory=dict)
    first: str = ""
    last: str = ""

    def __len__(self) -> int:
        return len(self.columns["status"])

    def name(self, column: str, code: int) -> str:
        """Return the value that a number of a column stands for; no text for none."""
        return "" if code < 0 else self.coders[column].names[code]

    def title(self, item: int) -> str:
        """Return the title of an item by number, or the id as text where the file has no title."""
        return self.titles.get(item) or self.name("item", item)

    def equals(self, column: str, value: str) -> np.ndarray[Any, Any]:
        """Return in which rows a column has a value, bool [M] of M rows."""
        found: np.ndarray[Any, Any] = self.columns[column] == self.coders[column].code(value)
        return found


def read_rows(path: FilePath) -> Rows:
    """Read what a report needs of a folder that `topple explain --out` wrote, or of one of the two files of such a folder.

    Raises:
        DataNotFoundError: there is none.
        DataError: the file is damaged, or of another schema.
    """
    return read_whole(path, lambda: _read(path_of(path)))


def _read(path: Path) -> Rows:
    files = (shard_files(path) if problem(path, folder=True) is None else None) or [_file_of(path)]
    file = files[0] if len(files) == 1 else path
    reading = _Reading(file)
    try:
        for each in files:
            for batch in parts_of(each):
                reading.take(batch)
        if problem(path / ITEMS) is None and len(files) and files[0].parent != path:
            reading.take_items(path / ITEMS)
    except DataError:
        raise
    except (AttributeError, KeyError, OSError, OverflowError, TypeError, ValueError, pa.ArrowException) as error:
        raise DataError(
            f"{file} is damaged: {cut(str(error), 300)}. Make it again with `topple explain --out`."
        ) from error
    return reading.rows()


def _file_of(path: Path) -> Path:
    """Return the file of a folder that holds explanations, or the file given."""
    file = next((path / name for name in (TABLE, LINES) if problem(path / name) is None), path / TABLE)
    file = file if problem(path, folder=True) is None else path
    wrong = problem(file)
    if wrong:
        raise DataNotFoundError(
            f"{file} {wrong}. Give a folder that `topple explain --out` or `topple batch` wrote, or a file of one."
        )
    return file


class _Reading:
    """Collects the parts of a file.

    Args:
        file: that is read.
    """

    def __init__(self, file: Path) -> None:
        self._rows = Rows(file)
        self._parts: dict[str, list[np.ndarray[Any, Any]]] = {}
        coders = {
            name: Coder(_common, MOST_REASONS) if name == "reason" else Coder()
            for name in (*CODED, "proof_by", "item")
            if name != "target"
        }
        self._rows.coders = {**coders, "target": coders["item"]}

    def take(self, batch: pa.RecordBatch) -> None:
        """Take one part."""
        if not batch.num_rows:
            return
        told = {name: batch.column(name) for name in NEEDED}
        found: dict[str, np.ndarray[Any, Any]] = {name: self._coded(name, told) for name in (*CODED, "proof_by")}
        found |= {name: _floats(told[name]) for name in NUMBERS}
        found |= {
            name: pc.fill_null(pc.list_value_length(told[name]), 0).to_numpy(zero_copy_only=False) for name in LISTS
        }
        found["largest"] = ~pc.is_null(told["largest"]).to_numpy(zero_copy_only=False)
        found["another_list"] = _flags(pc.equal(told["shown_is_models"], False))
        found["was_shown"] = ~pc.is_null(told["shown_is_models"]).to_numpy(zero_copy_only=False)
        whole = pc.coalesce(told["whole_history"], pc.starts_with(told["reason"], WHOLE_HISTORY.partition(":")[0]))
        found["whole"] = _flags(whole)
        self._check(found)
        self._count(told, found)
        self._take_titles(told)
        self._take_times(told["at"])
        for name, values in found.items():
            self._parts.setdefault(name, []).append(values)

    def take_items(self, file: Path) -> None:
        """Take over the titles of the items of a batch."""
        table = pq.read_table(file)
        for item, title in zip(table.column("item").to_pylist(), table.column("title").to_pylist(), strict=True):
            code = self._rows.coders["item"].code(str(item))
            if code >= 0 and title:
                self._rows.titles.setdefault(code, title)

    def rows(self) -> Rows:
        """Return everything that was taken."""
        names = (*CODED, "proof_by", *NUMBERS, *LISTS, "largest", "another_list", "was_shown", "whole")
        nothing = {name: [np.zeros(0, np.int64)] for name in names}
        self._rows.columns = {name: np.concatenate(parts) for name, parts in (self._parts or nothing).items()}
        return self._rows

    def _coded(self, name: str, told: dict[str, pa.Array]) -> IntArray:
        column = told[name]
        if name == "user":  # histories of nobody's are told apart by their fingerprints
            column = pc.cast(column, pa.string())
            column = pc.coalesce(column, pc.binary_join_element_wise("a history", told["history_fingerprint"], " "))
        return self._rows.coders[name].codes(column)

    def _check(self, found: dict[str, np.ndarray[Any, Any]]) -> None:
        """Refuse words that stand for nothing."""
        for name, known in (("status", Status), ("proof", Proof)):
            strange = [text for text in self._rows.coders[name].names if text not in [each.value for each in known]]
            if strange:
                raise ValueError(f"{name} is {strange[0]!r:.80}, and not one of {', '.join(known)}")
        if (found["status"] < 0).any():
            raise ValueError("status is missing in a row")

    def _count(self, told: dict[str, pa.Array], found: dict[str, np.ndarray[Any, Any]]) -> None:
        """Count the items that true sets name, and those that the histories of these queries hold."""
        rows = self._rows
        is_true = (
            (found["proof"] >= 0)
            & ~found["whole"]
            & (found["status"] == rows.coders["status"].code(Status.FOUND.value))
        )
        sufficient = found["goal"] == rows.coders["goal"].code(Goal.SUFFICIENT.value)
        chosen = pa.array(is_true & ~sufficient)
        for counter, name in ((rows.named, "items"), (rows.met, "history")):
            lists = told[name].filter(chosen)
            codes = rows.coders["item"].codes(lists.flatten())
            parents = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False).astype(np.int64)
            size = len(rows.coders["item"]) + 1
            once = np.unique((parents * size + codes)[codes >= 0])  # an item counts once a row
            counter.add(once % size)

    def _take_titles(self, told: dict[str, pa.Array]) -> None:
        """Take over the titles of items that have none yet."""
        coder = self._rows.coders["item"]
        self._add_titles(coder.codes(told["target"]), told["target_title"])
        for items, titles in (("items", "item_titles"), ("replacements", "replacement_titles")):
            lengths = pc.equal(pc.list_value_length(told[items]), pc.list_value_length(told[titles]))
            with_titles = pc.fill_null(lengths, False)
            named, told_so = told[items].filter(with_titles), told[titles].filter(with_titles)
            self._add_titles(coder.codes(named.flatten()), told_so.flatten())

    def _add_titles(self, codes: IntArray, titles: pa.Array) -> None:
        different, first = np.unique(codes, return_index=True)
        for item, at in zip(different.tolist(), first.tolist(), strict=True):
            title = titles[at].as_py()
            if item >= 0 and title and item not in self._rows.titles:
                self._rows.titles[item] = title

    def _take_times(self, at: pa.Array) -> None:
        """Widen the time in which the answers were given."""
        told = at.filter(pc.greater(pc.utf8_length(at), 0))
        if len(told):
            found = pc.min_max(told).as_py()
            self._rows.first = min(filter(None, (self._rows.first, found["min"])))
            self._rows.last = max(self._rows.last, found["max"])


def _common(reason: str) -> str:
    """Return what is common to reasons that differ in values alone.

    Example:
        >>> _common("target_item='50' is at rank 17, not in the top 5")
        'target_item=… is at rank …, not in the top …'
    """
    return cut(_VARYING.sub("…", reason), 240)


def _floats(column: pa.Array) -> np.ndarray[Any, Any]:
    """Return numbers as float64, NaN for null."""
    found: np.ndarray[Any, Any] = pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return found


def _flags(column: pa.Array) -> np.ndarray[Any, Any]:
    """Return truths, false for null."""
    found: np.ndarray[Any, Any] = pc.fill_null(column, False).to_numpy(zero_copy_only=False)
    return found
