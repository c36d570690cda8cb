"""The rows of a file of explanations, part by part, as the columns that a report reads."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from topple.errors import DataError
from topple.inputs import json_of, parquet_schema, parts_of_parquet
from topple.records.answer import Status
from topple.records.fields import FIELDS, SCHEMA
from topple.records.io import OLDER, from_older
from topple.records.kinds import IdTypes, fitting
from topple.types import JsonObject

ROWS = 8_192
"""Rows that are read at a time."""
CODED = (
    "user",
    "target",
    "status",
    "proof",
    "rule",
    "goal",
    "method",
    "model",
    "catalogue",
    "data",
    "version",
    "reason",
)
"""Columns of texts and ids, of which the number of the value is kept."""
NUMBERS = ("k", "rank_before", "at_least", "seconds", "cost")
LISTS = ("history", "items", "protected", "groups", "item_costs")
NEEDED = (
    *CODED, "proof_by", "at", *NUMBERS, *LISTS,
    "history_fingerprint", "target_title", "item_titles", "replacements", "replacement_titles", "largest", "whole_history",
    "shown_is_models",
)  # fmt: skip
"""The fields that a report reads."""
_KINDS = {each.name: each.kind for each in FIELDS}
_IDS = IdTypes(pa.string(), pa.string())


def parts_of(file: Path) -> Iterator[pa.RecordBatch]:
    """Yield the columns `NEEDED` of a Parquet or JSON Lines file, `ROWS` rows at a time.

    Raises:
        DataError: another schema.
        KeyError, OSError, TypeError, ValueError: the file is damaged.
    """
    yield from _lines(file) if file.suffix == ".jsonl" else _parquet(file)


def _parquet(file: Path) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a Parquet file; an older one is brought up to date."""
    schema = parquet_schema(file)
    name = (schema.metadata or {}).get(b"schema", b"").decode()
    _check_schema(file, name)
    if name == OLDER:
        for batch in parts_of_parquet(file, schema.names, ROWS):
            yield _batch([{"schema": name, **_from_columns(row)} for row in batch.to_pylist()])
        return
    missing = [column for column in NEEDED if column not in schema.names]
    if missing:
        raise ValueError(f"there is no column {missing[0]}")
    yield from parts_of_parquet(file, NEEDED, ROWS)


def _lines(file: Path) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a JSON Lines file."""
    with file.open(encoding="utf-8", newline="\n") as lines:
        told = (line for line in lines if line.strip())
        while part := list(islice(told, ROWS)):
            rows = [json_of(line) for line in part]
            for row in rows:
                if not isinstance(row, dict):
                    raise TypeError(f"{str(row)[:40]!r} is no JSON object")
                _check_schema(file, row.get("schema"))
            yield _batch(rows)


def _check_schema(file: Path, name: Any) -> None:
    if name not in (SCHEMA, OLDER):
        raise DataError(
            f"{file} has schema {name!r:.80}; this version of topple reads {SCHEMA!r} and {OLDER!r}. Make it again."
        )


def _from_columns(row: JsonObject) -> JsonObject:
    """Return a row of a Parquet file as JSON has it."""
    return {
        name: _KINDS[name].from_column(value) if name in _KINDS and value is not None else value
        for name, value in row.items()
    }


def _batch(rows: list[JsonObject]) -> pa.RecordBatch:
    """Return JSON objects as columns, ids as texts."""
    current = [from_older(row) if row["schema"] == OLDER else row for row in rows]
    invalid = [row.get("status") == Status.INVALID.value for row in current]
    columns = []
    for name in NEEDED:
        kind = _KINDS[name]
        column = kind.column(_IDS)
        values = []
        for row, told_as_it_was in zip(current, invalid, strict=True):
            value = row.get(name)
            if value is not None and not kind.accepts(value):
                if not told_as_it_was:
                    raise ValueError(f"{name} is {value!r:.80}, and not of the kind {kind.name}")
                value = fitting(value, column)
            values.append(None if value is None else _with_texts(kind.to_column(value), column))
        columns.append(pa.array(values, column))
    return pa.RecordBatch.from_arrays(columns, names=list(NEEDED))


def _with_texts(value: Any, column: pa.DataType) -> Any:
    """Return a value whose ids are texts where the column holds texts."""
    if pa.types.is_list(column):
        return [_with_texts(part, column.value_type) for part in value]
    if pa.types.is_struct(column):
        return {part.name: _with_texts(value[part.name], part.type) for part in column}
    return str(value) if pa.types.is_string(column) else value
