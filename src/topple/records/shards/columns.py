"""Many explanations as an Arrow table, column by column; the table is the one that `to_table` makes of their rows."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from topple.records.answer import Explanation, Status
from topple.records.fields import FIELDS, SCHEMA, Field
from topple.records.io import Words
from topple.records.kinds import IdTypes, as_it_is, fitting


def schema_of(ids: IdTypes) -> pa.Schema:
    """Return the columns of explanations: the schema's name in the metadata, a line about each column in that of the column."""
    return pa.schema(
        [pa.field(field.name, field.kind.column(ids), metadata={"about": field.about}) for field in FIELDS],
        metadata={"schema": SCHEMA},
    )


def table_of(explanations: Sequence[Explanation], ids: IdTypes, words: Words | None = None) -> pa.Table:
    """Return explanations as an Arrow table.

    What neighbours share, such as the history of the queries of a user, is converted once. Without words, titles and sentences are null.

    Args:
        explanations: in order.
        ids: the types of the ids.
        words: what makes titles and sentences.
    """
    schema = schema_of(ids)
    strange = [number for number, each in enumerate(explanations) if each.status is Status.INVALID]
    columns = [
        _column(field, type_, _values(field, explanations, words), strange)
        for field, type_ in zip(FIELDS, schema.types, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _values(field: Field, explanations: Sequence[Explanation], words: Words | None) -> list[Any]:
    """Return a field of each explanation, as the record holds it; what is derived from the question once for those that share it."""
    if not field.attribute:
        return [None if words is None else words[field.name](each) for each in explanations]
    if field.name == "history_fingerprint":
        return _fingerprints(explanations)
    owner, attribute = field.owner, field.attribute
    if not owner:
        return [getattr(each, attribute) for each in explanations]
    records = (getattr(each, owner) for each in explanations)
    return [None if record is None else getattr(record, attribute) for record in records]


def _fingerprints(explanations: Iterable[Explanation]) -> list[str]:
    """Return the fingerprint of each history, made once for neighbours that are about one."""
    found: list[str] = []
    last: Any = None
    for each in explanations:
        query = each.query
        one_history = last is not None and all(
            getattr(query, name) is getattr(last, name) for name in ("history", "weights", "times", "context_key")
        )
        found.append(found[-1] if one_history else query.history_fingerprint)
        last = query
    return found


def _column(field: Field, type_: pa.DataType, values: list[Any], strange: Sequence[int]) -> pa.Array:
    """Return a column: values that are the same object as the one before are converted once.

    Args:
        field: the field.
        type_: of the column.
        values: one a row.
        strange: rows of queries that could not be asked: they may hold ids of another type, which a column cannot.
    """
    kept: list[Any] = []
    counts: list[int] = []
    last: Any = values  # no value is this list
    for value in values:
        if value is last:
            counts[-1] += 1
        else:
            kept.append(value)
            counts.append(1)
            last = value
    to_column = str if field.name == "user" and pa.types.is_string(type_) else field.kind.to_column
    to_json = field.kind.to_json if field.attribute else as_it_is
    json = (None if value is None else to_json(value) for value in kept)
    cells = [None if value is None else to_column(value) for value in json]
    which = np.repeat(np.arange(len(kept)), counts)  # of the values that were kept, for each row
    for number in {int(which[row]) for row in strange}:
        cells[number] = None if cells[number] is None else fitting(cells[number], type_)
    array = pa.array(cells, type_)
    return array if len(kept) == len(values) else array.take(pa.array(which))
