"""The layers that a feed-forward recommender shows."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer of a feed-forward network: x @ weight [in, out] + bias [out], then tanh or nothing."""

    weight: Tensor
    bias: Tensor
    tanh: bool
