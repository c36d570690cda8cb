"""The network of LXR: from a history and a target to a mask of the history."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import torch
from torch import Tensor

from topple.data.vocabulary import Catalogue
from topple.scoring.learned.arrays import read_arrays

PRESENT = 25
"""How many numbers go into a unit of the layer of a history."""


@dataclass(frozen=True, eq=False)
class MaskNetwork:
    """Two layers over a history and a target; I items, D units of a hidden layer.

    Args:
        history: what each item of the history adds to its layer [I, D].
        history_bias: [D].
        target: the layer of each target [I, D].
        target_bias: [D].
        joined: from both layers to the next [2 D, D].
        joined_bias: [D].
        kept: from there to how much is kept of each item [I, D].
        kept_bias: [I].
    """

    history: Tensor
    history_bias: Tensor
    target: Tensor
    target_bias: Tensor
    joined: Tensor
    joined_bias: Tensor
    kept: Tensor
    kept_bias: Tensor

    @classmethod
    def drawn(cls, items: int, hidden: int, random: torch.Generator) -> Self:
        """Return a network to begin with: uniform weights within one over the root of how many numbers go into a unit.

        Of all items a history holds few, and of the targets one is there: `PRESENT` are counted, so that histories and targets can be
        told apart from the beginning.
        """

        def uniform(*shape: int, width: int) -> Tensor:
            return (2 * torch.rand(shape, generator=random) - 1) / math.sqrt(width)

        history, target = uniform(items, hidden, width=PRESENT), uniform(items, hidden, width=PRESENT)
        joined, kept = uniform(2 * hidden, hidden, width=2 * hidden), uniform(items, hidden, width=hidden)
        bias = [torch.zeros(hidden) for _ in range(3)]
        return cls(history, bias[0], target, bias[1], joined, bias[2], kept, torch.zeros(items))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], hidden: int, owner: str, catalogue: Catalogue) -> Self:
        """Return the network of arrays that were stored.

        Raises:
            ModelFolderError: arrays that are missing, do not fit, or are not finite.
        """
        items = len(catalogue)
        shapes: dict[str, tuple[int | None, ...]] = {
            **dict.fromkeys(("history", "target", "kept"), (items, hidden)),
            **dict.fromkeys(("history_bias", "target_bias", "joined_bias"), (hidden,)),
            **{"joined": (2 * hidden, hidden), "kept_bias": (items,)},
        }
        return cls(**read_arrays(arrays, shapes, owner, catalogue))

    def arrays(self) -> dict[str, Tensor]:
        """Return the tensors by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def to(self, device: torch.device) -> "MaskNetwork":
        """Return the network on a device."""
        return MaskNetwork(**{name: array.to(device) for name, array in self.arrays().items()})

    def masks(self, items: Tensor, weights: Tensor, targets: Tensor) -> Tensor:
        """Return how much of each event is kept for the sake of each target, between 0 and 1 [B, T, H], in the precision of the weights.

        Args:
            items: the item of each event [B, H].
            weights: the weights, 0 for padding [B, H].
            targets: T targets of each history [B, T].
        """
        kind = weights.dtype
        history = (self.history[items].to(kind) * weights[..., None]).sum(1) + self.history_bias.to(kind)  # [B, D]
        target = self.target[targets].to(kind) + self.target_bias.to(kind)  # [B, T, D]
        both = torch.cat([history[:, None].expand_as(target), target], -1)  # [B, T, 2 D]
        hidden = torch.tanh(torch.tanh(both) @ self.joined.to(kind) + self.joined_bias.to(kind))  # [B, T, D]
        return torch.sigmoid(hidden @ self.kept[items].to(kind).mT + self.kept_bias[items].to(kind)[:, None])
