import sys

import pandas as pd
import polars as pl
import pytest

import topple
from topple import Explanation, Explanations, Query, Status
from topple.errors import CapabilityError, SettingsError
from topple.reports.frames import COLUMNS
from topple.testing import film_recommender

HISTORY = ["alien", "brazil", "duel"]


@pytest.fixture(scope="module")
def found():
    return topple.explain(film_recommender(), {"ana": HISTORY, "bo": HISTORY[:2]}, k=2, progress=False)


def test_a_row_is_an_explanation_of_plain_columns(found):
    frame = found.to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == list(COLUMNS["explanations"])
    first = frame.iloc[0]
    assert (first["explanation"], first["user"], first["target"]) == (0, "ana", "casablanca")
    assert first["target_title"] == "Casablanca (1942)"
    assert first["items"] == "; ".join(found[0].items)
    assert first["size"] == len(found[0].items)
    assert first["sentence"].startswith("You are recommended Casablanca (1942)")
    assert bool(first["valid"]) is True
    assert not frame.map(lambda cell: isinstance(cell, list | tuple | dict)).any().any()


def test_polars_has_the_same(found):
    frame = found.to_frame("polars")
    assert isinstance(frame, pl.DataFrame)
    assert frame.to_dict(as_series=False).keys() == COLUMNS["explanations"].keys()
    assert frame["target"].to_list() == found.to_frame()["target"].to_list()
    assert not any(dtype.is_nested() for dtype in frame.dtypes)


def test_a_row_is_an_item_of_a_set(found):
    frame = found.to_frame("polars", rows="items")
    named = [(number, item) for number, each in enumerate(found) for item in each.items]
    assert list(zip(frame["explanation"], frame["item"], strict=True)) == named
    positions = zip(frame["explanation"], frame["position"], frame["item"], strict=True)
    assert all(found[number].query.history[position] == item for number, position, item in positions)


def test_a_row_is_an_event_with_the_attribution():
    query = Query(["alien", "brazil", "alien"], "duel", weights=[1, 2, 3], user=7)
    one = Explanation(query, Status.FOUND, ("alien",), (0, 2), attributions=(0.5, float("nan"), 0.25))
    frame = one.to_frame("polars", rows="events")
    assert frame["named"].to_list() == [True, False, True]
    assert frame["weight"].to_list() == [1.0, 2.0, 3.0]
    assert frame["attribution"].to_list()[::2] == [0.5, 0.25]
    assert frame["attribution_error"].null_count() == 3
    assert frame["user"].dtype == pl.Int64
    assert one.to_frame(rows="events")["attribution"].isna().tolist() == [False, True, False]


def test_single_events_are_rows_of_their_own():
    query = Query(["alien", "brazil", "alien"], "duel", repeats="events")
    one = Explanation(query, Status.FOUND, ("alien",), (2,))
    assert one.to_frame(rows="items")["position"].tolist() == [2]
    assert one.to_frame(rows="events")["named"].tolist() == [False, False, True]


def test_types_do_not_depend_on_the_data(found):
    few = Explanations([Explanation(Query((), None), Status.INVALID, reason="no history")])
    for library in ("pandas", "polars"):
        for rows in COLUMNS:
            whole, odd, empty = (each.to_frame(library, rows=rows) for each in (found, few, Explanations()))
            assert list(whole.columns) == list(odd.columns) == list(empty.columns)
    assert few.to_frame()["rank_after"].dtype == found.to_frame()["rank_after"].dtype == "Int64"
    assert few.to_frame()["rank_after"].isna().all()


def test_a_question_that_could_not_be_asked_is_a_row_whatever_it_holds():
    odd = Explanation(Query([{"a": 1}], ["target"], k="three", user=2.5), Status.INVALID, reason="no")
    frame = Explanations([odd]).to_frame()
    assert frame["target"].tolist() == ["['target']"]
    assert frame["user"].tolist() == ["2.5"]
    assert len(odd.to_frame(rows="events")) == 0


def test_numbers_of_a_file_that_no_column_of_whole_numbers_holds_are_numbers(found):
    told = found[0].to_dict() | {"seconds": 2**70, "at_least": 2**70}
    assert Explanation.from_dict(told).to_frame("polars")["seconds"].to_list() == [2.0**70]


def test_what_cannot_be_made_is_refused(found, monkeypatch):
    with pytest.raises(SettingsError, match="library='arrow' is not one of pandas, polars"):
        found.to_frame("arrow")
    with pytest.raises(SettingsError, match="rows='users' is not one of explanations, items, events"):
        found.to_frame(rows="users")
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(CapabilityError, match=r"to_frame\('polars'\) needs polars. Install it: pip install polars"):
        found.to_frame("polars")
