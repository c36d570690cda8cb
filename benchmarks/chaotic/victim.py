"""The `topple` command, in which the parent or a worker kills itself at the n-th change of the file system.

`CHAOS_ROLE` is parent or worker, `CHAOS_POINT` the n, and `CHAOS_MARK` a file that the kill leaves with what it was aimed at, so that there
is one of them. Workers are begun with this module as their main module, and so watch themselves too.
"""

import multiprocessing
import os
import signal
import sys
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


ROLE = "parent" if multiprocessing.parent_process() is None else "worker"
if os.environ.get("CHAOS_ROLE") == ROLE and not os.path.exists(os.environ["CHAOS_MARK"]):  # noqa: PTH110
    watch(int(os.environ["CHAOS_POINT"]), os.environ["CHAOS_MARK"])

if __name__ == "__main__":
    from topple.__main__ import main

    sys.argv[0] = "topple"
    main()
