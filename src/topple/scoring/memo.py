"""A value that is worked out once, whichever thread asks first."""

from collections.abc import Callable
from threading import RLock
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

_Value = TypeVar("_Value")


class Lock:
    """Lets one thread in at a time, the same one as often as it likes; a copy, or one in another process, is a new lock."""

    def __init__(self) -> None:
        self._lock = RLock()

    def __reduce__(self) -> tuple[type["Lock"], tuple[()]]:
        return type(self), ()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class Memo(Generic[_Value]):
    """A value worked out when it is first asked for, and again where what it depends on has changed.

    One thread works it out while the others wait. A copy, or the same object in another process, works out a value anew
    unless it was put there.
    """

    def __init__(self, value: _Value | None = None) -> None:
        self._lock = Lock()
        self._put = value
        self._kept: tuple[object, _Value] | None = None

    def __reduce__(self) -> tuple[type["Memo[_Value]"], tuple[_Value | None]]:
        return type(self), (self._put,)

    @property
    def known(self) -> _Value | None:
        """The value that was put here, if one was."""
        return self._put

    def put(self, value: _Value) -> None:
        """Set the value, whatever it depends on."""
        self._put = value

    def get(self, version: object, make: Callable[[], _Value]) -> _Value:
        """Return the value for this version of what it depends on; `make` works it out."""
        if self._put is not None:
            return self._put
        kept = self._kept
        if kept is None or kept[0] != version:
            with self._lock:
                kept = self._kept
                if kept is None or kept[0] != version:
                    kept = self._kept = (version, _outside_of_modes(make))
        return kept[1]


def version_of(*arrays: Tensor) -> tuple[Any, ...]:
    """Return what differs once an array was changed in place, or another took its part."""
    return tuple((id(array), 0 if array.is_inference() else array._version) for array in arrays)


def _outside_of_modes(make: Callable[[], _Value]) -> _Value:
    """Work a value out so that tensors in it serve every caller: with or without gradients, in inference mode or not."""
    with torch.inference_mode(mode=False), torch.no_grad():
        return make()
