"""Dates as people write them, in one column perhaps in several ways."""

import re
from collections.abc import Sequence
from itertools import product

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from topple.errors import DataError
from topple.types import TimeArray

SURE = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y")
"""Ways in which nobody can take a day for a month."""
DAY_FIRST, MONTH_FIRST = ("%d/%m/%Y", "%d-%m-%Y"), ("%m/%d/%Y", "%m-%d-%Y")
TIMES = ("", " %H:%M:%S", " %H:%M", "T%H:%M:%S", "T%H:%M")
_ZONE = r"(?P<rest>.*\d)\s*(?P<zone>Z|UTC|[+-]\d{2}:?\d{2})$"
_FRACTION = r"(:\d{2})\.\d+"
_HALF_DAY = (
    r"^(?P<day>.*\d) +(?P<hour>0?[1-9]|1[0-2])(?P<minute>:\d{2}(?::\d{2}(?:\.\d+)?)?) ?(?P<half>[AaPp])\.?[Mm]\.?$"
)


def dates_of(column: pa.Array | pa.ChunkedArray, *, day_first: bool | None = None) -> pa.Array | pa.ChunkedArray:
    """Return texts as timestamps in microseconds, UTC where a zone is given; null where a text is no date.

    Years with four digits, then or before months and days in numbers, with dots, strokes or slashes between; a time of day may
    follow, of 24 hours or with AM or PM, and a zone (`Z`, `+02:00`). Fractions of a second are read.

    Args:
        column: texts.
        day_first: whether 03/04/2025 is the third of April; None: what the dates show of which one number is above 12.

    Raises:
        DataError: the dates do not show which number is the day.
    """
    texts = pc.utf8_trim_whitespace(column)
    zones = pc.extract_regex(texts, _ZONE)
    local = _of_24_hours(pc.coalesce(pc.struct_field(zones, "rest"), texts))
    fraction = pc.struct_field(pc.extract_regex(local, r":\d{2}(?P<fraction>\.\d+)$"), "fraction")
    whole = pc.replace_substring_regex(local, _FRACTION, r"\1")
    found = _parsed(whole, SURE)
    left = pc.and_(pc.is_null(found), pc.is_valid(whole))
    if pc.any(left).as_py():
        days, months = _parsed(whole, DAY_FIRST), _parsed(whole, MONTH_FIRST)
        first = _day_is_first(days, months) if day_first is None else day_first
        found = pc.coalesce(found, days if first else months)
    moments = pc.cast(found, pa.int64())
    micros = pc.round(pc.multiply(pc.cast(pc.coalesce(fraction, "0"), pa.float64()), 1e6))
    return pc.cast(
        pc.subtract(pc.add(moments, pc.cast(micros, pa.int64())), _offsets(pc.struct_field(zones, "zone"))),
        pa.timestamp("us"),
    )


def _of_24_hours(texts: pa.Array) -> pa.Array:
    """Return texts with the hours after AM and PM counted from midnight: 11:00 PM as 23:00."""
    parts = pc.extract_regex(texts, _HALF_DAY)
    if parts.null_count == len(texts):
        return texts
    day, hour, minute, half = (pc.struct_field(parts, name) for name in ("day", "hour", "minute", "half"))
    morning = pc.cast(pc.if_else(pc.equal(pc.cast(hour, pa.int64()), 12), "0", hour), pa.int64())
    hours = pc.cast(pc.if_else(pc.equal(pc.utf8_upper(half), "P"), pc.add(morning, 12), morning), pa.string())
    return pc.coalesce(pc.binary_join_element_wise(day, pc.binary_join_element_wise(hours, minute, ""), " "), texts)


def _parsed(texts: pa.Array, days: Sequence[str]) -> pa.Array:
    """Return the texts that are written in one of the ways as timestamps, null for others."""
    numbers = pc.extract_regex(texts, r"^(?P<n0>\d+)\D(?P<n1>\d+)\D(?P<n2>\d+)")
    found = pa.nulls(len(texts), pa.timestamp("us"))
    for day, time in product(days, TIMES):
        if found.null_count == texts.null_count:
            break  # every text is read
        moments = pc.strptime(texts, format=day + time, unit="us", error_is_null=True)
        written = pc.cast(pc.struct_field(numbers, f"n{_position(day, 'd')}"), pa.int64())
        same_day = pc.equal(pc.day(moments), written)  # strptime takes 30 February for 2 March
        year = pc.struct_field(numbers, f"n{_position(day, 'Y')}")
        whole = pc.and_(same_day, pc.equal(pc.utf8_length(year), 4))  # and 1/2/25 for a day of the year 1
        found = pc.coalesce(found, pc.if_else(whole, moments, None))
    return found


def _position(way: str, letter: str) -> int:
    """Return which of the three numbers of a date is the year (Y), the month (m) or the day (d), from 0."""
    return re.findall("%([Ymd])", way).index(letter)


def _day_is_first(days: pa.Array, months: pa.Array) -> bool:
    """Return whether the day comes first, by the dates that can be read in one way alone."""
    only_days = pc.any(pc.and_(pc.is_valid(days), pc.is_null(months))).as_py()
    only_months = pc.any(pc.and_(pc.is_valid(months), pc.is_null(days))).as_py()
    if only_days != only_months or not pc.any(pc.is_valid(days)).as_py():
        return bool(only_days)
    raise DataError(
        "the dates do not show which number is the day: "
        + ("some have the day first, some the month." if only_days else "no number is above 12.")
        + " Say so: day_first=True or False (--day-first, --month-first)."
    )


def _offsets(zones: pa.Array) -> pa.Array:
    """Return how many microseconds local time is ahead of UTC; 0 where no zone is given."""
    numbers = pc.replace_substring_regex(pc.coalesce(zones, "+0000"), r"^(Z|UTC)$", "+0000")
    digits = pc.replace_substring(numbers, ":", "")
    hours, minutes = (pc.cast(pc.utf8_slice_codeunits(digits, start, start + 2), pa.int64()) for start in (1, 3))
    size = pc.add(pc.multiply(hours, 3_600_000_000), pc.multiply(minutes, 60_000_000))
    return pc.if_else(pc.starts_with(digits, "-"), pc.negate(size), size)


UNITS = ((1e17, "ns"), (1e14, "us"), (1e11, "ms"), (1e8, "s"))
"""From which number on times are taken for so many of a unit since 1970, in a column of numbers: from 1973 on."""


def written(times: TimeArray, unit: str | None = None) -> list[str]:
    """Return times as people write them: as dates where they are dates, or numbers that can only be such.

    Example:
        >>> written(np.array([874965758, 893286638]))
        ['1997-09-22 22:02', '1998-04-22 23:10']
        >>> written(np.array([1, 2.5]))
        ['1', '2.5']

    Args:
        times: numbers [rows].
        unit: of dates, "us" or "ns"; None: that is not known.
    """
    if unit is None and len(times):
        units = {
            next((name for least, name in UNITS if 2**63 > time >= least), "") for time in (times.min(), times.max())
        }
        unit = units.pop() if len(units) == 1 else ""
    if not unit:
        return [str(time) if isinstance(time, int) else f"{time:g}" for time in times.tolist()]
    dates = np.asarray(times).astype(np.int64).astype(f"datetime64[{unit}]").astype("datetime64[m]")
    texts = [str(date).replace("T", " ") for date in dates]
    return [text.removesuffix(" 00:00") for text in texts] if all(text.endswith(" 00:00") for text in texts) else texts
