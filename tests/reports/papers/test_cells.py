import math

import pytest

from topple.reports.papers.cells import MARK, bars, classed, isolated, marked, number, percent, plain, table, text


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (0.99999, "> 99.9 %"),
        (0.00001, "< 0.1 %"),
        (0.5, "50.0 %"),
        (None, "–"),
        (math.nan, "–"),
    ],
)
def test_a_share_is_never_rounded_to_all_or_nothing(value, told):
    assert percent(value)["text"] == told


def test_numbers_sort_by_value_and_missing_ones_by_nothing():
    assert number(12345) == {"text": "12,345", "sort": 12345, "number": True}
    assert number(None)["sort"] == number(math.nan)["sort"] == ""
    assert classed("1,000 or more", 1000)["sort"] == 1000


def test_columns_of_numbers_are_told_by_the_first_row():
    told = table("rows", ["a", "b"], [[text("x"), number(1)]])
    assert [head["number"] for head in told["columns"]] == [False, True]
    assert table("rows", ["a"], [])["empty"] == "None."


def test_bars_are_compared_with_the_longest():
    told = bars("lengths", [("a", 4, 1, "4"), ("b", 2, 2, "2"), ("c", 0, 0, "0")])
    assert [(row["filled"], row["rest"]) for row in told["rows"]] == [(25, 75), (50, 0), (0, 0)]
    assert bars("none", [("a", 0, 0, "0")])["rows"][0]["filled"] == 0


def test_titles_within_a_text_have_a_direction_of_their_own_and_stay_text():
    told = f"{marked('<b>')} and {marked('x' + MARK + 'y')}"
    assert str(isolated(told)) == "<bdi>&lt;b&gt;</bdi> and <bdi>x\ufffdy</bdi>"
    assert plain(told) == "<b> and x\ufffdy"
    assert text(f"a{MARK}b")["text"] == "a\ufffdb"
