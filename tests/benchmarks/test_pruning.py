"""EASE whole and with few weights an item, on generated films."""

import argparse

import pytest

import topple
from benchmarks import pruning, results
from benchmarks.markdown import Results
from benchmarks.tables import MADE
from topple.recommenders.models.ease import EASE


@pytest.fixture
def whole(tmp_path, monkeypatch):
    """Return what the command writes about the whole weights and about 5, 20 and 500 of 240."""
    monkeypatch.setattr(results, "BUILD", tmp_path / "bench.json")
    monkeypatch.setattr(results, "this_run", lambda: ("now", {"date": "2026-01-01", "commit": "c", "command": "run"}))
    monkeypatch.setattr("sys.argv", ["pruning", "--users", "3", "--pairs", "1", "--neighbours", "5", "20", "500"])
    pruning.main()
    return results.read(tmp_path / "bench.json")


def test_a_row_for_each_number_that_prunes(whole, capsys):
    rows = [row for row in whole["sections"]["pruning"] if row["world"] == "generated"]
    assert [row["neighbours"] for row in rows] == [None, 5, 20]  # 500 of 240 would be the whole once more
    assert rows[1]["mb"] < rows[2]["mb"] < rows[0]["mb"]
    assert all(0 < row["ndcg_10"] < row["ndcg_100"] < 1 and row["ndcg_100"] <= rows[0]["ndcg_100"] for row in rows)
    assert all(row["queries"] == 15 and row["auto"] > 0 and row["auto, no proof"] > 0 for row in rows)
    assert rows[1]["mean_size"] <= rows[0]["mean_size"]


def test_the_table_has_a_line_for_each_row(whole):
    whole["sections"]["pruning"] = [row for row in whole["sections"]["pruning"] if row["world"] == "generated"]
    lines = MADE["pruning"](Results(whole)).strip().splitlines()
    assert lines[2].startswith("| generated, 240 items | all | 0.")
    assert lines[4].startswith("| generated, 240 items | 20 | 0.")
    assert lines[-1] == "Measured: 2026-01-01, version c, `run`."


def test_each_model_is_asked_about_the_lists_it_makes(monkeypatch):
    split, seen = topple.load_split("generated"), []
    asked = topple.explain_queries
    monkeypatch.setattr(
        topple,
        "explain_queries",
        lambda model, queries, **how: (seen.append((model, queries)), asked(model, queries, **how))[1],
    )
    options = argparse.Namespace(neighbours=[2], users=2, pairs=1)
    rows = pruning.rows_of("films", split, options)
    assert [row["neighbours"] for row in rows] == [None, 2]
    for model, queries in seen:
        assert isinstance(model, EASE)
        listed = topple.recommend(model, queries[0].history, k=5)
        assert [query.target for query in queries[:5]] == [item.item for item in listed]
    assert len({id(model) for model, _ in seen}) == 2
    assert len(seen) == 2 * 2 * 2  # two models, two methods, once to warm up and once for the time
