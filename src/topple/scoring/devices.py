"""Devices: which of them this machine has, and a recommender on one of them."""

import re
from typing import TypeVar

import torch

from topple.errors import CapabilityError, SettingsError
from topple.scoring.recommender import Recommender

_Model = TypeVar("_Model", bound=Recommender)


def device_of(name: str | torch.device) -> torch.device:
    """Return a device by name: "cpu", "cuda", or one of several GPUs, "cuda:1".

    Other kinds are refused: sets are judged in float64, which not all of them compute in.

    Raises:
        SettingsError: another name, or a GPU that is not there.
    """
    if not re.fullmatch(r"cpu|cuda(:\d+)?", str(name)):
        raise SettingsError(
            f"device={str(name)!r} is not a device. Choose cpu, cuda, or one of several GPUs as cuda:1."
        )
    device = torch.device(name)
    if device.type == "cpu":
        return device
    if not torch.cuda.is_available():
        raise SettingsError(
            f"device={str(name)!r}: torch {torch.__version__} finds no GPU on this machine. Choose cpu, or install a build "
            "of torch that fits the GPU and its driver."
        )
    count = torch.cuda.device_count()
    if device.index is not None and device.index >= count:
        known = ", ".join(f"cuda:{number}" for number in range(count))
        raise SettingsError(f"device={str(name)!r}: this machine has {count} GPUs, {known}. Choose one of them.")
    return device


def on_device(recommender: _Model, name: str | torch.device) -> _Model:
    """Return the recommender with what it has learned on a device; the recommender itself where it is there already.

    Raises:
        SettingsError: no such device.
        CapabilityError: a recommender that cannot be moved, such as a wrapped model.
    """
    device = device_of(name)
    here = recommender.device
    if here.type == device.type and device.index in (None, here.index):
        return recommender
    if not hasattr(recommender, "to"):
        raise CapabilityError(
            f"{recommender.name} computes on {here} and cannot be moved to {device}. Move the model before it is wrapped, or "
            "leave device out."
        )
    moved: _Model = recommender.to(device)
    return moved
