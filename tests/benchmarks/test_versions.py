"""Two versions stand beside each other: here this one twice, once as a checkout."""

import json
import subprocess
from contextlib import nullcontext

import pytest

import topple
from benchmarks import speed, versions
from benchmarks.timing import HERE
from benchmarks.versions import VersionError, checkout_of, in_turn, running


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    split = topple.load_split("generated")
    folder = tmp_path_factory.mktemp("films") / "ease"
    topple.save_model(topple.fit(split, "ease", progress=False), folder, split)
    return folder


@pytest.fixture(scope="module")
def stand():
    """Return this version twice, ready."""
    with running({"this": HERE, "beside": HERE}) as found:
        yield list(found.values())


def options(**more):
    given = {"users": 6, "pairs": 2, "seconds": 0.05, "enough": 1.0, "rules": ["unseen_before"], "differences": False}
    return type("Options", (), {**given, "methods": ["auto, no proof", "request, no proof", "recommend"], **more})()


def test_a_model_is_measured_in_both_with_the_same_answers(folder, stand):
    rows, memory = speed.rows_of(stand, "films", folder, options())
    assert [row["method"] for row in rows] == ["auto, no proof", "request, no proof", "recommend"]
    for row in rows:
        assert row["least"] <= row["ratio"] <= row["most"]
        assert len(row["ms"]) == 2
        assert min(row["ms"]) > 0
    assert rows[0]["differ"] == 0
    assert rows[0]["found"][0] == rows[0]["found"][1] > 0
    assert rows[0]["minimal"] == [1.0, 1.0]
    assert rows[1]["ms_p95"][0] >= rows[1]["ms"][0]
    assert memory["model"] == ["read", "read"]
    assert all(0 < numba < gib for numba, gib in zip(memory["compiler_gib"], memory["gib"], strict=True))


def test_a_folder_of_a_format_that_a_version_does_not_read_is_made_of_the_arrays(folder, stand, tmp_path):
    for path in folder.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    about = json.loads((folder / "model.json").read_text())
    (tmp_path / "model.json").write_text(
        json.dumps(about | {"format": "topple.model/99", "settings": about["settings"] | {"new": 1}})
    )
    (tmp_path / "histories.json").write_text("[]")
    told = stand[0].ask("load", folder=str(tmp_path), histories=str(tmp_path / "histories.json"))
    assert told["how"] == "made of the arrays"
    with pytest.raises(VersionError, match=r"failed at 'load': .*No such file"):
        stand[0].ask("load", folder=str(tmp_path / "none"), histories="none")


def test_a_process_that_ends_is_told():
    with running({"this": HERE}) as stand:
        stand["this"]._process.kill()
        stand["this"]._process.wait()
        with pytest.raises(VersionError, match="ended during 'memory'"):
            stand["this"].ask("memory")


def test_what_was_measured_while_loops_were_compiled_is_measured_again(monkeypatch, tmp_path):
    (tmp_path / "src" / "topple").mkdir(parents=True)
    calls = []

    def rows_of(stand, world, folder, options):
        calls.append(1)
        (tmp_path / "src" / "topple" / "a.nbc").touch()
        return [len(calls)], {"first": [100.0 / len(calls)], "gib": [1.0 / len(calls)]}

    monkeypatch.setattr(speed, "rows_of", rows_of)
    monkeypatch.setattr(speed, "running", lambda checkouts: nullcontext({}))
    rows, memory = speed.model_rows("films", tmp_path, {"this": tmp_path}, options())
    assert rows == [2]
    assert memory == {"first": [50.0], "gib": [0.5], "compiling_s": [100.0], "compiling_gib": [1.0]}
    rows, memory = speed.model_rows("films", tmp_path, {"this": tmp_path}, options())
    assert (rows, memory["compiling_s"]) == ([3], None)


def test_versions_are_asked_in_turn():
    asked = []

    class Noting:
        def __init__(self, name):
            self.name = name

        def ask(self, do, **what):
            asked.append(self.name)
            return what

    told = in_turn([Noting("a"), Noting("b")], 3, "batch", users=1)
    assert "".join(asked) == "abbaab"
    assert told == [[{"users": 1}] * 3] * 2


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("no-such-revision", "is neither a folder nor a revision of"),
        ("docs", "docs has no src/topple. Give a checkout"),
    ],
)
def test_a_version_that_is_none_is_refused(version, said, monkeypatch):
    monkeypatch.chdir(HERE)
    with pytest.raises(VersionError, match=said):
        checkout_of(version)


def test_a_revision_is_unpacked_once_and_a_checkout_is_taken_as_it_is(tmp_path, monkeypatch):
    repository = tmp_path / "repository"
    (repository / "src" / "topple").mkdir(parents=True)
    (repository / "src" / "topple" / "__init__.py").write_text("")
    git = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], check=True)
    monkeypatch.setattr(versions, "HERE", repository)
    monkeypatch.setattr(versions, "KEPT", tmp_path / "kept")
    kept = checkout_of("HEAD")
    assert (kept / "src" / "topple" / "__init__.py").is_file()
    assert kept.parent == tmp_path / "kept"
    (kept / "mark").write_text("compiled")
    assert (checkout_of("HEAD") / "mark").is_file()
    assert checkout_of(str(repository)) == repository


def test_models_are_found_under_folders_and_named_by_the_folder_above(folder):
    assert speed.model_folders([folder]) == speed.model_folders([folder.parent]) == [(folder.parent.name, folder)]
    with pytest.raises(VersionError, match=r"no model.json in .*nothing"):
        speed.model_folders([folder / "nothing"])
