"""The layers that a feed-forward recommender shows."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer of a feed-forward network: x @ weight [in, out] + bias [out], then tanh or nothing."""

    weight: Tensor
    bias: Tensor
    tanh: bool


def by_item(array: Tensor, items: int) -> Tensor:
    """Return an array with the numbers of an item side by side in memory, so that chosen items are gathered quickly."""
    return array.T.contiguous().T if array.ndim == 2 and array.shape[1] == items else array.contiguous()


def tanh_(values: Tensor) -> Tensor:
    """Apply tanh in place, without gradients; on a CPU NumPy's takes a fifth (float32) to two thirds of the time of torch's."""
    if values.is_cuda:
        return values.tanh_()
    array = values.numpy()
    np.tanh(array, out=array)
    return values
