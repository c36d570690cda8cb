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
    *(
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
    ),
)
RATINGS = ("rating", "ratings", "stars", "score", "overall")
"""Plain names of columns, small and without blanks, that are taken where none is called user, item or title; those of times and
ratings are only told where they are not read."""


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
