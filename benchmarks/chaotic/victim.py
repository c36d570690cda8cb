"""A process that kills itself at the n-th change of the file system; `start/sitecustomize.py` says which and when."""

import io
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

CALLS = ("rename", "replace", "unlink", "rmdir", "mkdir", "fsync")
"""Functions of `os` that a write goes through; the exchange of two paths, and what is written to a file, are watched besides."""


def watch(point: int, mark: str, aim: str) -> None:
    """Kill this process before or after the n-th call, whichever comes at that number, or half through what is written.

    Args:
        point: n.
        mark: a file that tells what the kill was aimed at; there is one kill for it.
        aim: only calls are counted whose name and paths hold this.
    """
    from topple import files

    reached = 0

    def reach(name: str, arguments: tuple[Any, ...]) -> None:
        nonlocal reached
        told = f"{name} {' '.join(map(str, arguments[:2]))}"
        reached += aim in told
        if reached <= point or aim not in told:
            return
        try:
            descriptor = os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        except FileExistsError:
            return
        os.write(descriptor, told.encode())
        os.kill(os.getpid(), signal.SIGKILL)

    def watched(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **options: Any) -> Any:
            reach(name, arguments)
            found = call(*arguments, **options)
            reach(name, arguments)
            return found

        return called

    class Half(io.BufferedWriter):
        """A file that may be killed half through a write."""

        def write(self, data: Any, /) -> int:
            whole = memoryview(data).cast("B")
            count = super().write(whole[: len(whole) // 2])
            self.flush()
            reach("write", (getattr(self.raw, "name", ""),))
            return count + super().write(whole[count:])

    plain = Path.open

    def opened(path: Path, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        return Half(io.FileIO(path, "w")) if mode == "wb" else plain(path, mode, *arguments, **options)

    Path.open = opened  # type: ignore[assignment, method-assign]
    for owner, name in [*((os, name) for name in CALLS), (files, "exchange")]:
        setattr(owner, name, watched(name, getattr(owner, name)))
