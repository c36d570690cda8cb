"""Which columns of a table are meant: those that are named, and those with plain names."""

import logging
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, Self

import narwhals as nw
import numpy as np

from topple.data.dates import written
from topple.data.formats import ORDER, exploded
from topple.data.merging import Rows
from topple.data.rows.account import Dropped, Order, Step
from topple.data.rows.events import Events
from topple.data.rows.names import AUTO, RATINGS, TIMES, WEIGHTS, id_columns, named_like, say_taken
from topple.data.tables import column_of, missing_column, numbered, ratings_of, times_of, weights_of
from topple.data.vocabulary import Vocabulary
from topple.errors import DataError, need, shown
from topple.types import BoolArray, FloatArray, IntArray, TimeArray, plain

logger = logging.getLogger(__name__)

MOST_SHOWN = 8
"""Columns of a row that is shown at most."""
NOTHING = ("", "na", "n/a", "nan", "null", "none", "nat", "-", "?")
"""What stands for a missing number or time in a column of texts, in capitals or not."""


class Moments(NamedTuple):
    """The time of each row; None where neither times nor an order are known.

    Args:
        times: numbers that grow with time [rows].
        unit: of dates, "us" or "ns"; "" for what is no time but an order; None: numbers as they are.
        span: the first and the last time in words.
    """

    times: TimeArray | None
    unit: str | None = None
    span: tuple[str, str] | None = None


@dataclass(frozen=True, eq=False)
class Columns:
    """A table with a row an interaction, and the names of the columns that are meant; None for what is not read.

    Args:
        frame: the table.
        user: column of user ids.
        item: column of item ids.
        rating: column of ratings.
        title: column of titles.
        timestamp: column of times.
        weight: column of weights.
        by_rows: why the rows of a user, or those of equal times, are in the order of the events; None: they are not.
        day_first: whether 03/04/2025 is the third of April.
        missing: columns that are named and not there; all but users and items are not read then.
    """

    frame: nw.DataFrame[Any]
    user: str
    item: str
    rating: str | None
    title: str | None
    timestamp: str | None
    weight: str | None
    by_rows: Order | None
    day_first: bool | None
    missing: tuple[str, ...] = ()

    @property
    def order(self) -> Order | None:
        """What the order of the events is told by; None: it is not known."""
        return self.by_rows if self.timestamp is None else Order.TIMES

    @classmethod
    def of(
        cls,
        frame: nw.DataFrame[Any],
        named: tuple[Any, Any, Any, Any, Any, Any],
        *,
        ordered: bool = False,
        day_first: bool | None = None,
    ) -> Self:
        """Find the columns in a table whose cells may hold lists; `missing` tells which are not there.

        Args:
            frame: the table.
            named: the columns of users, items, ratings, titles, times and weights.
            ordered: whether the rows of a user, or those of equal times, are in the order of the events.
            day_first: of dates.

        Raises:
            DataError: lists of different lengths in a row.
        """
        user, item, rating, title, timestamp, weight = _need_names(*named)
        usual_user, usual_item = user, item
        user, item = id_columns(frame.columns, user, item)
        # Named before lists are taken apart, for a column of lists is called so too, and after, for the fields of objects are columns then.
        frame = exploded(frame, item, (user, item, rating, title, timestamp, weight))
        user, item = id_columns(frame.columns, user, item)
        say_taken((usual_user, user), (usual_item, item))
        by_name = {str(column).lower(): column for column in frame.columns}
        if weight == AUTO:
            taken = (user, item, rating, title, timestamp)
            weight = next((by_name[name] for name in WEIGHTS if name in by_name and by_name[name] not in taken), None)
        chosen = {"rating": rating, "title": title, "timestamp": timestamp, "weight": weight}
        there = {name: column if column in frame.columns else None for name, column in chosen.items()}
        absent = [
            column for column in (user, item, *chosen.values()) if column is not None and column not in frame.columns
        ]
        by_rows = Order.LISTS if ORDER in frame.columns else Order.ROWS if ordered else None
        return cls(frame, user, item, by_rows=by_rows, day_first=day_first, missing=tuple(absent), **there)

    def refuse(self) -> None:
        """Refuse columns that are not there, and holes.

        Raises:
            DataError: there is one.
        """
        for message in (*self.absent(), *self.holes()):
            raise DataError(message)

    def absent(self) -> list[str]:
        """Return a message for each column that is named and not there."""
        return [missing_column(column, self.frame.columns) for column in self.missing]

    def holes(self) -> list[str]:
        """Return a message for each column that has holes."""
        found = []
        for what, (column, holes) in self._holes.items():
            rows = np.flatnonzero(holes)
            if len(rows):
                value = self.frame[column][int(rows[0])]
                there = f", which holds {shown(value)} there" if isinstance(value, str) and value else ""
                more = f" and {len(rows) - 1:,} more" if len(rows) > 1 else ""
                found.append(
                    f"{what} is missing in row {rows[0] + 1}{more} of {len(self.frame):,} (column {column!r}{there}). Every row needs "
                    "one; correct such rows, or leave them out: drop_missing=True (--drop-missing)."
                )
        return found

    def without_holes(self) -> tuple[Self, Step]:
        """Return the table of the rows that have a value in each of the columns but titles, and what is left out."""
        counts = {column: int(holes.sum()) for column, holes in self._holes.values() if holes.any()}
        if not counts:
            return self, Step(Dropped.HOLES, 0)
        found = self.whole()
        left_out = len(self.frame) - len(found.frame)
        told = ", ".join(f"{column!r} {count:,}" for column, count in counts.items())
        logger.warning("%d of %d rows are left out, for something is missing: %s", left_out, len(self.frame), told)
        return found, Step(Dropped.HOLES, left_out, told=counts)

    def whole(self) -> Self:
        """Return the table of the rows without a hole, without a word."""
        if not len(self.frame):
            return self
        holes = [holes for _, holes in self._holes.values()]
        return replace(self, frame=self.frame.filter((~np.any(holes, axis=0)).tolist()))

    @cached_property
    def _holes(self) -> dict[str, tuple[str, BoolArray]]:
        """Each column that is read but for titles, and which rows have no value there, by what it holds."""
        return {what: (column, _holes(self.frame[column], what)) for what, column in self._read().items()}

    def _read(self) -> dict[str, str]:
        """Return the columns that are read, by what they hold, but for titles."""
        named = {
            "user id": self.user,
            "item id": self.item,
            "rating": self.rating,
            "weight": self.weight,
            "time": self.timestamp,
        }
        return {what: column for what, column in named.items() if column is not None and column in self.frame.columns}

    def users(self) -> tuple[Vocabulary, IntArray]:
        """Return the user ids, and the index of each row's."""
        return Vocabulary.of(column_of(self.frame[self.user]), "user")

    def items(self) -> tuple[Vocabulary, IntArray]:
        """Return the item ids, and the index of each row's."""
        return Vocabulary.of(column_of(self.frame[self.item]), "item")

    def ratings(self) -> FloatArray | None:
        """Return the rating of each row."""
        return None if self.rating is None else ratings_of(self.frame[self.rating])

    def weights(self) -> FloatArray | None:
        """Return the weight of each row."""
        return None if self.weight is None else weights_of(self.frame[self.weight])

    def moments(self) -> "Moments":
        """Return the time of each row.

        Where the order of the rows counts, the number of the row when all are in order stands for the time.
        """
        if self.timestamp is None:
            return Moments(None if self.by_rows is None else np.arange(len(self.frame), dtype=np.int64))
        times, unit = times_of(self.frame[self.timestamp], day_first=self.day_first)
        first, last = written(np.array([times.min(), times.max()]), unit)
        if self.by_rows is None:
            return Moments(times, unit, (first, last))
        numbers = np.empty(len(times), dtype=np.int64)
        numbers[np.argsort(times, kind="stable")] = np.arange(len(times))
        return Moments(numbers, "", (first, last))

    def below_nothing(self, weights: FloatArray) -> list[str]:
        """Return the message about rows with a weight below 0, if there are such."""
        if bool((weights >= 0).all()):
            return []
        row = int(np.argmax(weights < 0))
        return [
            f"{int((weights < 0).sum()):,} of {len(weights):,} rows have a weight below 0, first {weights[row]:g} in row {row + 1} of "
            f"column {self.weight!r}. A weight is above 0; leave out such rows, or read without weights: weight=None "
            "(--weight-column none)."
        ]

    def events(self, read: Rows, user_index: IntArray, item_index: IntArray) -> Events:
        """Return every row with a weight as an event.

        Raises:
            DataError: a weight below 0.
        """
        count = int(user_index.max()) + 1
        if read.weights is None:
            return Events.of(user_index, item_index, read.timestamps, None, count)
        for message in self.below_nothing(read.weights):
            raise DataError(message)
        there = read.weights > 0
        times = None if read.timestamps is None else read.timestamps[there]
        return Events.of(user_index[there], item_index[there], times, read.weights[there], count)

    def first_rows(self, count: int) -> dict[str, dict[str, object]]:
        """Return the first rows as they are written, by number: all columns where one that is named is not there."""
        rows, named = self.frame.head(count), self._read()
        if self.missing:
            named = {str(column): column for column in rows.columns[:MOST_SHOWN]}
        values = {
            ("time" if what == "time" else what.removesuffix(" id")): rows[column].to_list()
            for what, column in named.items()
        }
        return {str(row + 1): {name: plain(column[row]) for name, column in values.items()} for row in range(len(rows))}

    def unread(self) -> dict[str, str]:
        """Return the columns that look like times or ratings and are not read, by which of the two; without a header, any "others"."""
        read = {self.user, self.item, self.rating, self.title, self.timestamp, self.weight}
        names = [str(column) for column in self.frame.columns if column not in read]
        found = {}
        for what, usual, column in (("time", TIMES, self.timestamp), ("rating", RATINGS, self.rating or self.weight)):
            near = named_like(names, usual)
            if column is None and near:
                found[what] = near[0]
        return {"others": ", ".join(names)} if names and numbered(self.frame.columns) else found

    def titles(self, item_index: IntArray, items: Vocabulary) -> tuple[str, ...] | None:
        """Return the title of each item in the first row that has one; an item without a title has the id as title."""
        if self.title is None:
            return None
        series = self.frame[self.title]
        rows = zip(item_index.tolist(), series.to_list(), series.is_null().to_list(), strict=True)
        found: dict[int, str] = {}
        for index, text, missing in rows:
            if not missing and index not in found:
                found[index] = str(text)
        return tuple(found.get(index, str(item)) for index, item in enumerate(items.ids))


def _holes(series: nw.Series[Any], what: str) -> BoolArray:
    """Return which rows of a column have no value: NaN and empty texts too, and of numbers and times words such as NA."""
    found = _truths(series.is_null()) if series.null_count() else np.zeros(len(series), dtype=np.bool_)
    if series.dtype.is_float():
        return found | np.asarray(np.isnan(series.to_numpy()), dtype=np.bool_)
    if series.dtype == nw.String:
        texts, words = (
            (series, [""]) if what.endswith(" id") else (series.str.strip_chars().str.to_lowercase(), list(NOTHING))
        )
        return found | _truths(texts.is_in(words).fill_null(value=False))
    return found


def _truths(series: nw.Series[Any]) -> BoolArray:
    """Return a column of truths; most are all false, and that is known sooner."""
    return np.asarray(series.to_numpy(), dtype=np.bool_) if series.any() else np.zeros(len(series), dtype=np.bool_)


def _need_names(*columns: Any) -> tuple[Any, ...]:
    """Refuse what names no column, in the order of the parameters."""
    names = ("user", "item", "rating", "title", "timestamp", "weight")
    for name, column in zip(names, columns, strict=True):
        need(column, str if name in ("user", "item") else str | None, name, "the name of a column")
    return columns
