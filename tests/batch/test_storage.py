"""Folders of batches: on this machine, by a path or by file://, and at addresses where nothing is put in place in one step."""

import pytest

from topple.batch.folder import summaries
from topple.batch.storage import Folder
from topple.files import writing


def test_an_address_of_this_machine_is_a_path_of_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Folder(f"file://{tmp_path}/why").local == tmp_path / "why"
    assert Folder("why").anywhere == str(tmp_path / "why")
    assert Folder("memory://why").anywhere == "memory://why"


def test_a_summary_that_a_killed_worker_wrote_in_part_counts_as_none():
    folder = Folder("memory://in-part")
    for number, text in enumerate(('{"shard": 0, "where": "input/1"}', '{"shard": 1, "wh')):
        with folder.write(f"done/{number:05d}.json") as file:
            file.write(text.encode())
    assert [each["shard"] for each in summaries(folder, {"where": "input/1"})] == [0]
    assert list(summaries(folder, {"where": "input/1"}, {1})) == []


def test_what_a_killed_removal_left_is_removed_with_the_next(tmp_path):
    folder = Folder(tmp_path / "why")
    (tmp_path / "why" / ".input.topple" / "killed" / "dropped").mkdir(parents=True)
    folder.remove("input")
    assert list((tmp_path / "why").iterdir()) == []
    with writing(tmp_path / "why" / "input") as aside:
        aside.mkdir()
    folder.remove("input")
    assert list((tmp_path / "why").iterdir()) == []


def test_a_write_that_fails_leaves_nothing_at_an_address():
    folder = Folder("memory://half")

    def fail():
        with folder.write("explanations/00000.parquet") as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not folder.exists("explanations/00000.parquet")


def test_what_killed_writes_left_goes_wherever_it_is(tmp_path):
    folder = Folder(tmp_path / "why")
    for name in ("manifest.json", "done/00001.json"):
        with folder.write(name) as file:
            file.write(b"{}")
        path = tmp_path / "why" / name
        (path.parent / f".{path.name}.topple" / "killed").mkdir(parents=True)
    folder.repair()
    assert [*(tmp_path / "why").rglob(".*")] == []
    assert folder.names("done") == ["00001.json"]
