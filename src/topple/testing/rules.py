"""What every check shares: how a broken rule is said, and what must not change."""

import pickle
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from topple.errors import ContractError
from topple.scoring.recommender import Recommender


def require(holds: object, part: str, value: object, rule: str) -> None:
    """Raise `ContractError` unless `holds`: which part, the value, and the rule that it breaks."""
    if not holds:
        raise ContractError(f"{part}: {value}. Rule: {rule}")


def require_close(found: Tensor, expected: Tensor, part: str, rule: str, tolerance: float = 1e-9) -> None:
    """Require equal shapes and values, relative to the largest value."""
    shapes = tuple(found.shape), tuple(expected.shape)
    require(shapes[0] == shapes[1], part, f"shape {shapes[0]} against {shapes[1]}", rule)
    if not expected.numel():
        return
    found, expected = found.detach().double(), expected.detach().double()
    gap = float((found - expected).abs().max())
    scale = max(1.0, float(expected.abs().max()))
    require(gap <= tolerance * scale, part, f"scores differ by up to {gap:.3g}", rule)


@contextmanager
def nothing_changes(recommender: Recommender, doing: str) -> Iterator[None]:
    """Require that what happens inside leaves the recommender, the global random states and torch's modes alone."""
    before = _state(recommender)
    yield
    for what, value in _state(recommender).items():
        require(
            value == before[what], f"{doing} changes {what}", f"{before[what]} became {value}", "nothing may change."
        )


def _state(recommender: Recommender) -> dict[str, object]:
    arrays = recommender.arrays()
    modules = [value for value in vars(recommender).values() if isinstance(value, torch.nn.Module)]
    return {
        "the recommender's fingerprint": recommender.fingerprint,
        "the recommender's settings": recommender.settings,
        "the recommender's record of its training": dict(recommender.training),
        "which arrays want a gradient": [name for name, array in arrays.items() if array.requires_grad],
        "which arrays hold a gradient": [
            name for name, array in arrays.items() if array.is_leaf and array.grad is not None
        ],
        "a module's mode": [module.training for each in modules for module in each.modules()],
        "torch's random state": hash(torch.get_rng_state().numpy().tobytes()),
        "numpy's random state": hash(pickle.dumps(np.random.get_state())),
        "Python's random state": hash(random.getstate()),
        "torch's gradient mode": torch.is_grad_enabled(),
    }
