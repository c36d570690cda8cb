import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from topple.errors import DataError, DataNotFoundError, OutputError, OutputExistsError
from topple.files import refuse_existing, writing


def write_text(path, text, *, overwrite=False):
    with writing(path, overwrite=overwrite) as aside:
        aside.write_text(text)


def write_folder(path, files, *, overwrite=False):
    with writing(path, overwrite=overwrite) as aside:
        aside.mkdir()
        for name, text in files.items():
            (aside / name).write_text(text)


def contents(folder):
    return {str(p.relative_to(folder)): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


def names(folder):
    return [path.name for path in folder.iterdir()]


def test_a_file_is_written_and_folders_above_it_are_made(tmp_path):
    write_text(tmp_path / "a" / "b" / "new.txt", "new")
    assert contents(tmp_path) == {"a/b/new.txt": "new"}
    assert names(tmp_path / "a" / "b") == ["new.txt"]


def test_a_folder_is_written_whole(tmp_path):
    write_folder(tmp_path / "model", {"one": "1", "two": "2"})
    assert contents(tmp_path) == {"model/one": "1", "model/two": "2"}
    assert names(tmp_path) == ["model"]


def test_nothing_stands_at_the_path_before_the_writing_is_complete(tmp_path):
    with writing(tmp_path / "new.txt") as aside:
        aside.write_text("new")
        assert not (tmp_path / "new.txt").exists()


def test_a_written_folder_can_be_read_by_others(tmp_path):
    (tmp_path / "plain").mkdir()
    write_folder(tmp_path / "model", {"one": "1"})
    assert (tmp_path / "model").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("write", [lambda path: write_text(path, "new"), lambda path: write_folder(path, {"x": "new"})])
def test_an_existing_path_is_refused_and_left_as_it_is(tmp_path, write):
    (tmp_path / "old").write_text("old")
    with pytest.raises(OutputExistsError, match=r"old exists and is left as it is\. .*--overwrite"):
        write(tmp_path / "old")
    assert contents(tmp_path) == {"old": "old"}


def test_refusing_comes_before_the_work(tmp_path):
    refuse_existing(tmp_path / "new", overwrite=False)
    refuse_existing(tmp_path, overwrite=True)
    with pytest.raises(FileExistsError, match=r"exists"):
        refuse_existing(tmp_path, overwrite=False)


def test_overwrite_replaces_a_file(tmp_path):
    (tmp_path / "out").write_text("old")
    write_text(tmp_path / "out", "new", overwrite=True)
    assert contents(tmp_path) == {"out": "new"}
    assert names(tmp_path) == ["out"]


def test_overwrite_replaces_a_folder_and_nothing_of_the_old_stays(tmp_path):
    write_folder(tmp_path / "out", {"a": "old", "b": "old"})
    write_folder(tmp_path / "out", {"a": "new"}, overwrite=True)
    assert contents(tmp_path) == {"out/a": "new"}
    assert names(tmp_path) == ["out"]


def test_overwrite_replaces_a_file_by_a_folder_and_a_folder_by_a_file(tmp_path):
    write_text(tmp_path / "out", "old")
    write_folder(tmp_path / "out", {"a": "new"}, overwrite=True)
    assert contents(tmp_path) == {"out/a": "new"}
    write_text(tmp_path / "out", "newer", overwrite=True)
    assert contents(tmp_path) == {"out": "newer"}
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("stop", [RuntimeError("midway"), KeyboardInterrupt(), DataError("midway")], ids=repr)
@pytest.mark.parametrize("folder", [False, True], ids=["file", "folder"])
def test_an_exception_midway_leaves_the_old_whole_and_nothing_else(tmp_path, stop, folder):
    out = tmp_path / "out"
    write_folder(out, {"a": "old"}) if folder else write_text(out, "old")
    before = contents(tmp_path)

    def interrupted():
        with writing(out, overwrite=True) as aside:
            if folder:
                aside.mkdir()
            (aside / "a" if folder else aside).write_text("half of the new")
            raise stop

    with pytest.raises(type(stop)) as raised:
        interrupted()
    assert raised.value is stop
    assert contents(tmp_path) == before
    assert names(tmp_path) == ["out"]


def test_a_missing_input_while_writing_is_not_taken_for_a_failed_output(tmp_path):
    with pytest.raises(DataNotFoundError, match=r"u.data"), writing(tmp_path / "out"):
        raise DataNotFoundError("u.data is missing")
    assert names(tmp_path) == []


def test_a_block_that_writes_nothing_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match=r"writing .*out failed: No such file"), writing(tmp_path / "out"):
        pass
    assert names(tmp_path) == []


def test_a_parent_that_is_a_file_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("old")
    with pytest.raises(OutputError, match=r"cannot write .*out: File exists.* Check that the folder"):
        write_text(tmp_path / "file" / "out", "new")
    assert contents(tmp_path) == {"file": "old"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_an_output_error(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match=r"cannot write .*: Permission denied"):
        write_text(tmp_path / "out", "new")


def test_a_rename_that_fails_puts_the_old_folder_back(tmp_path, monkeypatch):
    write_folder(tmp_path / "out", {"a": "old"})
    rename = Path.replace

    def failing(self, target):
        if self.name == "out" and Path(target) == tmp_path / "out":
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(OutputError, match=r"Input/output error"):
        write_folder(tmp_path / "out", {"a": "new"}, overwrite=True)
    monkeypatch.undo()
    assert contents(tmp_path) == {"out/a": "old"}
    assert names(tmp_path) == ["out"]


SCRIPT = """
    import resource, sys
    from pathlib import Path
    from topple.errors import OutputError
    from topple.files import writing

    out, folder, limit = Path(sys.argv[1]), sys.argv[2] == "folder", int(sys.argv[3])
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        with writing(out, overwrite=True) as aside:
            if folder:
                aside.mkdir()
                (aside / "first").write_bytes(b"n" * 1000)
            (aside / "second" if folder else aside).write_bytes(b"n" * 4_000_000)
    except OutputError as error:
        print(error)
        sys.exit(7)
"""


def overfill(out, kind, limit):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), str(out), kind, str(limit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 7, done.stderr
    return done.stdout


def check_that_the_old_survives(folder, kind, limit, reason):
    out = folder / "out"
    if kind == "folder":
        write_folder(out, {"first": "old", "second": "old"})
    else:
        write_text(out, "old")
    before = contents(folder)
    said = overfill(out, kind, limit)
    assert f"writing {out} failed: {reason}. What was there before is unchanged; free space" in said
    assert contents(folder) == before
    assert names(folder) == ["out"]


@pytest.mark.skipif(sys.platform == "win32", reason="resource limits are POSIX")
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_write_that_is_cut_off_midway_leaves_the_old_whole(tmp_path, kind):
    check_that_the_old_survives(tmp_path, kind, 1_000_000, "File too large")


@pytest.fixture
def tiny_disk(tmp_path):
    """Mount a file system of one mebibyte, where that is allowed."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if not made or made.returncode:
        pytest.skip("mounting a file system is not allowed here")
    yield disk
    subprocess.run([shutil.which("umount"), str(disk)], check=True)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_full_disk_leaves_the_old_whole(tiny_disk, kind):
    check_that_the_old_survives(tiny_disk, kind, 0, "No space left on device")
