"""Where bool tensors hold True: numpy goes through them in a tenth of the time that torch takes."""

import numpy as np
import torch
from torch import Tensor


def any_of(flags: Tensor) -> Tensor:
    """Return which rows of flags, bool [N, H] or more dimensions before H, hold any True, bool [N]."""
    return torch.from_numpy(flags.numpy().any(-1)) if _is_for_numpy(flags) else flags.any(-1)


def indices_of(flags: Tensor) -> tuple[Tensor, Tensor]:
    """Return the row and the column of each True of flags, bool [N, H], row by row."""
    if not _is_for_numpy(flags):
        row, column = flags.nonzero(as_tuple=True)
        return row, column
    at = torch.from_numpy(np.flatnonzero(flags.numpy()))
    row = at // max(1, flags.shape[1])
    return row, at - row * flags.shape[1]


def _is_for_numpy(flags: Tensor) -> bool:
    return type(flags) is Tensor and flags.device.type == "cpu"
