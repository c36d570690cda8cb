"""The cells of tables of events as ids, numbers and times; null or NaN for what is none."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from topple.data.dates import dates_of
from topple.types import FloatArray

WHOLE = r"^(0|-?[1-9][0-9]{0,17})$"
"""How whole numbers are written that are ids; 007 is a text."""


def ids_of(column: pa.Array) -> pa.Array:
    """Return ids as int64 or texts; null for what is none."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_integer(column.type):
        return column.cast(pa.int64())
    if pa.types.is_floating(column.type):
        whole = pc.and_(pc.is_finite(column), pc.equal(pc.floor(column), column))
        return pc.if_else(whole, column, None).cast(pa.int64())
    texts = column.cast(pa.string())
    return pc.if_else(pc.equal(texts, ""), None, texts)


def ids_of_type(ids: pa.Array, type_: pa.DataType) -> pa.Array:
    """Return item ids in the type of those of the model; null for a text that is no whole number where those are."""
    if pa.types.is_string(ids.type) and pa.types.is_integer(type_):
        ids = pc.if_else(pc.match_substring_regex(ids, WHOLE), ids, None)
    return ids.cast(type_)


def numbers_of(column: pa.Array, decimal: str) -> FloatArray:
    """Return numbers; NaN for what is none."""
    if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
        return np.asarray(column.cast(pa.float64()).fill_null(np.nan))
    texts = pc.utf8_trim_whitespace(column if decimal == "." else pc.replace_substring(column, decimal, "."))
    good = pc.match_substring_regex(texts, r"^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$")
    return np.asarray(pc.if_else(good, texts, None).cast(pa.float64()).fill_null(np.nan))


def times_of(column: pa.Array) -> pa.Array:
    """Return times as numbers that grow, int64 or float64; null for what is none. Dates are in microseconds."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        numbers = numbers_of(column, ".")
        if np.isfinite(numbers).any() or column.null_count == len(column):
            return _exact(pa.array(numbers, from_pandas=True))
        column = dates_of(column)
        column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_temporal(column.type):
        return column.cast(pa.timestamp("us", tz=getattr(column.type, "tz", None)), safe=False).cast(pa.int64())
    return _exact(column)


def _exact(numbers: pa.Array) -> pa.Array:
    """Return numbers as int64 where all are whole, else as float64."""
    values = numbers.cast(pa.float64())
    finite = pc.if_else(pc.is_finite(values), values, None)
    whole = pc.all(pc.or_kleene(pc.equal(pc.floor(finite), finite), pc.is_null(finite))).as_py()
    return finite.cast(pa.int64()) if whole else finite


def as_texts(column: pa.ChunkedArray) -> pa.Array:
    """Return bytes as texts; null for what is no UTF-8."""
    cells = column.combine_chunks()
    try:
        return cells.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array([_text(cell) for cell in cells.to_pylist()], pa.string())


def _text(cell: bytes | None) -> str | None:
    try:
        return None if cell is None else cell.decode()
    except UnicodeDecodeError:
        return None
