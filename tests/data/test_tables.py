import datetime

import narwhals as nw
import pyarrow as pa
import pytest

from topple.data.tables import column_of, frame_of, moments, ratings_of, read_table, weights_of
from topple.errors import DataError, DataNotFoundError


def series(values):
    return nw.from_native(pa.table({"x": values}))["x"]


def test_a_table_of_numbers_keeps_the_columns_that_are_not_asked_for(tmp_path):
    (tmp_path / "a.csv").write_text("item,year\n01,1999\n")
    assert read_table(tmp_path / "a.csv", ids=("item",)).to_pylist() == [{"item": "01", "year": 1999}]


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(
        DataNotFoundError, match=r"none\.csv is not a file: nothing is there\. Give the path of a \.csv, \.tsv"
    ):
        read_table(tmp_path / "none.csv")


def test_numbers_are_numbers_in_any_type():
    assert ratings_of(series([1, 2])).tolist() == [1, 2]
    assert ratings_of(series(["1.5", "2"])).tolist() == [1.5, 2]


@pytest.mark.parametrize("bad", [None, float("nan"), float("inf")])
def test_a_rating_that_is_not_a_number_is_named_with_its_row(bad):
    with pytest.raises(
        DataError, match=r"rating .* in row 2 of column 'x' is not a finite number\. Ratings must be numbers"
    ):
        ratings_of(series([1.0, bad]))


@pytest.mark.parametrize("of", [ratings_of, weights_of])
@pytest.mark.parametrize("values", [["2,5", "3"], ["1,500", "n", " -12,75"], ["0,3333", "1"]])
def test_numbers_with_a_decimal_comma_are_told_how_to_be_read(of, values):
    with pytest.raises(
        DataError, match=r"row 1 .*is not a finite number\. .* read the file with .*--decimal ,\)"
    ) as told:
        of(series(values))
    assert "none" not in str(told.value)


def test_three_digits_after_a_comma_may_be_thousands():
    with pytest.raises(DataError, match="--weight-column none"):
        weights_of(series(["1,500", "2"]))


def test_a_value_with_braces_is_shown_as_it_is():
    with pytest.raises(DataError, match=r"rating '\{row\}' in row 1 of column 'x'"):
        ratings_of(series(["{row}"]))


def test_dates_are_microseconds_since_1970():
    day = datetime.datetime(1970, 1, 2, tzinfo=datetime.UTC)
    assert moments(series([day])).tolist() == [86_400_000_000]
    assert moments(series([day.date()])).tolist() == [86_400_000_000]
    assert moments(series([12, 7])).tolist() == [12, 7]


def test_a_time_that_is_none_is_named_with_its_row():
    with pytest.raises(DataError, match=r"timestamp 'noon' in row 1 of column 'x' is not a number or a date"):
        moments(series(["noon"]))


def test_a_column_is_arrow_and_a_frame_is_known():
    assert column_of(series(["a", "b"])).to_pylist() == ["a", "b"]
    with pytest.raises(DataError, match=r"int is not a path or a frame that can be read\. Give a path"):
        frame_of(3)
