"""Explanations as frames of plain columns, of pandas or polars: numbers, truths and texts, no lists."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from topple.errors import CapabilityError, SettingsError, shown
from topple.records.answer import Explanation, Status
from topple.records.question import Repeats
from topple.records.telling.beside import beside
from topple.reports.sentences import told
from topple.types import Id, JsonObject

BETWEEN = "; "
"""Between ids, and between titles, where one cell tells several."""
COLUMNS: dict[str, dict[str, pa.DataType | None]] = {
    "explanations": {
        "explanation": pa.int64(),
        "user": None,
        "target": None,
        "target_title": pa.string(),
        "k": pa.int64(),
        "rule": pa.string(),
        "goal": pa.string(),
        "events": pa.int64(),
        "status": pa.string(),
        "valid": pa.bool_(),
        "proof": pa.string(),
        "size": pa.int64(),
        "items": pa.string(),
        "item_titles": pa.string(),
        "replacements": pa.string(),
        "replacement_titles": pa.string(),
        "rank_before": pa.int64(),
        "rank_after": pa.int64(),
        "rank_alone": pa.int64(),
        "at_least": pa.float64(),
        "margin": pa.float64(),
        "cost": pa.int64(),
        "seconds": pa.float64(),
        "method": pa.string(),
        "reason": pa.string(),
        "sentence": pa.string(),
    },
    "items": {
        **{"explanation": pa.int64(), "user": None, "target": None, "target_title": pa.string()},
        **{"item": None, "item_title": pa.string(), "position": pa.int64(), "valid": pa.bool_()},
    },
    "events": {
        **{"explanation": pa.int64(), "user": None, "target": None, "target_title": pa.string()},
        **{"position": pa.int64(), "item": None, "item_title": pa.string(), "weight": pa.float64()},
        **{"named": pa.bool_(), "attribution": pa.float64(), "attribution_error": pa.float64()},
    },
}
"""By what a row is about, the columns and their types; None for ids, which are whole numbers or texts."""


def frame(explanations: Sequence[Explanation], library: str = "pandas", *, rows: str = "explanations") -> Any:
    """Return explanations as a frame; missing numbers are missing values.

    Args:
        explanations: what is told, in order.
        library: "pandas" or "polars".
        rows: what a row is about: "explanations", "items" or "events".

    Raises:
        SettingsError: another library, or rows of something else.
        CapabilityError: the library is not installed.
    """
    check_library(library)
    if rows not in _ROWS:
        raise SettingsError(f"rows={shown(rows)} is not one of {', '.join(_ROWS)}. Choose one of these.")
    found = [row for number, each in enumerate(explanations) for row in _ROWS[rows](number, each)]
    columns = {name: _column([row[name] for row in found], kind) for name, kind in COLUMNS[rows].items()}
    return frame_of(pa.table(columns), library)


def check_library(library: str) -> None:
    """Refuse a library of frames that is not known.

    Raises:
        SettingsError: another than pandas and polars.
    """
    if library not in _MADE:
        raise SettingsError(f"library={shown(library)} is not one of {', '.join(_MADE)}. Choose one of these.")


def frame_of(table: pa.Table, library: str) -> Any:
    """Return a table of plain columns as a frame.

    Raises:
        SettingsError: another library than pandas and polars.
        CapabilityError: the library is not installed.
    """
    check_library(library)
    try:
        return _MADE[library](table)
    except ImportError as error:
        raise CapabilityError(f"to_frame({library!r}) needs {library}. Install it: pip install {library}.") from error


def _column(values: list[Any], kind: pa.DataType | None) -> pa.Array:
    """Return a column; whole numbers of JSON that are too large for one become numbers where numbers are told."""
    if kind is None:
        return _ids(values)
    numbers = kind == pa.float64()
    return pa.array([float(value) if numbers and value is not None else value for value in values], kind)


def plain_table(records: Sequence[JsonObject]) -> pa.Table:
    """Return records of numbers, truths and texts as a table; the columns are those of all of them, ids as in other frames."""
    names = list(dict.fromkeys(name for record in records for name in record))
    columns = {name: [record.get(name) for record in records] for name in names}
    return pa.table(
        {name: _ids(cells) if name in ("user", "target") else pa.array(cells) for name, cells in columns.items()}
    )


def _ids(values: list[Any]) -> pa.Array:
    """Return ids as whole numbers where all are, else as texts; what is no id is told as text."""
    integers = all(value is None or (type(value) is int and -(2**63) <= value < 2**63) for value in values)
    kind = pa.int64() if integers and any(value is not None for value in values) else pa.string()
    return pa.array([value if value is None or kind == pa.int64() else str(value) for value in values], kind)


def _about(number: int, explanation: Explanation) -> JsonObject:
    """Return the columns that every row has."""
    query = explanation.query
    title = None if query.target is None else explanation.title(query.target)
    return {"explanation": number, "user": query.user, "target": query.target, "target_title": title}


def _of_explanation(number: int, explanation: Explanation) -> Iterator[JsonObject]:
    """Return the one row of an explanation."""
    query = explanation.query
    yield {
        **_about(number, explanation),
        **{
            name: getattr(explanation, name)
            for name in ("rank_before", "rank_after", "rank_alone", "at_least", "margin")
        },
        **{name: getattr(explanation, name) for name in ("cost", "seconds", "method", "reason", "valid")},
        "k": query.k if type(query.k) is int else None,
        "rule": str(query.rule),
        "goal": str(query.goal),
        "events": len(query.history) if isinstance(query.history, tuple) else None,
        "status": explanation.status.value,
        "proof": None if explanation.proof is None else explanation.proof.value,
        "size": len(explanation.items),
        "items": BETWEEN.join(map(str, explanation.items)),
        "item_titles": BETWEEN.join(map(explanation.title, explanation.items)),
        "replacements": BETWEEN.join(map(str, explanation.replacements)),
        "replacement_titles": BETWEEN.join(map(explanation.title, explanation.replacements)),
        "sentence": told(explanation, beside(explanation).titles, mark=""),
    }


def _of_items(number: int, explanation: Explanation) -> Iterator[JsonObject]:
    """Return a row for each named item; with single events named, for each of these."""
    history = explanation.query.history
    named: list[tuple[Id, int | None]] = [(item, _first(history, item)) for item in explanation.items]
    if explanation.query.repeats is Repeats.EVENTS and explanation.positions:
        named = [(history[position], position) for position in explanation.positions]
    for item, position in named:
        told_item = {"item": item, "item_title": explanation.title(item), "position": position}
        yield {**_about(number, explanation), **told_item, "valid": explanation.valid}


def _of_events(number: int, explanation: Explanation) -> Iterator[JsonObject]:
    """Return a row for each event of the history; none for a question that could not be asked."""
    query = explanation.query
    if explanation.status is Status.INVALID:  # such a query may hold anything
        return
    positions, items = set(explanation.positions), set(explanation.items)
    values, errors = explanation.attributions or (), explanation.attribution_errors or ()
    for position, item in enumerate(query.history):
        named = position in positions if positions else item in items
        yield {
            **_about(number, explanation),
            **{"position": position, "item": item, "item_title": explanation.title(item), "named": named},
            "weight": query.weights[position] if position < len(query.weights) else 1.0,
            "attribution": values[position] if position < len(values) else None,
            "attribution_error": errors[position] if position < len(errors) else None,
        }


def _first(history: Sequence[Id], item: Id) -> int | None:
    """Return the first position of an item in a history."""
    return history.index(item) if item in history else None


def _to_pandas(table: pa.Table) -> Any:
    """Return a table as a frame of pandas; whole numbers are of the type that may be missing, so that types do not depend on the data."""
    import pandas as pd

    return table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)


def _to_polars(table: pa.Table) -> Any:
    """Return a table as a frame of polars."""
    import polars as pl

    return pl.from_arrow(table)


_MADE: dict[str, Callable[[pa.Table], Any]] = {"pandas": _to_pandas, "polars": _to_polars}
_ROWS: dict[str, Callable[[int, Explanation], Iterator[JsonObject]]] = {
    "explanations": _of_explanation,
    "items": _of_items,
    "events": _of_events,
}
