import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from topple.data.formats import TextTable
from topple.data.reading import read_interactions, table_of
from topple.data.rows.problems import problems_of
from topple.errors import DataError

WRONG = {
    "user": ["a", "b", None, "a", "b", "c", "a"],
    "item": ["x", "x", "y", "x", "z", "z", "y"],
    "rating": ["5", "good", "4", "3", "bad", "1", "2"],
    "weight": [1.0, -2.0, 1.0, 1.0, 1.0, float("nan"), 1.0],
    "when": ["2024-01-01", "2024-13-45", "2024-01-02", "2024-01-02", "soon", "2024-01-03", "2024-01-05"],
}
NAMED = ("user", "item", "rating", None, "when", "weight")


def problems(table, named=NAMED, **options):
    columns, _ = table_of(table, named, TextTable())
    return problems_of(columns, **options)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, pa.table], ids=["pandas", "polars", "pyarrow"])
def test_all_that_is_wrong_is_told_at_once(frame):
    found = problems(frame(WRONG))
    assert len(found) == 6
    holes, weights, ratings, times, below, repeats = found
    assert "user id is missing in row 3 of 7 (column 'user')" in holes
    assert "weight is missing in row 6 of 7 (column 'weight')" in weights
    assert "rating 'good' in row 2 (and in 1 more) of column 'rating' is not a finite number" in ratings
    assert "timestamp '2024-13-45' in row 2 (and in 1 more) of column 'when' is not a number or a date" in times
    assert "1 of 5 rows have a weight below 0, first -2 in row 2 of column 'weight'" in below
    assert "1 of 5 rows repeat a (user, item) pair, first user='a', item='x'" in repeats
    with pytest.raises(DataError, match=r"user id is missing in row 3"):  # the first alone, when it is read
        read_interactions(frame(WRONG), rating="rating", timestamp="when")


def test_what_the_options_mend_is_no_problem():
    found = problems(pa.table(WRONG), drop_missing=True, duplicates="first")
    assert [text.split()[0] for text in found] == ["rating", "timestamp", "1"]


def test_every_column_that_is_missing_is_told():
    first, second = problems(pa.table(WRONG), ("user", "itm", "stars", None, None, None))[:2]
    assert "column 'itm' is missing" in first
    assert "column 'stars' is missing" in second


def test_a_table_of_holes_alone():
    found = problems(
        pa.table({"user": pa.array([None, None], pa.string()), "item": ["x", "y"]}), ("user", "item", *[None] * 4)
    )
    assert "user id is missing in row 1 and 1 more of 2" in found[0]
    assert "no row is without a hole" in found[1]


def test_a_table_that_can_be_read_has_none():
    table = pa.table({"user": ["a", "b"], "item": ["x", "x"], "weight": [1.0, 2.0]})
    assert problems(table, ("user", "item", None, None, None, "auto")) == []


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, pa.table], ids=["pandas", "polars", "pyarrow"])
def test_a_table_without_rows(frame):
    (found,) = problems(frame({"user": [], "item": []}), ("user", "item", None, None, None, None))
    assert "the table holds no rows: at least one interaction is needed" in found
