"""Dates as people write them: each way gives the moment that Python's own reading of it gives."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from topple.data.dates import dates_of, written
from topple.errors import DataError

NOON = datetime(2025, 3, 14, 12, 30, 5, tzinfo=UTC)


def read(*texts, **options):
    return [
        None if each is None else each.replace(tzinfo=UTC) for each in dates_of(pa.array(texts), **options).to_pylist()
    ]


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-14 12:30:05", "2025-03-14T12:30:05", "2025/03/14 12:30:05", " 14.03.2025 12:30:05 ", "2025-03-14T12:30:05Z",
        "2025-03-14T13:30:05+01:00", "2025-03-14 07:00:05 -0530", "14/03/2025 12:30:05", "03/14/2025 12:30:05", "14-03-2025 12:30:05",
        "2025-03-14 12:30:05 UTC", "3/14/2025 12:30:05 PM", "2025-03-14 12:30:05pm", "14.03.2025 12:30:05 p.m.",
    ],
)  # fmt: skip
def test_every_way_gives_the_same_moment(text):
    assert read(text) == [NOON]


def test_fractions_days_alone_and_holes():
    assert read("2025-03-14 12:30:05.25", "2025-03-14", "14.03.2025", None, "noon", "2025-02-30", "1/2/25", "25-01-02") == [
        NOON.replace(microsecond=250_000), NOON.replace(hour=0, minute=0, second=0), NOON.replace(hour=0, minute=0, second=0),
        None, None, None, None, None,
    ]  # fmt: skip


def test_hours_before_and_after_noon():
    hours = [
        each.hour
        for each in read(*(f"3/14/2025 {hour} {half}" for half in ("AM", "PM") for hour in ("12:05", "1:05", "11:05")))
    ]
    assert hours == [0, 1, 11, 12, 13, 23]
    assert read("14.03.2025 00:30 AM", "14.03.2025 13:30 PM", "11:00 PM", "2025-03-14 7 PM") == [None] * 4
    assert read("14.03.2025 1:05:07.5 PM", None) == [
        NOON.replace(hour=13, minute=5, second=7, microsecond=500_000),
        None,
    ]


def test_several_ways_in_one_column_where_one_date_shows_which_number_is_the_day():
    assert read("2025-03-14", "14.03.2025", "14/03/2025", "04/03/2025")[-1] == datetime(2025, 3, 4, tzinfo=UTC)
    assert read("03/14/2025", "03/04/2025")[-1] == datetime(2025, 3, 4, tzinfo=UTC)


def test_dates_that_do_not_show_it_are_refused_until_it_is_said():
    with pytest.raises(DataError, match=r"which number is the day: no number is above 12. Say so: day_first=True"):
        read("03/04/2025")
    with pytest.raises(DataError, match="some have the day first, some the month"):
        read("14/03/2025", "03/14/2025")
    assert read("03/04/2025", day_first=True) == [datetime(2025, 4, 3, tzinfo=UTC)]
    assert read("03/04/2025", day_first=False) == [datetime(2025, 3, 4, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("times", "unit", "expected"),
    [
        ([0, 86400 * 10**6], "us", ["1970-01-01", "1970-01-02"]),
        ([1_700_000_000, 1_700_000_060], None, ["2023-11-14 22:13", "2023-11-14 22:14"]),
        ([1_700_000_000_000], None, ["2023-11-14 22:13"]),
        ([1_700_000_000_000_000], None, ["2023-11-14 22:13"]),
        ([1_700_000_000_000_000_000], None, ["2023-11-14 22:13"]),
        ([1_700_000_000.5], None, ["2023-11-14 22:13"]),
        ([1997, 2024], None, ["1997", "2024"]),
        ([5, 1_700_000_000], None, ["5", "1700000000"]),
        ([1_700_000_000], "", ["1700000000"]),
        ([-1.5], None, ["-1.5"]),
        ([1e300], None, ["1e+300"]),
        ([2.0**63], None, ["9.22337e+18"]),
        ([], None, []),
    ],
)
def test_times_are_written_as_dates_where_they_can_only_be_such(times, unit, expected):
    assert written(np.array(times), unit) == expected
