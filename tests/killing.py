"""Kill a writer before and after every call that changes the file system or opens a file, and look at what the next process finds.

A script of the tests of writing, `python killing.py SCENARIO FOLDER [unsupported]`: it forks from one warmed process, and writes
as JSON how many kills there were, how many ended with the old and with the new, and every case that is wrong.
"""

import fcntl
import io
import json
import os
import shutil
import signal
import sys
from importlib import import_module
from pathlib import Path

from topple import files

CHANGES = ("rename", "replace", "unlink", "rmdir")
CALLS = (*CHANGES, "mkdir", "fsync", "open", "close", "write")
"""Functions of `os`; the writers of data and models, which make many files, are killed at changes only."""


def snapshot(path):
    """Return what stands at a path: text of a file, texts by name of a folder, None for nothing."""
    if path.is_dir():
        return {str(p.relative_to(path)): p.read_text() for p in sorted(path.rglob("*")) if p.is_file()}
    return path.read_text() if path.exists() else None


class Plain:
    """Writes text to a file or a folder in pieces; `old` and `new` are "file", "folder" or "nothing"."""

    calls = CALLS

    def __init__(self, path, old, new):
        self.path, self.kinds = path, {"old": old, "new": new, "newer": new}

    def write(self, version):
        if self.kinds[version] == "nothing":
            return
        with files.writing(self.path, overwrite=True) as aside:
            folder = self.kinds[version] == "folder"
            if folder:
                (aside / "inner").mkdir(parents=True)
            for file in [aside / "first", aside / "inner" / "second"] if folder else [aside]:
                descriptor = os.open(file, os.O_WRONLY | os.O_CREAT)
                for piece in (version, " is ", "whole"):
                    os.write(descriptor, piece.encode())
                os.close(descriptor)

    def read(self):
        return files.read_whole(self.path, lambda: snapshot(self.path))


class Prepared:
    """Writes a split of a few interactions."""

    calls = CHANGES

    def __init__(self, path):
        import pyarrow as pa

        import topple

        import_module("topple.data.layout")  # before the process is forked: here, and not at each kill
        self.path, self.splits = path, {}
        for turn, version in enumerate(("old", "new", "newer")):
            pairs = [(user, (user * (turn + 1) + step) % 12) for user in range(12) for step in range(6)]
            frame = pa.table({"user": [user for user, _ in pairs], "item": [item for _, item in pairs]})
            read = topple.read_interactions(frame, user="user", item="item")
            self.splits[version] = topple.prepare(read, topple.Preparation(held_out_users=2))

    def write(self, version):
        from topple.data.layout import write_split

        write_split(self.splits[version], self.path, overwrite=True)

    def read(self):
        from topple.data.layout import read_split

        return read_split(self.path).fingerprint


class Model(Prepared):
    """Writes a model with the split that the model was fitted on."""

    def __init__(self, path):
        from topple import fit

        import_module("topple.recommenders.saving.folders")
        super().__init__(path)
        self.models = {version: fit(split, "ease", progress=False) for version, split in self.splits.items()}

    def write(self, version):
        from topple import save_model

        save_model(self.models[version], self.path, self.splits[version], overwrite=True)

    def read(self):
        from topple import load_model, load_model_split

        return [load_model(self.path).fingerprint, load_model_split(self.path).fingerprint]


def forked(work, *, killed_at=None, calls=()):
    """Do something in a forked process, killed at a point, and return what it returned; None where it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            point = -1

            def reached():
                nonlocal point
                point += 1
                if point == killed_at:
                    os.kill(os.getpid(), signal.SIGKILL)

            if killed_at is not None:
                watch(reached, calls)
            text = json.dumps([work()])
            with open(writing, "w", closefd=False) as pipe:
                pipe.write(text)
        except BaseException as error:  # noqa: BLE001 # it leaves this process as a text
            with open(writing, "w", closefd=False) as pipe:
                pipe.write(json.dumps([f"{type(error).__name__}: {error}"]))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    return None if os.WIFSIGNALED(status) else json.loads(text)[0]


def watch(reached, calls):
    """Call `reached` before and after every call of the write path."""

    def wrapped(call):
        def watched(*arguments, **options):
            reached()
            result = call(*arguments, **options)
            reached()
            return result

        return watched

    for owner, name in [(os, name) for name in calls] + [(io, "open"), (fcntl, "flock"), (files, "exchange")]:
        setattr(owner, name, wrapped(getattr(owner, name)))


def leftovers(path):
    return [p.name for p in path.parent.iterdir() if p != path]


def clear(path):
    for found in path.parent.iterdir():
        shutil.rmtree(found) if found.is_dir() else found.unlink()


def kill_everywhere(scenario):
    """Kill the writing of the new at every point; each time the next process reads, or writes, or is killed while it reads."""
    path, ends, wrong = scenario.path, {"old": 0, "new": 0}, []
    copy, whole = path.parent.with_name("copy"), {}
    for version in ("newer", "new", "old"):
        clear(path)
        forked(lambda version=version: scenario.write(version))
        whole[version] = forked(scenario.read) if path.exists() else None
    path.parent.rename(copy)

    def killed(point):
        shutil.rmtree(path.parent, ignore_errors=True)
        shutil.copytree(copy, path.parent)
        return forked(lambda: scenario.write("new") or "done", killed_at=point, calls=scenario.calls) is None

    def check(point, after):
        there = forked(scenario.read) if path.exists() or whole["old"] is not None or leftovers(path) else None
        found = there if path.exists() else None
        if found not in (whole["old"], whole["new"]) or leftovers(path):
            wrong.append([point, after, found, leftovers(path)])
        return "new" if found == whole["new"] else "old"

    point = 0
    while killed(point):
        missing = not path.exists() and whole["old"] is not None
        ends[check(point, "read")] += 1
        if scenario.calls is CALLS:
            killed(point)
            forked(lambda: scenario.write("newer"))
            if forked(scenario.read) != whole["newer"] or leftovers(path):
                wrong.append([point, "written again", leftovers(path)])
        again = 0
        while missing and scenario.calls is CALLS and killed(point):
            if forked(lambda: [scenario.read()], killed_at=again, calls=CALLS) is not None:
                break
            check(point, f"read, killed at {again}")
            again += 1
        point += 1
    if check(point, "not killed") != "new":
        wrong.append([point, "not written"])
    return {"kills": point, **ends, "wrong": wrong}


if __name__ == "__main__":
    name, target = sys.argv[1], Path(sys.argv[2]) / "parent" / "target"
    target.parent.mkdir()
    os.fsync = lambda descriptor: None  # a kill loses nothing that the system was given
    if "unsupported" in sys.argv[3:]:
        files.exchange = lambda first, second: False
    writers = {"split": Prepared, "model": Model}
    sys.stdout.write(
        json.dumps(kill_everywhere(writers[name](target) if name in writers else Plain(target, *name.split("-"))))
    )
