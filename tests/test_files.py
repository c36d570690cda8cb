import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from topple.errors import ArgumentError, DataError, DataNotFoundError, OutputError, OutputExistsError
from topple.files import hold, read_whole, refuse_existing, remove, repair, writing


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
        if self.name == "new" and Path(target) == tmp_path / "out":
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr("topple.files.exchange", lambda first, second: False)
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


@pytest.mark.skipif(sys.platform == "win32", reason="processes are forked")
@pytest.mark.parametrize(
    ("scenario", "support"),
    [
        ("file-file", "supported"),
        ("folder-folder", "supported"),
        ("folder-folder", "unsupported"),
        ("nothing-folder", "supported"),
        ("split", "supported"),
        ("model", "unsupported"),
    ],
)
def test_a_kill_at_any_call_leaves_the_old_or_the_new_and_the_next_process_leaves_nothing_else(
    tmp_path, scenario, support
):
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("killing.py")), scenario, str(tmp_path), support],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["wrong"] == []
    assert min(found["old"], found["new"]) > 5, found
    assert found["kills"] == found["old"] + found["new"]


RACE = """
    import sys
    from pathlib import Path
    from topple import files

    name, turns = sys.argv[2], int(sys.argv[3])
    if sys.argv[4] == "unsupported":
        files.exchange = lambda first, second: False
    for turn in range(turns):
        with files.writing(sys.argv[1], overwrite=True) as aside:
            aside.mkdir()
            for file in "abc":
                (aside / file).write_text(f"{name} {turn}")
"""


@pytest.mark.parametrize("support", ["supported", "unsupported"])
def test_processes_that_write_one_folder_at_the_same_time_do_not_mix(tmp_path, support):
    write_folder(tmp_path / "out", dict.fromkeys("abc", "first"))
    command = [sys.executable, "-c", textwrap.dedent(RACE), str(tmp_path / "out")]
    writers = [
        subprocess.Popen([*command, name, "60", support], stderr=subprocess.PIPE, text=True) for name in ("one", "two")
    ]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        found = read_whole(tmp_path / "out", lambda: [(tmp_path / "out" / file).read_text() for file in "abc"])
        assert len(set(found)) == 1
        seen.add(found[0])
    assert [(writer.communicate()[1], writer.returncode) for writer in writers] == [("", 0)] * 2
    assert len(seen) > 2
    assert set(contents(tmp_path / "out").values()) <= {"one 59", "two 59"}
    assert len(set(contents(tmp_path / "out").values())) == 1
    assert names(tmp_path) == ["out"]


def test_what_another_process_removes_just_then_is_made_again(tmp_path, monkeypatch):
    mkdir, beside, turns = Path.mkdir, tmp_path / ".out.topple", []

    def removed_meanwhile(path, *args, **options):
        if path == beside and not turns:
            turns.append(path)
            raise FileExistsError(17, "File exists", str(path))
        return mkdir(path, *args, **options)

    monkeypatch.setattr(Path, "mkdir", removed_meanwhile)
    write_text(tmp_path / "out", "whole")
    assert turns
    assert contents(tmp_path) == {"out": "whole"}


def test_a_folder_that_another_process_replaces_while_it_is_looked_at_is_looked_at_again(tmp_path, monkeypatch):
    write_folder(tmp_path / "out", {"a": "first"})
    iterdir, turns = Path.iterdir, []

    def moved_meanwhile(path):
        if path == tmp_path / "out" and not turns:
            turns.append(path)
            shutil.move(path, tmp_path / "old")
            write_folder(tmp_path / "out", {"a": "second"})
            raise FileNotFoundError(2, "No such file or directory", str(path))
        return iterdir(path)

    monkeypatch.setattr(Path, "iterdir", moved_meanwhile)
    refuse_existing(tmp_path / "out", overwrite=True, marker="a")
    assert turns


def test_a_running_write_keeps_what_it_has_when_others_write_and_read(tmp_path):
    with writing(tmp_path / "out", overwrite=True) as aside:
        aside.write_text("slow")
        write_text(tmp_path / "out", "quick")
        repair(tmp_path / "out")
        assert aside.read_text() == "slow"
    assert contents(tmp_path) == {"out": "slow"}
    assert names(tmp_path) == ["out"]


def test_what_another_process_wrote_meanwhile_is_not_replaced_without_overwrite(tmp_path):
    def late():
        with writing(tmp_path / "out") as aside:
            aside.write_text("late")
            write_text(tmp_path / "out", "early")

    with pytest.raises(OutputExistsError, match=r"out exists and is left as it is"):
        late()
    assert contents(tmp_path) == {"out": "early"}


def test_an_empty_folder_of_an_output_is_written_into(tmp_path):
    (tmp_path / "out").mkdir()
    with writing(tmp_path / "out", marker="a") as aside:
        aside.mkdir()
        (aside / "a").write_text("new")
    assert contents(tmp_path) == {"out/a": "new"}


def test_bytes_are_on_the_disk_before_the_step_and_names_after_it(tmp_path, monkeypatch):
    steps = []
    synchronize, replace = os.fsync, Path.replace

    def fsync(descriptor):
        steps.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        synchronize(descriptor)

    def replaced(self, target):
        steps.append("step")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replaced)
    if not Path("/proc/self/fd").exists():
        pytest.skip("open files cannot be named here")
    write_folder(tmp_path / "out", {"a": "1", "b": "2"})
    assert sorted(steps[:3]) == ["a", "b", "new"]
    assert steps[3:] == ["step", tmp_path.name]
    steps.clear()
    write_text(tmp_path / "file.txt", "1")
    assert steps == ["new.txt", "step", tmp_path.name]


def test_a_folder_that_is_replaced_while_it_is_read_is_read_again(tmp_path):
    write_folder(tmp_path / "out", {"a": "old", "b": "old"})
    turns = iter(["replace", "keep"])

    def read():
        first = (tmp_path / "out" / "a").read_text()
        if next(turns) == "replace":
            write_folder(tmp_path / "out", {"a": "new", "b": "new"}, overwrite=True)
        return first + (tmp_path / "out" / "b").read_text()

    assert read_whole(tmp_path / "out", read) == "newnew"


def test_an_error_of_reading_what_nobody_replaced_is_raised(tmp_path):
    with pytest.raises(FileNotFoundError, match="missing"):
        read_whole(tmp_path / "missing", (tmp_path / "missing").read_text)


def test_a_folder_that_is_always_replaced_while_it_is_read_is_said(tmp_path):
    def read():
        write_folder(tmp_path / "out", {"a": "newer"}, overwrite=True)

    with pytest.raises(OutputError, match=r"out was replaced 100 times while it was read\. Stop what writes it"):
        read_whole(tmp_path / "out", read)


def test_what_was_half_removed_when_a_process_was_killed_is_never_taken_for_something_whole(tmp_path, monkeypatch):
    write_folder(tmp_path / "out", {"a": "newest"})
    for name in ("new", "old.0"):
        (tmp_path / ".out.topple" / "killed" / name).mkdir(parents=True)
        (tmp_path / ".out.topple" / "killed" / name / "a").write_text(name)
    monkeypatch.setattr(shutil, "rmtree", lambda folder, ignore_errors: None)  # killed before the first file is gone
    repair(tmp_path / "out")
    monkeypatch.undo()
    shutil.rmtree(tmp_path / "out")
    repair(tmp_path / "out")
    assert names(tmp_path) == []


def test_names_that_look_like_leftovers_of_others_are_left_alone(tmp_path):
    (tmp_path / ".out.toml").write_text("mine")
    (tmp_path / ".other.topple").mkdir()
    write_text(tmp_path / "out", "new")
    assert sorted(names(tmp_path)) == [".other.topple", ".out.toml", "out"]


def test_a_folder_is_removed_in_one_step(tmp_path, monkeypatch):
    write_folder(tmp_path / "out", {"a": "1"})
    monkeypatch.setattr(shutil, "rmtree", lambda folder, ignore_errors: None)  # killed before the first file is gone
    remove(tmp_path / "out")
    monkeypatch.undo()
    assert names(tmp_path) == [".out.topple"]
    repair(tmp_path / "out")
    assert names(tmp_path) == []
    with pytest.raises(OutputError, match=r"out could not be removed: No such file.*Delete it by hand"):
        remove(tmp_path / "out")
    assert names(tmp_path) == []


@pytest.mark.parametrize("path", ["/", "a\0b", "n" * 300, "missing/" * 3])
def test_odd_paths_hold_nothing_to_repair(path):
    repair(path)
    assert read_whole(path, lambda: "found") == "found"


def test_a_path_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(OutputError, match=r"cannot write .*n: File name too long"):
        write_text(tmp_path / ("n" * 300), "new")


def test_a_folder_is_held_until_the_lock_is_closed(tmp_path):
    lock = hold(tmp_path)
    with pytest.raises(OutputError, match=r"is in use by another process\. Wait until it ends, or choose another path"):
        hold(tmp_path)
    os.close(lock)
    os.close(hold(tmp_path))
    with pytest.raises(OutputError, match=r"cannot write .*missing: No such file or directory"):
        hold(tmp_path / "missing")
    for name in ("a\0b", "\ud800", "a" * 300):
        with pytest.raises(OutputError, match=r"not UTF-8, or holds a zero character|File name too long"):
            hold(tmp_path / name)


def test_overwrite_that_is_neither_true_nor_false_is_refused(tmp_path):
    with (
        pytest.raises(ArgumentError, match=r"overwrite=None is of type NoneType\. Give True or False"),
        writing(tmp_path / "out", overwrite=None),
    ):
        pass


def test_a_path_in_very_many_folders_is_refused():
    with pytest.raises(OutputError, match=r"cannot write .*: it is in more than 256 folders\. Choose another path"):
        refuse_existing("a/" * 1_500 + "x", overwrite=False)
