"""What became of the rows of a table, from reading to the split."""

from enum import StrEnum


class Order(StrEnum):
    """What the order of the events of a history is told by."""

    TIMES = "times"
    """A column of times."""
    ROWS = "rows"
    """The order of the rows, which the reader was told to take."""
    LISTS = "lists"
    """The order of the items in lists."""
