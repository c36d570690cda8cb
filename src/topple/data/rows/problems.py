"""All that is wrong with a table, at once."""

from collections.abc import Callable
from typing import Any

from topple.data.interactions import Interactions
from topple.data.merging import Duplicates
from topple.data.rows.columns import Columns
from topple.data.vocabulary import Catalogue
from topple.errors import DataError


def problems_of(columns: Columns, duplicates: Duplicates | None = None, *, drop_missing: bool = False) -> list[str]:
    """Return a message for each thing that is wrong with a table; none where it can be read.

    Columns that are missing, holes, ids, ratings, weights and times that are none, weights below 0, and repeated pairs. Rows with
    holes are told once, and left out for the rest.

    Args:
        columns: the table.
        duplicates: what becomes of repeats.
        drop_missing: whether rows with holes are left out when the table is read, so that holes are no problem.
    """
    found = columns.absent() + ([] if drop_missing else columns.holes())
    if {columns.user, columns.item} & set(columns.missing):
        return found
    if not len(columns.frame):
        return [*found, "the table holds no rows: at least one interaction is needed. Check the source."]
    columns = columns.whole()
    if not len(columns.frame):
        return [*found, "no row is without a hole: at least one interaction is needed. Check the source."]
    users, items = _tried(columns.users, found), _tried(columns.items, found)
    _tried(columns.ratings, found)
    weights = _tried(columns.weights, found)
    _tried(columns.moments, found)
    found += [] if weights is None else columns.below_nothing(weights)
    refuses = duplicates == "error" or (duplicates is None and (columns.weight is None or columns.rating is not None))
    if users is not None and items is not None and refuses:
        _tried(lambda: Interactions(users[0], Catalogue(items[0]), users[1], items[1]), found)
    return found


def _tried(read: Callable[[], Any], found: list[str]) -> Any:
    """Return what is read; None where it cannot be, and the message joins those that are found."""
    try:
        return read()
    except DataError as error:
        found.append(str(error))
        return None
