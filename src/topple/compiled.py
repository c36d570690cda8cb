"""Inner loops that are compiled.

A module of compiled functions is imported where it is first needed, inside a function: that import brings numba in (a third of
a second), and the first call of each function compiles it (seconds, once: the result is kept on disk). With
NUMBA_DISABLE_JIT=1 in the environment the same source runs as plain Python.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function) -> _Function:
    """Return the function, compiled at its first call and kept on disk.

    Sums are added up in the order that is written: the same numbers give the same bits, alone and among others.
    """
    return cast(_Function, njit(cache=True, nogil=True, error_model="numpy")(function))
