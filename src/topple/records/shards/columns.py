"""Many explanations as an Arrow table, column by column; the table is the one that `to_table` makes of their rows."""

from collections.abc import Sequence
from operator import attrgetter, is_
from typing import Any

import numpy as np
import pyarrow as pa

from topple.records.answer import Explanation, Status
from topple.records.fields import FIELDS, SCHEMA, Field
from topple.records.io import Words
from topple.records.kinds import TEXT, IdTypes, as_it_is, fitting
from topple.types import IntArray


def schema_of(ids: IdTypes) -> pa.Schema:
    """Return the columns of explanations: the schema's name in the metadata, a line about each column in that of the column."""
    return pa.schema(
        [pa.field(field.name, field.kind.column(ids), metadata={"about": field.about}) for field in FIELDS],
        metadata={"schema": SCHEMA},
    )


def table_of(explanations: Sequence[Explanation], ids: IdTypes, words: Words | None = None) -> pa.Table:
    """Return explanations as an Arrow table.

    What neighbours share is converted once: the question of the same history, and what is the same for a run. Without words, titles and
    sentences are null.

    Args:
        explanations: in order.
        ids: the types of the ids.
        words: what makes titles and sentences.
    """
    schema = schema_of(ids)
    strange = [number for number, each in enumerate(explanations) if each.status is Status.INVALID]
    records = {"": explanations, "query": [each.query for each in explanations]}
    columns: dict[str, pa.Array] = {}
    for shared in (_ASKED, _OF_A_RUN):
        of = records[shared[0].owner]
        first, run = _runs(of, [field.attribute for field in shared if field.read])
        chosen, odd = [of[number] for number in first], sorted({int(run[number]) for number in strange})
        for field in shared:
            values = [getattr(record, field.attribute) for record in chosen]
            columns[field.name] = _array(field, schema.field(field.name).type, values, odd).take(pa.array(run))
    for field in _OF_EACH:
        values = _values(field, explanations, words)
        columns[field.name] = _array(field, schema.field(field.name).type, values, strange)
    return pa.Table.from_arrays([columns[field.name] for field in FIELDS], schema=schema)


_ASKED = [field for field in FIELDS if field.owner == "query" and field.name != "target"]
"""What the queries about a list share."""
_OF_A_RUN = [
    field
    for field in FIELDS
    if field.name in ("attributions", "attribution_errors", "shown", "shown_is_models", "alternatives", "seconds")
    or field.name in ("method", "settings", "model", "catalogue", "data", "at", "version")
]
"""What explanations that were made together share, most often."""
_OF_EACH = [field for field in FIELDS if field not in _ASKED and field not in _OF_A_RUN]


def _runs(records: Sequence[Any], attributes: Sequence[str]) -> tuple[list[int], IntArray]:
    """Return where runs of records begin whose attributes are the same objects, and the number of the run of each record [N]."""
    first, last = [], None
    for number, values in enumerate(map(attrgetter(*attributes), records)):
        if last is None or not all(map(is_, values, last)):
            first.append(number)
            last = values
    return first, np.repeat(np.arange(len(first)), np.diff([*first, len(records)]))


def _values(field: Field, explanations: Sequence[Explanation], words: Words | None) -> list[Any]:
    """Return a field of each explanation, as the record holds it."""
    if not field.attribute:
        return [None if words is None else words[field.name](each) for each in explanations]
    value = attrgetter(field.attribute)
    if not field.owner:
        return list(map(value, explanations))
    records = map(attrgetter(field.owner), explanations)
    return [None if record is None else value(record) for record in records]


def _array(field: Field, type_: pa.DataType, values: list[Any], strange: Sequence[int]) -> pa.Array:
    """Return a column of values.

    Args:
        field: the field.
        type_: of the column.
        values: one a row.
        strange: rows of queries that could not be asked: they may hold ids of another type, which a column cannot.
    """
    to_json = field.kind.to_json if field.attribute else as_it_is
    to_column = str if field.name == "user" and pa.types.is_string(type_) else field.kind.to_column
    if field.kind is TEXT and not field.owner:  # of an answer, of which there are few
        texts = {value: None if value is None else to_json(value) for value in set(values)}
        cells = [texts[value] for value in values]
    else:
        cells = [None if value is None else to_json(value) for value in values]
    if to_column is not as_it_is:
        cells = [None if value is None else to_column(value) for value in cells]
    for number in strange:
        cells[number] = None if cells[number] is None else fitting(cells[number], type_)
    return pa.array(cells, type_)
