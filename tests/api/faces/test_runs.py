import json
import os

import pytest

from topple.api.faces.runs import Run
from topple.errors import DataError, OutputError, OutputExistsError

MANIFEST = {"run": "test", "data": "1a2b", "settings": {"k": 5, "seed": 0}}


def test_pieces_come_back_in_another_process_of_the_same_run(tmp_path):
    run = Run(tmp_path / "out", MANIFEST)
    assert run.finished == []
    run.keep("cornac:bpr/é", {"found": 3})
    run.keep("ease", {"found": 4})
    again = Run(tmp_path / "out", MANIFEST)
    assert again.finished == ["cornac:bpr/é", "ease"]
    assert again.kept("cornac:bpr/é") == {"found": 3}
    again.keep("ease", {"found": 5})
    assert run.kept("ease") == {"found": 5}


def test_a_piece_that_fails_half_way_is_not_there(tmp_path):
    run = Run(tmp_path / "out", MANIFEST)
    run.keep("a", {"whole": True})

    def half(name):
        with run.piece(name) as aside:
            aside.write_text("half")
            raise KeyboardInterrupt

    for name in ("a", "b"):
        with pytest.raises(KeyboardInterrupt):
            half(name)
    assert run.finished == ["a"]
    assert run.kept("a") == {"whole": True}


def test_a_piece_may_be_a_folder(tmp_path):
    run = Run(tmp_path / "out", MANIFEST)
    with run.piece("shard 1") as aside:
        aside.mkdir()
        (aside / "rows.txt").write_text("1")
    assert Run(tmp_path / "out", MANIFEST).finished == ["shard 1"]
    assert (run.path("shard 1") / "rows.txt").read_text() == "1"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"settings": {"k": 5, "seed": 1}}, r"settings\.seed was 0 and is now 1"),
        ({"data": "ffff"}, r"data was '1a2b' and is now 'ffff'"),
        ({"version": "2"}, r"version was None and is now '2'"),
    ],
)
def test_pieces_of_another_run_are_not_mixed_in(tmp_path, change, words):
    Run(tmp_path / "out", MANIFEST).keep("a", {})
    with pytest.raises(OutputExistsError, match=rf"holds another run \({words}\).*--overwrite"):
        Run(tmp_path / "out", {**MANIFEST, **change})
    assert Run(tmp_path / "out", MANIFEST).finished == ["a"]
    assert Run(tmp_path / "out", {**MANIFEST, **change}, overwrite=True).finished == []
    assert json.loads((tmp_path / "out" / "run.json").read_text())["format"] == "topple.run/1"


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_no_run_is_left_alone(tmp_path, overwrite):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.tex").write_text("all of it")
    with pytest.raises(OutputExistsError, match="is a folder of something else"):
        Run(tmp_path / "folder", MANIFEST, overwrite=overwrite)
    with pytest.raises(OutputExistsError, match=r"thesis\.tex is a file, and a run is a folder\. Choose another path"):
        Run(tmp_path / "folder" / "thesis.tex", MANIFEST, overwrite=overwrite)
    assert (tmp_path / "folder" / "thesis.tex").read_text() == "all of it"


def test_a_damaged_manifest_is_said_and_can_be_replaced(tmp_path):
    Run(tmp_path, MANIFEST).keep("a", {})
    (tmp_path / "run.json").write_text('{"run": ')
    with pytest.raises(OutputExistsError, match=r"run\.json is damaged .* whose pieces these are. Choose another"):
        Run(tmp_path, MANIFEST)
    assert Run(tmp_path, MANIFEST, overwrite=True).finished == []


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_a_damaged_piece_is_said(tmp_path, text):
    run = Run(tmp_path, MANIFEST)
    with run.piece("a") as aside:
        aside.write_text(text)
    with pytest.raises(DataError, match=r"pieces/a (is no finished piece|holds no JSON object).*Delete it"):
        run.kept("a")
    with pytest.raises(DataError, match=r"pieces/b is no finished piece"):
        run.kept("b")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="cannot write"):
        Run(tmp_path / "out", MANIFEST)


@pytest.mark.parametrize("value", [[], {}, None, float("inf")])
def test_another_manifest_is_told_whatever_its_values_are(tmp_path, value):
    Run(tmp_path / "run", {"budget": {"scored": 5}})
    told = json.loads((tmp_path / "run" / "run.json").read_text())
    told["budget"]["scored"] = value
    (tmp_path / "run" / "run.json").write_text(json.dumps(told))
    with pytest.raises(OutputExistsError, match=r"holds another run \(.*\) and is left as it is"):
        Run(tmp_path / "run", {"budget": {"scored": 5}})
    with pytest.raises(OutputExistsError, match=r"holds another run \(.*\) and is left as it is"):
        Run(tmp_path / "run", {"budget": {"scored": 7}})
