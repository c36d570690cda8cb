"""Writing and reading without losing: at a path stands the old or the new, whole, whenever a process is killed.

What is new is written in a folder beside the path, `.NAME.topple/RANDOM`, brought to the disk, and put at the path in one step: a rename
where nothing or a file is replaced by a file, else an exchange. Where the system has no exchange, what is old is moved into that
folder first; whoever reads or writes the path next completes what a kill between the two steps left. A lock that ends with
the process tells a folder that is being written in from one that a killed process left.
"""

import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from topple.errors import OutputError, OutputExistsError, ToppleError, need
from topple.exchange import exchange
from topple.inputs import path_of, refuse_name
from topple.types import FilePath

NEW, OLD, LOCK, DROPPED = "new", "old", "lock", "dropped"
"""Names in the folder of one write. Where both NEW and OLD are there, NEW is whole and not yet at the path."""
MEANWHILE = {errno.ENOENT, errno.EEXIST, errno.ENOTEMPTY, errno.EISDIR, errno.ENOTDIR}
"""Errors of a step before which another process moved or replaced what stood at the path."""
TURNS = 100
"""How often something is tried again where another process replaces the same path at the same time."""

_Found = TypeVar("_Found")


def refuse_existing(path: FilePath, *, overwrite: bool, marker: str | None = None) -> None:
    """Refuse a path that is there and may not be replaced; call it before the work starts.

    Args:
        path: where the output will be.
        overwrite: whether it may replace what is there.
        marker: a file that every output folder of this kind holds; a folder without it is never replaced, unless empty.

    Raises:
        OutputExistsError: it may not be replaced.
        OutputError: what is there cannot be looked at: no permission, or a name as in `refuse_name`.
    """
    path = path_of(path)
    need(overwrite, bool, "overwrite", "True or False")
    refuse_name(path, _beside(path))

    def look() -> tuple[bool, bool, bool, bool]:
        exists, folder = path.exists(), path.is_dir()
        return exists, folder, folder and not any(path.iterdir()), (path / (marker or "")).exists()

    try:
        exists, folder, empty, marked = read_whole(path, look)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}. Choose another path.") from error
    if marker is not None and empty:
        return
    if exists and not overwrite:
        raise OutputExistsError(f"{path} exists and is left as it is. Choose another, or pass overwrite (--overwrite).")
    if marker is not None and folder and not marked:
        raise OutputExistsError(
            f"{path} is a folder of something else (there is no {marker} in it) and is left as it is. Choose another path."
        )


@contextmanager
def writing(path: FilePath, *, overwrite: bool = False, marker: str | None = None) -> Iterator[Path]:
    """Yield a path beside `path` to write a file or make a folder at; on success it is put at `path` in one step.

    Processes that write one path at the same time do not mix: the last stands there, whole.

    Raises:
        OutputExistsError: `path` may not be replaced, see `refuse_existing`.
        OutputError: the write failed (disk full, no permission); `path` is as it was before.
    """
    path = path_of(path)
    refuse_existing(path, overwrite=overwrite, marker=marker)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder, lock = _begun(_beside(path))
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {error.strerror or error}. Check that the folder may be written to."
        ) from error
    new = folder / f"{NEW}{path.suffix}"
    try:
        yield new
        _flush(new)
        refuse_existing(path, overwrite=overwrite, marker=marker)  # what another process wrote meanwhile
        _put(new, path)
        _flush_entries(path.parent)
    except OSError as error:
        if isinstance(error, ToppleError):
            raise
        raise OutputError(
            f"writing {path} failed: {error.strerror or error}. What was there before is unchanged; "
            "free space or choose another path, and run again."
        ) from error
    finally:
        _ended(folder, lock)


def read_whole(path: FilePath, read: Callable[[], _Found]) -> _Found:
    """Return what `read` makes of the files of a folder that no other process replaced while they were read.

    Args:
        path: the file or folder; what a killed write left beside it is put in order first.
        read: reads it; called again where it was replaced meanwhile.
    """
    for _ in range(TURNS):
        repair(path)
        before = _identity(path)
        try:
            found = read()
        except Exception:
            repair(path)
            if _identity(path) == before:
                raise
        else:
            if _identity(path) == before:
                return found
    raise OutputError(f"{path} was replaced {TURNS} times while it was read. Stop what writes it, and read it again.")


def remove(path: FilePath) -> None:
    """Remove a file or folder in one step: whenever the process is killed, it is there whole or not at all.

    Raises:
        OutputError: it could not be removed.
    """
    path = path_of(path)
    try:
        folder, lock = _begun(_beside(path))
        try:
            path.rename(folder / DROPPED)
        finally:
            _ended(folder, lock)
    except OSError as error:
        raise OutputError(f"{path} could not be removed: {error.strerror or error}. Delete it by hand.") from error


def hold(folder: FilePath) -> int:
    """Return an open lock that keeps a folder for this process, until it is closed or the process ends.

    Raises:
        OutputError: another process holds the folder, or it cannot be written.
    """
    refuse_name(folder, Path(folder) / LOCK)
    try:
        lock = _lock(Path(folder), required=False)
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror}. Choose another path.") from error
    if lock is None:
        raise OutputError(f"{folder} is in use by another process. Wait until it ends, or choose another path.")
    return lock


def repair(path: FilePath) -> None:
    """Put in order what killed writes of a path left: a replacement in two steps is completed, what is left over is removed."""
    path = path_of(path)
    beside = _beside(path)
    try:
        folders = sorted(beside.iterdir())
    except (OSError, ValueError):  # there is none, or the path is none
        return
    for folder in folders:
        new = folder / f"{NEW}{path.suffix}"
        if not os.path.lexists(path) and os.path.lexists(new) and any(folder.glob(f"{OLD}*")):
            with suppress(OSError):  # without the lock: the process may be alive, and then this completes its write
                new.replace(path)
        with suppress(OSError):
            lock = _lock(folder)
            if lock is not None:
                _remove(folder)
                os.close(lock)
    with suppress(OSError):
        beside.rmdir()


def _beside(path: Path) -> Path:
    """Return the folder in which everything is written that is to stand at a path."""
    path = path.absolute()
    return path.parent / f".{path.name}.topple"


def _begun(beside: Path) -> tuple[Path, int]:
    """Return a new folder to write in, and the lock that says that this process does."""
    for _ in range(TURNS):
        with suppress(FileExistsError):  # not `exist_ok`, which fails where another process removes it meanwhile
            beside.mkdir()
        with suppress(FileNotFoundError):  # another process removes what is empty or not locked yet
            folder = Path(tempfile.mkdtemp(dir=beside))
            lock = _lock(folder, required=False)
            if lock is not None:
                return folder, lock
    raise OSError(None, f"{beside} is removed again and again by another process")


def _ended(folder: Path, lock: int) -> None:
    """Remove the folder of a write of this process, and give the lock back."""
    _remove(folder)
    os.close(lock)
    with suppress(OSError):
        folder.parent.rmdir()


def _lock(folder: Path, *, required: bool = True) -> int | None:
    """Return the open lock of a folder; None where another process holds it.

    Raises:
        OSError: the folder is gone, or this file system has no locks and one is required.
    """
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _hold(descriptor)
        if os.path.samestat(os.fstat(descriptor), (folder / LOCK).stat()):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError:
        if not required:
            return descriptor
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _hold(descriptor: int) -> None:
    """Lock an open file until it is closed or the process ends."""
    if sys.platform == "win32":
        raise OSError(None, "there are no such locks here")
    import fcntl

    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _put(new: Path, path: Path) -> None:
    """Put what is new at the path; what is old is then in the folder of what is new, or nowhere."""
    for turn in range(TURNS):
        old = new.with_name(f"{OLD}.{turn}")
        try:
            if os.path.lexists(path) and (path.is_dir() or new.is_dir()):
                if exchange(new, path):
                    return
                path.rename(old)  # from here to the next line nothing stands at the path: see `repair`
            new.replace(path)
        except OSError as error:
            if error.errno not in MEANWHILE or not new.parent.exists():
                if os.path.lexists(old) and not os.path.lexists(path):
                    old.rename(path)
                raise
            if not os.path.lexists(new):
                return  # `repair` in another process has put it there
        else:
            return
    raise OSError(None, f"another process replaced it {TURNS} times meanwhile")


def _remove(folder: Path) -> None:
    """Remove the folder of a write that has ended."""
    for new in folder.glob(f"{NEW}*"):
        with suppress(OSError):  # in one step, so that what is half removed is never taken for something whole
            new.rename(folder / DROPPED)
    shutil.rmtree(folder, ignore_errors=True)


def _identity(path: FilePath) -> tuple[int, int, int] | None:
    """Return what differs between what stood at a path and what replaced it; None where nothing stands there."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns


def _flush(path: Path) -> None:
    """Bring the bytes to the disk before the step, so that a full disk shows here and not later."""
    path.stat()  # an error where nothing was written
    for file in [path, *path.rglob("*")] if path.is_dir() else [path]:
        if file.is_dir():
            _flush_entries(file)
        elif file.is_file():
            _synchronize(file)


def _flush_entries(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system can."""
    with suppress(OSError):
        _synchronize(folder)


def _synchronize(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
