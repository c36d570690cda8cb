"""Inner loops that are compiled.

A module of compiled functions is imported where it is first needed, inside a function: that import brings numba in (a third of
a second), and the first call of each function compiles it. That takes a few minutes in all, once on a machine: the result is
kept on disk, and the first to wait is told by the log. With NUMBA_DISABLE_JIT=1 in the environment the same source runs as plain
Python.
"""

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar, cast, get_args, get_origin

from numba import njit
from numba.core import event

_Function = TypeVar("_Function", bound=Callable[..., Any])
logger = logging.getLogger(__name__)

NOTICE = "Compiling the inner loops for this machine: a few minutes, once; the result is kept on disk."
"""What the log is told before the first of them is compiled."""


def compiled(function: _Function) -> _Function:
    """Return the function, compiled at its first call and kept on disk.

    Sums are added up in the order that is written: the same numbers give the same bits, alone and among others.
    """
    return _compiled(function, makes_arrays=True)


def compiled_leaf(function: _Function) -> _Function:
    """Return what `compiled` does of a function that makes no array and returns none: it counts no references to those it is given.

    Counting them takes longer than what small functions do with a tuple of two dozen arrays. What such a function makes is never freed.

    Raises:
        TypeError: it returns an array, or a part of one, to which nobody would have counted a reference.
    """
    if not _is_of_numbers(function.__annotations__.get("return")):
        raise TypeError(
            f"{function.__name__} returns no numbers alone. Decorate it with `compiled`, or return where it begins and ends."
        )
    return _compiled(function, makes_arrays=False)


def _is_of_numbers(annotation: object) -> bool:
    """Return whether what a function returns is nothing, a number, a slice, or a tuple of these."""
    if get_origin(annotation) is tuple:
        return all(_is_of_numbers(part) for part in get_args(annotation))
    return annotation in (None, bool, int, float, slice)


def _compiled(function: _Function, *, makes_arrays: bool) -> _Function:
    # `_nrt` is named each time: a function that is not told takes it over from the first that calls it
    made: Any = njit(cache=True, nogil=True, error_model="numpy", _nrt=makes_arrays)(function)  # type: ignore[call-overload,unused-ignore]
    kept = getattr(made, "_cache", None)  # none with NUMBA_DISABLE_JIT
    if kept is not None:
        _save_one_at_a_time(kept)
    return cast(_Function, made)


def _save_one_at_a_time(kept: Any) -> None:
    """Have what numba keeps of a function written by one process at a time.

    numba gives the file of a signature the next number that its index does not have. Two processes that save two signatures of a
    function at once would take the same number, and the code of one would then be read for the other.
    """
    save = kept.save_overload

    def save_alone(signature: Any, compiled_for: Any) -> None:
        with _held(Path(kept.cache_path)):
            save(signature, compiled_for)

    kept.save_overload = save_alone


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold a folder against other processes that compile; where it cannot be locked, go on without."""
    with contextlib.ExitStack() as until_saved:
        if sys.platform != "win32":
            import fcntl

            with contextlib.suppress(OSError):  # nobody may write here, or the file system has no locks
                folder.mkdir(parents=True, exist_ok=True)
                fcntl.flock(until_saved.enter_context((folder / "topple.lock").open("w")), fcntl.LOCK_EX)
        yield


class _Notice(event.Listener):  # type: ignore[misc,unused-ignore] # numba says nothing of the type in older versions
    """Tells the log when the first function is compiled that is not kept on disk yet."""

    def on_start(self, event: Any) -> None:
        """Tell it once a process."""
        module = event.data["dispatcher"].py_func.__module__ or ""  # none of what others make from text
        if not self.told and module.startswith("topple."):
            self.told = True
            logger.info(NOTICE)

    def on_end(self, event: Any) -> None:
        """Say nothing."""

    told = False


def _forget_outdated(package: Path) -> int:
    """Remove what was kept of compiled functions before one of their sources changed; return how many functions that were.

    A function is kept with those that it calls, from other modules too, of which numba looks at the source of the first alone.
    """
    kept = {
        index: index.parent.parent / f"{index.name.split('.')[0]}.py" for index in package.rglob("__pycache__/*.nbi")
    }
    changed = max((source.stat().st_mtime for source in set(kept.values()) if source.exists()), default=0.0)
    outdated = [index for index in kept if index.stat().st_mtime < changed]
    for index in outdated:
        index.unlink(missing_ok=True)
    return len(outdated)


event.register("numba:compile", _Notice())  # type: ignore[no-untyped-call,unused-ignore]
with contextlib.suppress(OSError):  # a folder that nobody may write to, or another process that does the same
    _forget_outdated(Path(__file__).parent)
