"""Writing without losing: under a temporary name first, then renamed; the old output stays whole until the new is complete."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from topple.errors import OutputError, OutputExistsError, ToppleError
from topple.types import FilePath


def refuse_existing(path: FilePath, *, overwrite: bool, marker: str | None = None) -> None:
    """Refuse a path that is there and may not be replaced; call it before the work starts.

    Args:
        path: where the output will be.
        overwrite: whether it may replace what is there.
        marker: a file that every output folder of this kind holds; a folder without it is never replaced, unless empty.

    Raises:
        OutputExistsError: it may not be replaced.
    """
    path = Path(path)
    if path.exists() and not overwrite:
        raise OutputExistsError(
            f"{path} exists and is left as it is. Choose another path, or pass overwrite (--overwrite)."
        )
    if marker is not None and path.is_dir() and not (path / marker).exists() and any(path.iterdir()):
        raise OutputExistsError(
            f"{path} is a folder of something else (there is no {marker} in it) and is left as it is. Choose another path."
        )


@contextmanager
def writing(path: FilePath, *, overwrite: bool = False, marker: str | None = None) -> Iterator[Path]:
    """Yield a path beside `path` to write a file or make a folder at; on success it is renamed to `path`.

    Raises:
        OutputExistsError: `path` may not be replaced, see `refuse_existing`.
        OutputError: the write failed (disk full, no permission); `path` is as it was before.
    """
    path = Path(path)
    refuse_existing(path, overwrite=overwrite, marker=marker)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside_root = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {error.strerror or error}. Check that the folder may be written to."
        ) from error
    try:
        yield aside_root / path.name
        _replace(aside_root / path.name, path)
    except OSError as error:
        if isinstance(error, ToppleError):
            raise
        raise OutputError(
            f"writing {path} failed: {error.strerror or error}. What was there before is unchanged; "
            "free space or choose another path, and run again."
        ) from error
    finally:
        shutil.rmtree(aside_root, ignore_errors=True)


def _replace(new: Path, path: Path) -> None:
    _flush(new)
    if not path.exists() or (path.is_file() and new.is_file()):
        new.replace(path)
        return
    old = new.parent / f"{path.name}.old"
    path.replace(old)
    try:
        new.replace(path)
    except OSError:
        with suppress(OSError):
            old.replace(path)
        raise


def _flush(path: Path) -> None:
    """Bring the bytes to the disk before the rename, so that a full disk shows here and not later."""
    for file in [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]:
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
