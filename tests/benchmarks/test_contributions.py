"""Sets of topple beside the top contributions of implicit, on generated films."""

import pytest

import topple
from benchmarks import contributions, results
from benchmarks.markdown import Results
from benchmarks.tables import MADE

pytest.importorskip("implicit")
SETTINGS = {"factors": 16, "alpha": 1.0, "regularization": 1.0}


@pytest.fixture(scope="module")
def split():
    return topple.load_split("generated")


def test_the_contributions_are_those_of_the_library_and_sum_up_to_the_score(split):
    library = contributions.trained(split, 0, SETTINGS)
    model = topple.wrap(library, "implicit", split.catalogue)
    (query, *_) = topple.top_k_queries(model, split.histories(limit=1), k=3)
    named = contributions.top_contributions(library, split, query, 2)
    assert len(set(named)) == 2
    assert set(named) <= set(query.history)
    target = int(split.catalogue.vocabulary.encode([query.target])[0])
    row = contributions._row(split, query.history)
    total, parts, _ = library.explain(0, row, target, N=len(query.history))
    assert total == pytest.approx(sum(score for _, score in parts), rel=1e-5)
    assert tuple(split.catalogue.vocabulary.decode([item for item, _ in parts[:2]])) == named
    assert len(contributions.top_contributions(library, split, query, 10_000)) == len(query.history)


def test_the_library_says_itself_whether_the_target_leaves(split):
    library = contributions.trained(split, 0, SETTINGS)
    model = topple.wrap(library, "implicit", split.catalogue)
    for explanation in topple.explain(model, split.histories(limit=3), k=3, progress=False):
        assert contributions.leaves(library, split, explanation.query, explanation.items)
        assert not contributions.leaves(library, split, explanation.query, ())
    assert contributions.leaves(library, split, explanation.query, explanation.query.history)


def test_a_row_for_each_seed_and_a_table_of_them(split, tmp_path, monkeypatch):
    monkeypatch.setattr(results, "BUILD", tmp_path / "bench.json")
    monkeypatch.setattr(results, "this_run", lambda: ("now", {"date": "2026-01-01", "commit": "c", "command": "run"}))
    monkeypatch.setattr(contributions, "GRID", {name: (value,) for name, value in SETTINGS.items()})
    monkeypatch.setattr("sys.argv", ["contributions", "--users", "4", "--k", "3", "--seeds", "0", "1"])
    contributions.main()
    whole = results.read(tmp_path / "bench.json")
    rows = [row for row in whole["sections"]["contributions"] if row["world"] == "generated"]
    names = ["ALS of implicit, defaults", "ALS of implicit, tuned"]
    assert [(row["model"], row["seed"]) for row in rows] == [(name, seed) for name in names for seed in (0, 1)]
    assert [row["factors"] for row in rows] == [100, 100, 16, 16]
    for row in rows:
        assert row["targets"] == 12 >= row["found"] == row["topple"] == row["library_topple"]
        assert 0 <= row["single_contributions"] <= row["single"] <= row["found"]
        assert row["same_set"] <= row["contributions"] <= row["found"]
        assert row["contributions"] == row["library_contributions"]
    whole["sections"]["contributions"] = rows
    table = MADE["contributions"](Results(whole))
    assert "\n| tuned, 1 | 0." in table
    assert (
        "top-3 of the test users. ALS of implicit, defaults: 100 factors, alpha 1, regularization 0.01; ALS of "
        in table
    )
    assert "Measured: 2026-01-01, version c, `run`." in table
    total, theirs = (sum(row[name] for row in rows[2:]) for name in ("found", "contributions"))
    said = MADE["contributions-short"](Results(whole))
    defaults = sum(row["contributions"] for row in rows[:2])
    assert said == f"{theirs} of {total} targets ({defaults} with its default settings), topple's {total} of {total}"


def test_the_best_settings_of_the_grid_are_those_of_the_validation_users(split, monkeypatch):
    monkeypatch.setattr(contributions, "GRID", {"factors": (2, 16), "alpha": (1.0,), "regularization": (1.0,)})
    quality = {
        factors: topple.held_out_quality(
            topple.wrap(contributions.trained(split, 0, SETTINGS | {"factors": factors}), "implicit", split.catalogue),
            split.validation, ndcg=(100,), recall=(),
        )["ndcg_100"]
        for factors in (2, 16)
    }  # fmt: skip
    assert contributions.chosen(split)["factors"] == max(quality, key=quality.get)
