"""Records made of values that are of their types already: many at once, of columns, or one like another."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from itertools import repeat
from typing import Any, TypeAlias, TypeVar

_Record = TypeVar("_Record")
FieldOf: TypeAlias = tuple[str, Any, Callable[[Any, Any], None]]
_FIELDS: dict[type[Any], tuple[FieldOf, ...]] = {}


def from_columns(record: type[_Record], columns: Mapping[str, Sequence[Any]], **same: Any) -> list[_Record]:
    """Return one record a row of columns.

    Args:
        record: a frozen dataclass with slots, which converts and checks nothing as it is made.
        columns: by field, the values of the records, as many in each.
        same: by field, what all records hold; a field that is in neither has its default.

    Raises:
        TypeError: a name that is of no field.
        ValueError: columns of different lengths.

    Example:
        >>> from topple.records.answer import Verdict
        >>> first, second = from_columns(Verdict, {"query": [None, None], "size": [2, 3]}, rule=None, found=True)
        >>> first.size, second.size, second.found, second.minimal
        (2, 3, True, None)
    """
    strange = {*columns, *same}.difference(name for name, _, _ in fields_of(record))
    if strange:
        raise TypeError(f"{record.__name__} has no field {', '.join(sorted(strange))}. Name fields of the record.")
    if len({*map(len, columns.values())}) > 1:
        lengths = ", ".join(f"{name}: {len(values):,}" for name, values in columns.items())
        raise ValueError(
            f"The columns of {record.__name__} are of different lengths ({lengths}). Give as many values in each."
        )
    made = [record.__new__(record) for _ in next(iter(columns.values()))]
    for name, default, set_field in fields_of(record):
        values = columns[name] if name in columns else repeat(same.get(name, default), len(made))
        deque(map(set_field, made, values), maxlen=0)
    return made


def fields_of(record: type[Any]) -> tuple[FieldOf, ...]:
    """Return name, default and setter of the fields of a dataclass with slots.

    A setter sets the field of a frozen record as it is made, in half the time of `object.__setattr__`.
    """
    if record not in _FIELDS:
        _FIELDS[record] = tuple(
            (each.name, each.default, getattr(record, each.name).__set__) for each in fields(record)
        )
    return _FIELDS[record]
