"""What became of the rows of a table, from reading to the split: counts, reasons, and the sentences that tell them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from topple.errors import counted
from topple.types import JsonObject


class Order(StrEnum):
    """What the order of the events of a history is told by."""

    TIMES = "times"
    """A column of times."""
    ROWS = "rows"
    """The order of the rows, which the reader was told to take."""
    LISTS = "lists"
    """The order of the items in lists."""


class Dropped(StrEnum):
    """Why rows are not among the interactions that are used."""

    HOLES = "holes"
    """Something is missing in the row."""
    REPEATS = "repeats"
    """The (user, item) pair has other rows, which the row was merged with."""
    NO_WEIGHT = "no_weight"
    """The weights of the pair come to 0."""
    NOT_POSITIVE = "not_positive"
    """The rating is not above the threshold."""
    FEW_ITEMS = "few_items"
    """The user has too few interactions."""
    UNSEEN_ITEMS = "unseen_items"
    """No training user met the item."""


@dataclass(frozen=True, slots=True)
class Step:
    """Rows, or interactions, that were left out for one reason.

    Args:
        why: the reason.
        rows: how many rows or interactions.
        users: how many users have none left.
        items: how many items have none left.
        told: what the sentence needs besides: a threshold, counts by column, how repeats are merged.
    """

    why: Dropped
    rows: int
    users: int = 0
    items: int = 0
    told: Mapping[str, object] = field(default_factory=dict)

    def sentence(self) -> str:
        """Return the step in words."""
        rows, pairs = counted(self.rows, "row"), counted(self.rows, "interaction")
        gone = [counted(count, what) for count, what in ((self.users, "user"), (self.items, "item")) if count]
        without = f" ({' and '.join(gone)} had no other)" if gone else ""
        match self.why:
            case Dropped.HOLES:
                columns = ", ".join(f"{column} {count:,}" for column, count in self.told.items())
                return f"{rows} with something missing, by column: {columns}."
            case Dropped.REPEATS:
                return f"{rows} repeating a pair of user and item: {MERGED[str(self.told['by'])]}."
            case Dropped.NO_WEIGHT:
                return f"{pairs} whose weights come to 0{without}."
            case Dropped.NOT_POSITIVE:
                return f"{pairs} with a rating that is not above {self.told['above']:g}{without}."
            case Dropped.FEW_ITEMS:
                fewest = self.told["minimum"]
                return f"{pairs} of {counted(self.users, 'user')} with fewer than {fewest}{_left(self.items)}."
            case Dropped.UNSEEN_ITEMS:
                nothing_left = f"; {counted(self.users, 'user')} had no other" if self.users else ""
                return (
                    f"{pairs} of held-out users with {counted(self.items, 'item')} that no training user "
                    f"met{nothing_left}."
                )


MERGED = {
    "sum": "their weights are summed",
    "mean": "their mean is kept",
    "count": "they are counted, and the count is the weight",
    "max": "the largest is kept",
    "first": "the first is kept",
    "last": "the last is kept",
}


@dataclass(frozen=True, slots=True)
class Account:
    """What became of the rows of a table.

    Args:
        rows: how many rows were read; None: the interactions were not read from a table.
        users: users with an interaction, once read.
        items: items with an interaction, once read.
        order: what the order of the events is told by; None: it is not known.
        span: the first and the last time, as dates where they are dates.
        unit: of times that are dates, "us" or "ns"; "" for what is no time but an order; None: numbers as they are.
        kept: rows that repeat a pair and are kept as events.
        steps: what was left out, in turn.
        unread: columns that look like times or ratings and were not read, by which of the two; of a table without a header, where the
            names tell nothing, "others".
    """

    rows: int | None = None
    users: int = 0
    items: int = 0
    order: Order | None = None
    span: tuple[str, str] | None = None
    unit: str | None = None
    kept: int = 0
    steps: tuple[Step, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)

    def then(self, *steps: Step) -> Self:
        """Return the account with more steps; those that left nothing out are none."""
        return replace(self, steps=(*self.steps, *(step for step in steps if step.rows)))

    def sentences(self) -> list[str]:
        """Return what was read, what was left out and why, and what the order of the events is told by."""
        if self.rows is None:
            return []
        span = "" if self.span is None else f", from {self.span[0]} to {self.span[1]}"
        lines = [f"{counted(self.rows, 'row')}: {counted(self.users, 'user')}, {counted(self.items, 'item')}{span}."]
        lines += [f"Left out: {step.sentence()}" for step in self.steps]
        if self.kept:
            lines.append(f"Kept as events of a history: {counted(self.kept, 'row')} repeating a pair of user and item.")
        lines.append(f"Order of the events: {ORDERS[self.order]}.")
        if "time" in self.unread:
            column = self.unread["time"]
            lines[-1] = f"{lines[-1][:-1]}; the column {column!r} was not read (--time-column)."
        if "rating" in self.unread:
            lines.append(
                f"The column {self.unread['rating']!r} was not read: every row counts as positive, whatever the rating "
                "(--rating-column)."
            )
        if "others" in self.unread:
            lines.append(
                f"Columns that were not read: {self.unread['others']} (--rating-column, --weight-column and --time-column name one)."
            )
        return lines

    def as_json(self) -> JsonObject:
        """Return the account as JSON."""
        return {
            "rows": self.rows,
            "users": self.users,
            "items": self.items,
            "order": None if self.order is None else self.order.value,
            "span": None if self.span is None else list(self.span),
            "left_out": [
                {
                    "why": step.why.value,
                    "rows": step.rows,
                    "users": step.users,
                    "items": step.items,
                    "detail": dict(step.told),
                }
                for step in self.steps
            ],
            "kept_as_events": self.kept,
            "not_read": dict(self.unread),
        }


ORDERS = {
    Order.TIMES: "by their times",
    Order.ROWS: "that of the rows",
    Order.LISTS: "that of the lists",
    None: "not known, histories come sorted by item id",
}


def _left(items: int) -> str:
    return f"; {counted(items, 'item')} left with them" if items else ""
