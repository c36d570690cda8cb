"""Two paths exchanged in one atomic step, where the system and the file system have such a step."""

import ctypes
import errno
import os
import sys
from typing import Any

from topple.types import FilePath

EXCHANGE = 2
"""RENAME_EXCHANGE of Linux's renameat2, and RENAME_SWAP of macOS's renamex_np."""
WORKING_FOLDER = -100
"""AT_FDCWD of Linux: paths that are relative start at the working folder."""
UNSUPPORTED = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM}
"""Errors of a kernel, a sandbox or a file system that knows no exchange."""


def exchange(first: FilePath, second: FilePath) -> bool:
    """Exchange what stands at two paths, files or folders: there is no moment at which something else stands there.

    Returns:
        Whether it was done; False where there is no such step here, and then nothing was changed.

    Raises:
        OSError: there is such a step and it failed: a path is missing, or may not be written.
    """
    system: Any = ctypes.CDLL(None, use_errno=True) if sys.platform != "win32" else None
    names = os.fsencode(first), os.fsencode(second)
    if hasattr(system, "renameat2"):
        failed = system.renameat2(WORKING_FOLDER, names[0], WORKING_FOLDER, names[1], EXCHANGE)
    elif hasattr(system, "renamex_np"):
        failed = system.renamex_np(*names, EXCHANGE)
    else:
        return False
    number = ctypes.get_errno()
    if failed and number not in UNSUPPORTED:
        raise OSError(number, os.strerror(number), str(first), None, str(second))
    return not failed
