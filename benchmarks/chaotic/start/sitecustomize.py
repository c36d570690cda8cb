"""Python runs this as it starts, where this folder is on the path: it watches the process that is to kill itself.

`CHAOS_ROLE` is parent or worker, `CHAOS_POINT` the change of the file system at which it does, of those that `CHAOS_AIM` is part of, and
`CHAOS_MARK` a file that the kill leaves with what it was aimed at, so that there is one of them.
"""

import os
import sys

_COMMAND = " ".join(sys.orig_argv)
_ROLE = "worker" if "spawn_main" in _COMMAND else "parent" if "-m topple" in _COMMAND else ""
if _ROLE and os.environ.get("CHAOS_ROLE") == _ROLE and not os.path.exists(os.environ["CHAOS_MARK"]):  # noqa: PTH110
    from benchmarks.chaotic.victim import watch

    watch(int(os.environ["CHAOS_POINT"]), os.environ["CHAOS_MARK"], os.environ.get("CHAOS_AIM", ""))
