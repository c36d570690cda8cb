import json

import pytest

from topple.benchmark import recommenders as bench
from topple.benchmark.zoo import ZOO

QUICK = ("bench", "recommenders", "--dataset", "generated", "--users", 2, "-k", 2)


def only(*names):
    return [part for name in names for part in ("--only", name)]


@pytest.fixture(autouse=True)
def compiled(monkeypatch):
    """What happens in turn: loops compiled ahead, and models explained."""
    happened, compare = [], bench.compare_recommenders
    monkeypatch.setattr("topple.cli.bench.compile_loops", lambda: happened.append("compiled"))
    monkeypatch.setattr(bench, "compare_recommenders", lambda *a, **b: happened.append("compared") or compare(*a, **b))
    return happened


@pytest.fixture
def broken(monkeypatch):
    def fails(split, effort):
        raise ValueError("no such luck")

    monkeypatch.setattr(bench, "ZOO", {**ZOO, "callable:broken": fails})


def test_one_table_of_those_asked_with_a_failing_one(topple, broken, compiled):
    result = topple(*QUICK, *only("ease", "callable", "popularity"))
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    names = [line.split("│")[1].strip() for line in lines if line.startswith("│")]
    assert names == ["ease", "popularity", "callable:ease", "callable:broken"]
    assert "callable:broken: ValueError: no such luck" in lines
    assert "at most 1 s a query" in " ".join(result.stdout.split())
    assert "4 of 4  callable:broken: ValueError: no such luck" in result.stderr
    assert "1 of 4  ease: 4 queries" in result.stderr
    assert compiled == ["compiled", "compared"]


def test_json_is_one_object(topple):
    result = topple(*QUICK, *only("ease"), "--rule", "unseen_after", "--json")
    found = json.loads(result.stdout)
    assert found["data"]["name"] == "generated"
    assert found["settings"] == {
        "users": 2, "k": 2, "rule": "unseen_after", "seed": 0, "max_minutes": 2.0, "seconds": 1.0, "budget": None,
    }  # fmt: skip
    assert [(row["recommender"], row["queries"], row["pn"]) for row in found["rows"]] == [("ease", 4, 1)]


def test_a_run_goes_on_where_it_was(topple, broken, compiled, tmp_path):
    out, menu = tmp_path / "out", only("ease", "callable:broken")
    assert topple(*QUICK, *menu, "--out", out).exit_code == 0
    first = (out / "pieces" / "ease").read_text()
    again = topple(*QUICK, *menu, *only("popularity"), "--out", out)
    assert again.exit_code == 0, again.output
    assert "of 2  popularity" in again.stderr
    assert "of 2  callable:broken" in again.stderr, "what failed is tried again"
    assert "ease: 4 queries" not in again.stderr
    assert (out / "pieces" / "ease").read_text() == first
    table = json.loads((out / "table.json").read_text())
    assert [row["recommender"] for row in table["rows"]] == ["ease", "popularity", "callable:broken"]
    assert "| popularity | native |" in (out / "table.md").read_text()
    compiled.clear()
    part = topple(*QUICK, *only("ease"), "--out", out)
    assert "compiled" not in compiled, "nothing is left to be timed"
    assert "popularity" in part.stdout, "rows of the folder stay in the table"


def test_another_run_needs_another_folder_or_overwrite(topple, tmp_path):
    run = (*QUICK, *only("popularity"), "--out", tmp_path / "out")
    assert topple(*run).exit_code == 0
    refused = topple(*run, "--seed", 1)
    assert refused.exit_code == 2
    assert "holds another run (settings.seed was 0 and is now 1)" in " ".join(refused.stderr.split())
    assert topple(*run, "--seed", 1, "--overwrite").exit_code == 0
    assert json.loads((tmp_path / "out" / "table.json").read_text())["settings"]["seed"] == 1


def test_an_unknown_name_is_said_before_work_starts(topple):
    result = topple(*QUICK, *only("ease", "esae"))
    assert result.exit_code == 2
    assert "'esae' is not one of the rows: mult-vae" in " ".join(result.stderr.split())
    assert "queries" not in result.stderr


def test_nothing_measured_or_something_refuted_is_exit_code_1(topple, broken, monkeypatch):
    assert topple(*QUICK, *only("callable:broken")).exit_code == 1
    monkeypatch.setattr(
        bench,
        "compare_recommenders",
        lambda split, names, settings, on_row: on_row(bench.Row("ease", "native", pn=0.5)),
    )
    assert topple(*QUICK, *only("ease")).exit_code == 1


def test_groups_can_be_left_out(topple):
    nothing = topple(*QUICK, *only("ease"), "--no-native")
    assert nothing.exit_code == 2
    assert "no row is left" in nothing.stderr
