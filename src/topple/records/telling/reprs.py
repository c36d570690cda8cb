"""Short texts of records for a prompt or a log: what a person wants to know, in a line or two."""

from collections.abc import Collection, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from topple.errors import counted, cut, escaped, shown

if TYPE_CHECKING:
    from topple.records.answer import Explanation

MOST_ITEMS = 6
"""A longer collection is told by how many items it has."""
MOST_NAMED = 4
"""Items of a set that the text of an explanation names at most."""
LONGEST_VALUE = 60
"""Most characters of one value."""


def record_text(record: Any, **instead: str) -> str:
    """Return a dataclass with the fields that are not their defaults, each value short.

    Args:
        record: a dataclass.
        instead: by field, the text in place of the value's.

    Example:
        >>> from topple.records.question import Query
        >>> record_text(Query(range(100), 7, k=3))
        'Query(history=<100 items>, k=3, target=7)'
    """
    told = []
    for field in fields(record):
        value = getattr(record, field.name)
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        if field.repr and (value is not default) and not _equal(value, default):
            told.append(f"{field.name}={instead.get(field.name) or value_text(value)}")
    return f"{type(record).__name__}({', '.join(told)})"


def value_text(value: Any) -> str:
    """Return a value as a short text; of a long collection how many items it has.

    Example:
        >>> value_text("alien"), value_text((1, 2)), value_text(frozenset(range(2000)))
        ("'alien'", '(1, 2)', '<2,000 items>')
    """
    if isinstance(value, Enum):
        return shown(value.value)
    if is_dataclass(value):
        return shown(value)
    many = isinstance(value, Collection) and not isinstance(value, str | bytes) and len(value) > MOST_ITEMS
    if many:
        return f"<{counted(len(value), 'entry', 'entries') if isinstance(value, Mapping) else counted(len(value), 'item')}>"
    return cut(escaped(shown(value)), LONGEST_VALUE)


def explanation_text(explanation: "Explanation") -> str:
    """Return an explanation in a line or two: whose, what, without what, and what is proven."""
    query = explanation.query
    who = "a history" if query.user is None else f"user {value_text(query.user)}"
    rank = f" (rank {explanation.rank_before})" if explanation.rank_before is not None else ""
    about = f"Explanation for {who} of {_title(explanation, query.target)}{rank}"
    work = f"{explanation.method or 'no method'}, {explanation.cost:,} scored"
    return f"<{about}: {_told(explanation)}; {work}>"


def _told(explanation: "Explanation") -> str:
    """Say what the set does, or why there is none."""
    if not explanation.items:
        status = explanation.status.value.replace("_", " ")
        reason = f": {cut(escaped(explanation.reason), 2 * LONGEST_VALUE)}" if explanation.reason else ""
        return f"{status}{reason}"
    named = ", ".join(_title(explanation, item) for item in explanation.items[:MOST_NAMED])
    more = len(explanation.items) - MOST_NAMED
    named += f" and {more} more" if more > 0 else ""
    ranks = []
    if explanation.rank_after is not None:
        ranks.append(f"without {named} it has rank {explanation.rank_after}")
    if explanation.rank_alone is not None:
        ranks.append(f"with {'these' if ranks else named} alone rank {explanation.rank_alone}")
    proof = "not true" if explanation.proof is None else explanation.proof.value
    return f"{', '.join(ranks) or named}; {proof}"


def _title(explanation: "Explanation", item: Any) -> str:
    """Return the title of an item where the explanation has somebody to ask, else the id."""
    told = explanation.title(item)
    return value_text(item if told == str(item) else told)


def _equal(value: Any, default: Any) -> bool:
    """Return whether a value is the default; what cannot be compared is not."""
    try:
        return bool(value == default)
    except Exception:  # noqa: BLE001 # an array of truths, or whatever a caller put into a field
        return False
