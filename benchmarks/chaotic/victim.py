"""A process that kills itself at the n-th change of the file system; `start/sitecustomize.py` says which and when."""

import os
import signal
from collections.abc import Callable
from typing import Any

CALLS = ("rename", "replace", "unlink", "rmdir", "mkdir", "fsync")
"""Functions of `os` that a write goes through; the exchange of two paths is watched besides."""


def watch(point: int, mark: str) -> None:
    """Kill this process before or after the n-th call, whichever comes at that number."""
    from topple import files

    reached = 0

    def reach(name: str, arguments: tuple[Any, ...]) -> None:
        nonlocal reached
        reached += 1
        if reached <= point:
            return
        try:
            descriptor = os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        except FileExistsError:
            return
        os.write(descriptor, f"{name} {' '.join(map(str, arguments[:2]))}".encode())
        os.kill(os.getpid(), signal.SIGKILL)

    def watched(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **options: Any) -> Any:
            reach(name, arguments)
            found = call(*arguments, **options)
            reach(name, arguments)
            return found

        return called

    for owner, name in [*((os, name) for name in CALLS), (files, "exchange")]:
        setattr(owner, name, watched(name, getattr(owner, name)))
