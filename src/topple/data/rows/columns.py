"""Which columns of a table are meant: those that are named, and those with plain names."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import narwhals as nw
import numpy as np

from topple.data.dates import written
from topple.data.formats import ORDER, exploded
from topple.data.rows.account import Dropped, Order, Step
from topple.data.tables import column_of, missing_column, ratings_of, times_of, weights_of
from topple.data.vocabulary import Vocabulary
from topple.errors import DataError, need
from topple.types import FloatArray, IntArray, TimeArray

logger = logging.getLogger(__name__)

AUTO = "auto"
"""In place of the name of a weight column: the first of `WEIGHTS` that the table has, if it has one."""
WEIGHTS = ("weight", "weights", "count", "counts", "plays", "play_count", "playcount", "quantity", "confidence")
"""Plain names of weight columns, in capitals or not."""

USERS = ("userid", "uid", "customerid", "customer", "visitorid", "session", "sessionid", "reviewerid")
TITLES = (
    "titles",
    "name",
    "itemtitle",
    "itemname",
    "movietitle",
    "producttitle",
    "productname",
    "trackname",
    "booktitle",
)
ITEMS = (
    "itemid", "iid", "items", "movieid", "productid", "product", "trackid", "artistid", "bookid", "isbn", "aid", "asin", "sku"
)  # fmt: skip
TIMES = (
    "timestamp",
    "time",
    "date",
    "datetime",
    "when",
    "ts",
    "unixtime",
    "eventtime",
    "createdat",
    "day",
    "invoicedate",
    "orderdate",
)
RATINGS = ("rating", "ratings", "stars", "score", "overall")
"""Plain names of columns, small and without blanks, that are taken where none is called user, item or title."""


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
        """Find the columns in a table whose cells may hold lists.

        Args:
            frame: the table.
            named: the columns of users, items, ratings, titles, times and weights.
            ordered: whether the rows of a user, or those of equal times, are in the order of the events.
            day_first: of dates.

        Raises:
            DataError: a column that is missing.
        """
        user, item, rating, title, timestamp, weight = _need_names(*named)
        usual_user, usual_item = user, item
        user, item = plain_column(frame.columns, user, "user", USERS), plain_column(frame.columns, item, "item", ITEMS)
        # Named before lists are taken apart, for a column of lists is called so too, and after, for the fields of objects are columns then.
        frame = exploded(frame, item, (user, item, rating, title, timestamp, weight))
        user, item = plain_column(frame.columns, user, "user", USERS), plain_column(frame.columns, item, "item", ITEMS)
        say_taken((usual_user, user), (usual_item, item))
        by_name = {str(column).lower(): column for column in frame.columns}
        if weight == AUTO:
            taken = (user, item, rating, title, timestamp)
            weight = next((by_name[name] for name in WEIGHTS if name in by_name and by_name[name] not in taken), None)
        for column in (user, item, rating, title, timestamp, weight):
            if column is not None and column not in frame.columns:
                raise DataError(missing_column(column, frame.columns))
        by_rows = Order.LISTS if ORDER in frame.columns else Order.ROWS if ordered else None
        return cls(frame, user, item, rating, title, timestamp, weight, by_rows, day_first)

    def without_holes(self) -> tuple[Self, Step]:
        """Return the table of the rows that have a value in each of the columns but titles, and what is left out."""
        names = (self.user, self.item, self.rating, self.timestamp, self.weight)
        chosen = [column for column in names if column is not None]
        whole = self.frame.drop_nulls(subset=chosen)
        left_out = len(self.frame) - len(whole)
        counts = {column: count for column in chosen if (count := int(self.frame[column].null_count()))}
        if left_out:
            holes = ", ".join(f"{column!r} {count:,}" for column, count in counts.items())
            logger.warning("%d of %d rows are left out, for something is missing: %s", left_out, len(self.frame), holes)
        return replace(self, frame=whole), Step(Dropped.HOLES, left_out, told=counts)

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

    def moments(self) -> tuple[TimeArray | None, tuple[str, str] | None]:
        """Return the time of each row, and the first and the last time in words.

        Where the order of the rows counts, the number of the row when all are in order stands for the time.
        """
        if self.timestamp is None:
            return (None if self.by_rows is None else np.arange(len(self.frame), dtype=np.int64)), None
        times, unit = times_of(self.frame[self.timestamp], day_first=self.day_first)
        first, last = written(np.array([times.min(), times.max()]), unit)
        if self.by_rows is None:
            return times, (first, last)
        numbers = np.empty(len(times), dtype=np.int64)
        numbers[np.argsort(times, kind="stable")] = np.arange(len(times))
        return numbers, (first, last)

    def unread(self) -> dict[str, str]:
        """Return the columns that look like times or ratings and are not read, by which of the two."""
        read = {self.user, self.item, self.rating, self.title, self.timestamp, self.weight}
        names = [str(column) for column in self.frame.columns if column not in read]
        found = {}
        for what, usual, column in (("time", TIMES, self.timestamp), ("rating", RATINGS, self.rating or self.weight)):
            near = [name for name in names if name.lower().replace("_", "").replace(" ", "") in usual]
            if column is None and near:
                found[what] = near[0]
        return found

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


def _need_names(*columns: Any) -> tuple[Any, ...]:
    """Refuse what names no column, in the order of the parameters."""
    names = ("user", "item", "rating", "title", "timestamp", "weight")
    for name, column in zip(names, columns, strict=True):
        need(column, str if name in ("user", "item") else str | None, name, "the name of a column")
    return columns


def plain_column(columns: Sequence[str], name: str, usual: str, others: Sequence[str]) -> str:
    """Return the column that is meant by the usual name: the only one with another plain name, where none has the usual one."""
    if name in columns or name != usual:
        return name
    found = [column for column in columns if str(column).lower().replace("_", "").replace(" ", "") in others]
    return found[0] if len(found) == 1 else name


def say_taken(*pairs: tuple[str, str]) -> None:
    """Say of each column that is taken for one of a usual name, (name, column), that it is."""
    for name, column in pairs:
        if name != column:
            logger.warning("there is no column %r: %r is taken for it", name, column)
