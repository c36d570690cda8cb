"""Plain names of columns, which are taken where none has the usual name."""

import logging
from collections.abc import Sequence

logger = logging.getLogger(__name__)

AUTO = "auto"
"""In place of the name of a weight column: the first of `WEIGHTS` that the table has, if it has one."""
WEIGHTS = ("weight", "weights", "count", "counts", "plays", "play_count", "playcount", "quantity", "confidence")
"""Plain names of weight columns, in capitals or not."""

USERS = ("userid", "uid", "customerid", "customer", "visitorid", "session", "sessionid", "reviewerid")
TITLES = (
    "titles", "name", "itemtitle", "itemname", "movietitle", "producttitle", "productname", "trackname", "booktitle"
)  # fmt: skip
ITEMS = (
    "itemid", "iid", "items", "movieid", "productid", "product", "trackid", "artistid", "bookid", "isbn", "aid", "asin", "sku"
)  # fmt: skip
TIMES = (
    "timestamp", "time", "date", "datetime", "when", "ts", "unixtime", "eventtime", "createdat", "day", "invoicedate", "orderdate"
)  # fmt: skip
RATINGS = ("rating", "ratings", "stars", "score", "overall")
"""Plain names of columns, small and without blanks, that are taken where none is called user, item or title; those of times and
ratings are only told where they are not read."""


def named_like(columns: Sequence[str], others: Sequence[str]) -> list[str]:
    """Return the columns whose names, small and without blanks, are among plain names."""
    return [column for column in columns if str(column).lower().replace("_", "").replace(" ", "") in others]


def by_number(name: str, usual: str, number: str) -> str:
    """Return the number of a column, in the place of its usual name, in a table without a header."""
    return number if name == usual else name


def id_columns(columns: Sequence[str], user: str, item: str) -> list[str]:
    """Return the columns that are meant by the names of users and items."""
    return [plain_column(columns, user, "user", USERS), plain_column(columns, item, "item", ITEMS)]


def plain_column(columns: Sequence[str], name: str, usual: str, others: Sequence[str]) -> str:
    """Return the column that is meant by the usual name: the only one with another plain name, where none has the usual one."""
    if name in columns or name != usual:
        return name
    found = named_like(columns, others)
    return found[0] if len(found) == 1 else name


def say_taken(*pairs: tuple[str, str]) -> None:
    """Say of each column that is taken for one of a usual name, (name, column), that it is."""
    for name, column in pairs:
        if name != column:
            logger.warning("there is no column %r: %r is taken for it", name, column)
