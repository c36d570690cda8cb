"""All parts in one run, on generated films."""

import pytest

import topple
from benchmarks import bench, results
from benchmarks.results import read


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return what runs the command and gives back what it wrote."""
    monkeypatch.setattr(results, "BUILD", tmp_path / "bench.json")
    monkeypatch.setattr(results, "this_run", lambda: ("now", {"date": "2026-01-01"}))

    def go(*words):
        monkeypatch.setattr("sys.argv", ["bench", *words])
        bench.main()
        return read(tmp_path / "bench.json")["sections"]

    return go


@pytest.mark.filterwarnings("ignore")
def test_quality_of_every_method_that_is_asked_about(run, tmp_path, capsys):
    split, folder = topple.load_split("generated"), tmp_path / "films"
    for name, settings in (("mult-vae", {"epochs": 3}), ("als", {})):
        topple.save_model(topple.fit(split, name, settings=settings, progress=False), _in(folder) / name, split)
    few = ["--users", "3", "--paper-queries", "2", "--lcer-steps", "5", "--models", str(folder)]
    rows = run("--parts", "quality", *few, "--methods", "lcer", "greedy", "auto, no proof")["quality"]
    rows = [row for row in rows if row["world"] == "films"]
    assert [row["method"] for row in rows[::2]] == ["lcer, paper-style loop", "lcer", "greedy", "auto, no proof"]
    assert {row["rule"] for row in rows} == {"unseen_before", "unseen_after"}
    greedy = rows[4]
    assert greedy["pn"] == greedy["minimal"] == 1.0
    assert 0 < greedy["found"] <= greedy["queries"] == 15
    assert all(row["ms"] > 0 for row in rows)
    assert "explanations of test users' top-k" in capsys.readouterr().out


def _in(folder):
    folder.mkdir(exist_ok=True)
    return folder


def test_without_models_they_are_trained(run):
    few = ["--users", "2", "--recommenders", "ease", "--methods", "greedy", "lcer"]
    rows = [row for row in run("--parts", "quality", *few)["quality"] if row["world"] == "generated"]
    assert [(row["recommender"], row["method"]) for row in rows] == [("ease", "greedy")] * 2


def test_a_folder_without_models_is_said_in_a_sentence(run, tmp_path):
    with pytest.raises(SystemExit, match=r"no model.json in .*empty.* Give what"):
        run("--models", str(tmp_path / "empty"))


def test_a_version_that_is_none_ends_before_anything_is_measured(run, tmp_path):
    with pytest.raises(SystemExit, match="'none-such' is neither a folder nor a revision"):
        run("--parts", "speed", "--beside", "none-such", "--models", str(tmp_path))
