"""Devices: which of them this machine has, a recommender on one of them, and the modes of torch that computing is done in."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TypeVar

import torch
from torch import Tensor

from topple.errors import CapabilityError, SettingsError, need
from topple.scoring.recommender import Recommender

_Model = TypeVar("_Model", bound=Recommender)

if hasattr(os, "register_at_fork"):
    # The threads of torch are not there in a forked process, which would wait for them for ever: it computes with one.
    os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))


def device_of(name: str | torch.device) -> torch.device:
    """Return a device by name: "cpu", "cuda", or one of several GPUs, "cuda:1".

    Other kinds are refused: sets are judged in float64, which not all of them compute in.

    Raises:
        SettingsError: another name, or a GPU that is not there.
    """
    need(name, str | torch.device, "device", "cpu, cuda, or one of several GPUs as cuda:1")
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


@contextmanager
def computing(*, gradients: bool = False) -> Iterator[None]:
    """Compute with or without gradients and in the precision of the tensors, whatever mode the caller is in.

    Args:
        gradients: whether something is learned within; without, tensors that are made within have no gradients ever after.
    """
    with ExitStack() as modes:
        modes.enter_context(torch.inference_mode(mode=not gradients))
        modes.enter_context(torch.set_grad_enabled(gradients))
        for kind in ("cpu", "cuda"):
            if torch.is_autocast_enabled(kind):
                modes.enter_context(torch.autocast(kind, enabled=False))
        yield


def moved(model: _Model, learned: Tensor | Mapping[str, Tensor], device: torch.device | str) -> _Model:
    """Return the same model with what it has learned on another device; the record of its training goes along."""
    there = learned.to(device) if isinstance(learned, Tensor) else {n: a.to(device) for n, a in learned.items()}
    out = type(model)(model.catalogue, there, model.settings)  # type: ignore[call-arg] # a model's class takes these three
    out.training = model.training
    out.findings = model.findings.elsewhere()
    return out
