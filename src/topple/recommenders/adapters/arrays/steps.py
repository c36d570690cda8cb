"""A network as a list of steps over named arrays: what is left of a module when its code is left out."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import torch
from pydantic import field_validator
from torch import Tensor
from torch.nn import functional

from topple.recommenders.adapters.arrays.named import WrappedSettings
from topple.recommenders.adapters.asking.variations import Variations
from topple.settings import Settings

Operation: TypeAlias = Callable[[list[Tensor], list[Tensor], tuple[float, ...]], Tensor]
"""Results of earlier steps, arrays, and numbers to the result of a step."""


def _linear(given: list[Tensor], arrays: list[Tensor], numbers: tuple[float, ...]) -> Tensor:
    return functional.linear(given[0], arrays[0], arrays[1] if len(arrays) > 1 else None)


def _layer_norm(given: list[Tensor], arrays: list[Tensor], numbers: tuple[float, ...]) -> Tensor:
    scale, shift = arrays if arrays else (None, None)
    return functional.layer_norm(given[0], given[0].shape[1:], scale, shift, numbers[0])


def _scaled(given: list[Tensor], arrays: list[Tensor], numbers: tuple[float, ...]) -> Tensor:
    return given[0] * arrays[0] + arrays[1]


OPERATIONS: Mapping[str, Operation] = {
    "linear": _linear,
    "layer_norm": _layer_norm,
    "scaled": _scaled,
    "tanh": lambda given, arrays, numbers: torch.tanh(given[0]),
    "relu": lambda given, arrays, numbers: torch.relu(given[0]),
    "relu6": lambda given, arrays, numbers: functional.relu6(given[0]),
    "elu": lambda given, arrays, numbers: functional.elu(given[0], alpha=numbers[0]),
    "silu": lambda given, arrays, numbers: functional.silu(given[0]),
    "sigmoid": lambda given, arrays, numbers: torch.sigmoid(given[0]),
    "softmax": lambda given, arrays, numbers: torch.softmax(given[0], 1),
    "normalize": lambda given, arrays, numbers: functional.normalize(given[0]),
    "add": lambda given, arrays, numbers: sum(given[1:], given[0]) + sum(numbers),
    "multiply": lambda given, arrays, numbers: given[0] * (given[1] if len(given) > 1 else numbers[0]),
    "columns": lambda given, arrays, numbers: given[0][:, int(numbers[0]) : int(numbers[1])],
    "pad": lambda given, arrays, numbers: functional.pad(given[0], (int(numbers[0]), int(numbers[1]))),
}
"""Name of an operation to what it does to rows [N, D]."""


class Step(Settings):
    """One step: what is done to which earlier results (0: the histories [N, I], then the steps in turn)."""

    do: str
    of: tuple[int, ...]
    arrays: tuple[str, ...] = ()
    numbers: tuple[float, ...] = ()

    @field_validator("do")
    @classmethod
    def _known(cls, do: str) -> str:
        if do not in OPERATIONS:
            raise ValueError(f"not one of {', '.join(OPERATIONS)}")
        return do


class NetworkSettings(WrappedSettings):
    """What a wrapped network was called and trained on, and the steps from histories to scores."""

    steps: tuple[Step, ...] = ()

    @field_validator("steps")
    @classmethod
    def _in_order(cls, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        for number, step in enumerate(steps):
            if not step.of or not all(0 <= earlier <= number for earlier in step.of):
                raise ValueError(f"step {number + 1} takes {step.of}, results that are not there yet")
        return steps


def run(steps: tuple[Step, ...], arrays: Mapping[str, Tensor], rows: Tensor | Variations) -> Tensor:
    """Return scores [N, I] of histories, as vectors [N, I] or not: those that only go through linear layers need not be vectors."""
    results: list[Tensor | Variations] = [rows]
    for step in steps:
        given, named = [results[result] for result in step.of], [arrays[name] for name in step.arrays]
        results.append(_result_of(step, given, named))
    return _dense(results[-1])


def _result_of(step: Step, given: list[Tensor | Variations], arrays: list[Tensor]) -> Tensor | Variations:
    """Return what a step makes of earlier results and its arrays."""
    if step.do == "linear" and isinstance(given[0], Variations):
        return given[0].linear(*arrays)
    if step.do == "normalize" and isinstance(given[0], Variations):
        normalized = given[0].normalized()
        if normalized is not None:
            return normalized
    return OPERATIONS[step.do]([_dense(part) for part in given], arrays, step.numbers)


def _dense(part: Tensor | Variations) -> Tensor:
    return part.dense() if isinstance(part, Variations) else part
