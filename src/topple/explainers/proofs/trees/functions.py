"""Quadratic bounds of score differences as functions of sets: const + what items add + what pairs of them add."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from topple.explainers.proofs.linear_relaxation import extreme_sums
from topple.explainers.proofs.second_order import quadratic
from topple.explainers.proofs.trees.walking import Numbers, halves

if TYPE_CHECKING:
    from topple.explainers.proofs.branch_and_bound import Problem

SLACK = 1e-9
"""Relative rounding of a bound; what is not below zero by as much is not ruled out."""


@dataclass(frozen=True, eq=False)
class Functions:
    """For C competitors: const + the sum of the items' single + the sum of the pairs' pair.

    Args:
        const: [C].
        single: [H, C].
        pair: once for each order of the two [C, H, H].
        half: the most that an item adds in pairs with q others, q = 0 to size - 1 [size, H, C].
    """

    const: Tensor
    single: Tensor
    pair: Tensor
    half: Tensor

    @classmethod
    def of(cls, problem: "Problem", order: Tensor, worth: Tensor, bias: Tensor, scale: Tensor | float) -> "Functions":
        """Bound bias [C] + worth [C, D] times the last tanh units for the items in their order [H]; rounding is allowed for."""
        bound = quadratic(problem.network, problem.stages, problem.size, worth, bias)
        single, pair = bound.single[0][order], bound.pair[0][:, order][:, :, order]
        half = halves(np.ascontiguousarray(pair.cpu().numpy()), problem.size)
        return cls(loosened(bound.const[0], single, scale), single, pair, torch.from_numpy(half).to(single))

    def away(self, order: Tensor, position: Tensor) -> Tensor:
        """Return what keeps competitors that stand in the history from competing in sets that do not remove them [1 + H, C].

        The first is what they lose, the others what each item gives them back.

        Args:
            order: the position in the history of each item [H].
            position: where each competitor stands in the history, -1 for one outside [C].
        """
        lost = self._all() * (position >= 0)
        return torch.cat([-lost[None], lost * (order[:, None] == position)])

    def kept_away(self, away: Tensor) -> "Functions":
        """Return the functions with what `away` says [1 + H, C]."""
        return Functions(self.const + away[0], self.single + away[1:], self.pair, self.half)

    @property
    def linear(self) -> Tensor:
        """The most that each item adds [H, C]."""
        return self.single + self.half[-1]

    def most(self, size: int) -> Tensor:
        """Return what each function comes to at most with `size` items [C]."""
        every = torch.ones(1, len(self.single), dtype=torch.bool, device=self.single.device)
        return self.const + extreme_sums(self.linear[None], every, size)[0][0]

    def among(self, which: Tensor) -> "Functions":
        """Return the functions that are named, bool [C]."""
        return Functions(self.const[which], self.single[:, which], self.pair[which], self.half[..., which])

    def beside(self, others: "Functions") -> "Functions":
        """Return these functions and others behind them."""
        single = torch.cat([self.single, others.single], 1)
        half = torch.cat([self.half, others.half], 2)
        return Functions(torch.cat([self.const, others.const]), single, torch.cat([self.pair, others.pair]), half)

    def ranked(self, rank: Tensor) -> "Functions":
        """Return the functions with the items in another order [H]."""
        return Functions(self.const, self.single[rank], self.pair[:, rank][:, :, rank], self.half[:, rank])

    def promised(self) -> tuple[Numbers, Numbers, Numbers]:
        """Return const [C], single and half [size, H, C] and pairs twice [H, H, C] in float32, its rounding in const."""
        const = self.const + rounding(self.const, self.single, self.pair, len(self.half))
        return _single(const), _single(self.single + self.half), _single(2 * self.pair.permute(1, 2, 0))

    def _all(self) -> Tensor:
        """Return more than all items can add [C]."""
        return more_than_all(self.const, self.single) + 2 * self.pair.abs().sum((1, 2))


def stay_away(const: Tensor, coef: Tensor, position: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    """Allow for rounding, and let a competitor that stands in the history compete only in sets that remove it.

    Args:
        const: [C].
        coef: of the items [H, C].
        position: where each competitor stands in the history, -1 for one outside [C].
        scale: how large the scores of the history are.
    """
    const = loosened(const, coef, scale)
    away = more_than_all(const, coef) * (position >= 0)
    positions = torch.arange(len(coef), device=position.device)[:, None]
    return const - away, coef + away * (positions == position)


def loosened(const: Tensor, coef: Tensor, scale: Tensor | float) -> Tensor:
    """Return constants [C] that allow for rounding; coef [H, C]."""
    return const + SLACK * (scale + const.abs() + coef.abs().amax(0))


def more_than_all(const: Tensor, coef: Tensor) -> Tensor:
    """Return more than const [C] and all of coef [H, C] come to, [C]."""
    return 2 * (const.abs() + coef.abs().sum(0))


def rounding(const: Tensor, single: Tensor, pair: Tensor, size: int) -> Tensor:
    """Return by how much sums of a tree may be off in float32, for const [C], single [H, C], pair [C, H, H]; [C].

    No sum has more than (size + 4)^2 terms, and none comes to more than the largest of each kind together.
    """
    largest = const.abs() + size * single.abs().amax(0) + size * size * pair.abs().amax((1, 2))
    return (size + 4) ** 2 * 2.0**-23 * largest


def _single(numbers: Tensor) -> Numbers:
    """Return numbers in float32, side by side in memory."""
    return np.ascontiguousarray(numbers.float().cpu().numpy())
