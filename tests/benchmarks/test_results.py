import json

import pytest

from benchmarks import results


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Return what keeps sections in a file of the test, and gives the file back as it is read."""

    runs = iter(range(100))

    def keep(**sections):
        monkeypatch.setattr(results, "this_run", lambda: (f"run {next(runs)}", {"date": "2026-01-01"}))
        results.keep(sections, tmp_path / "build" / "bench.json", tmp_path / "start.json")
        return results.read(tmp_path / "build" / "bench.json")

    return keep


def row(world, ms, **more):
    return {"world": world, "recommender": "ease", "method": "auto", "rule": "unseen_before", "ms": ms, **more}


def test_rows_measured_anew_take_the_place_of_those_of_the_same_key(kept):
    kept(quality=[row("a", 1.0), row("b", 2.0)])
    whole = kept(quality=[row("b", 3.0)])
    assert [(each["world"], each["ms"]) for each in whole["sections"]["quality"]] == [("a", 1.0), ("b", 3.0)]
    assert len({each["run"] for each in whole["sections"]["quality"]}) == 2
    whole = kept(quality=[row("a", 1.5), row("b", 2.5)])
    assert set(whole["runs"]) == {
        each["run"] for each in whole["sections"]["quality"]
    }  # runs without rows are left out


def test_a_file_begins_with_what_is_checked_in(tmp_path, kept):
    (tmp_path / "start.json").write_text(
        json.dumps(
            {"runs": {"old": {"date": "2026-01-01"}}, "sections": {"quality": [{"run": "old", **row("a", 1.0)}]}}
        )
    )
    whole = kept(growth=[{"world": "a", "part": "k", "at": 1, "method": "auto", "ms": 1.0}])
    assert whole["sections"]["quality"][0]["run"] == "old"
    assert set(whole["sections"]) == {"quality", "growth"}


def test_numbers_are_short_and_none_where_there_is_none(kept):
    (found,) = kept(quality=[row("a", 1.23456789, pn=float("nan"), each=[0.1234567, float("inf")])])["sections"][
        "quality"
    ]
    assert (found["ms"], found["pn"], found["each"]) == (1.2346, None, [0.12346, None])


def test_a_row_is_a_line(kept, tmp_path):
    kept(quality=[row("a", 1.0), row("b", 2.0)])
    lines = (tmp_path / "build" / "bench.json").read_text().splitlines()
    assert sum('"world"' in line for line in lines) == 2


def test_the_command_holds_no_folders_of_this_machine(monkeypatch):
    monkeypatch.setattr(
        "sys.argv", ["/x/benchmarks/speed.py", "--models", "/home/somebody/models/ease", "--methods", "auto, no proof"]
    )
    assert results.command() == 'python -m benchmarks.speed --models ease --methods "auto, no proof"'


def test_the_table_of_recommenders_is_taken_over_without_rows_that_failed(tmp_path, monkeypatch):
    values = {
        "ndcg_100": 0.4,
        "coverage": 1.0,
        "pn": 1.0,
        "proven": 0.5,
        "mean_size": 2.0,
        "ms_a_query": 3.0,
        "more": 1,
    }
    rows = [
        {"recommender": "ease", "reason": "", **values},
        {"recommender": "slim", "reason": "not installed", **values},
    ]
    (tmp_path / "table.json").write_text(json.dumps({"rows": rows}))
    given = []
    monkeypatch.setattr("sys.argv", ["results", str(tmp_path / "table.json")])
    monkeypatch.setattr(results, "keep", given.append)
    results.main()
    assert [[each["recommender"], "more" in each] for each in given[0]["recommenders"]] == [["ease", False]]
