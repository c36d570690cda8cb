"""A device without the hardware: marked tensors hold their data on the CPU and refuse what a GPU refuses.

Inside `stand_in_device()` the device `DEVICE` can be given wherever torch takes a device; what is made there, moved there or
computed from such tensors is marked. A marked and an unmarked tensor with dimensions may not meet, and a marked one becomes no
numpy array before `.cpu()`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

DEVICE = torch.device("cuda", 0)
CPU = torch.device("cpu")
TO_NUMPY = {Tensor.numpy, Tensor.__array__}
READS_NUMBERS = {Tensor.item, Tensor.tolist, Tensor.__bool__, Tensor.__int__, Tensor.__float__, Tensor.__index__}
FROM_NUMPY = {torch.from_numpy}


class Marked(Tensor):
    """A tensor of the stand-in device; what may be done with it is decided by the mode."""


@contextmanager
def stand_in_device() -> Iterator[torch.device]:
    """Make `DEVICE` usable, and watch every call of torch."""
    with _Watch():
        yield DEVICE


class _Watch(TorchFunctionMode):
    """Sees every call of torch on this thread."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        with torch._C.DisableTorchFunctionSubclass():
            if func == Tensor.device.__get__:
                return DEVICE if isinstance(args[0], Marked) else func(*args)
            if func == Tensor.is_cuda.__get__:
                return isinstance(args[0], Marked)
            if func in (Tensor.cpu, Tensor.cuda):
                return (_plain if func is Tensor.cpu else _mark)(args[0])
            given = list(_tensors((args, kwargs)))
            marked = any(isinstance(tensor, Marked) for tensor in given)
            if func in TO_NUMPY and marked:
                raise TypeError("can't convert a tensor of the stand-in device to numpy. Use Tensor.cpu() first.")
            if func is torch._has_compatible_shallow_copy_type and marked:
                return False  # a module that is moved gets new parameters
            if func is Tensor.__deepcopy__ and marked:
                return _copied(args[0])
            if func in READS_NUMBERS:
                return func(*args, **kwargs)
            asked, args, kwargs = _asked_device(func, args, kwargs)
            if func is Tensor.to and asked is None:
                other = list(_tensors((args[1:], kwargs)))
                asked = None if not other else DEVICE if isinstance(other[0], Marked) else CPU
            else:
                _refuse_mixed(func, given)
            if asked is not None and asked.type == DEVICE.type and _cpu_generator(kwargs):
                raise RuntimeError("Expected a generator of the stand-in device but found one of the CPU")
            out = func(*args, **kwargs)
            if asked is not None:
                return _mapped(_mark if asked.type == DEVICE.type else _plain, out)
            return _mapped(_mark, out) if marked else out


def _refuse_mixed(func, given):
    """Raise where a marked and an unmarked tensor with dimensions meet; one number may be put among those of the CPU."""
    if func is Tensor.__setitem__ and not given[-1].dim() and isinstance(given[-1], Marked):
        given = given[:-1]
    if any(isinstance(tensor, Marked) for tensor in given):
        plain = [tensor for tensor in given if not isinstance(tensor, Marked) and tensor.layout is torch.strided]
        stray = [tensor for tensor in plain if tensor.dim()]
        if stray:
            raise RuntimeError(
                f"{getattr(func, '__name__', func)}: expected all tensors on one device, and one of shape "
                f"{tuple(stray[0].shape)} is on the CPU"
            )


def _asked_device(func, args, kwargs):
    """Return the device that a call asks for, or None, and the call with the CPU in its place."""
    asked = kwargs.pop("device", None)
    if asked is None and func is Tensor.to and len(args) > 1 and isinstance(args[1], torch.device | str):
        asked, args = args[1], (args[0], CPU, *args[2:])
    elif asked is not None:
        kwargs["device"] = CPU
    return (None if asked is None else torch.device(asked)), args, kwargs


def _cpu_generator(kwargs):
    generator = kwargs.get("generator")
    return generator is not None and generator.device.type == "cpu"


def _tensors(value):
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _tensors(one)
    elif isinstance(value, dict):
        yield from _tensors(tuple(value.values()))


def _mapped(change, value):
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, tuple | list):
        changed = [_mapped(change, one) for one in value]
        return type(value)(*changed) if hasattr(value, "_fields") else type(value)(changed)
    return value


def _mark(tensor):
    """Mark a tensor; one without strides, such as a sparse matrix, cannot be marked and goes with both."""
    return tensor if isinstance(tensor, Marked) or tensor.layout is not torch.strided else tensor.as_subclass(Marked)


def _copied(tensor):
    """Copy a marked leaf; the parameter of a module stays one."""
    copied = _mark(_plain(tensor.detach()).clone()).requires_grad_(tensor.requires_grad)
    if isinstance(tensor, torch.nn.Parameter):
        copied._is_param = True
    return copied


def _plain(tensor):
    return tensor.as_subclass(Tensor) if isinstance(tensor, Marked) else tensor
