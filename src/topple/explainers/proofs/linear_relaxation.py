"""Linear upper bounds on score differences of a feed-forward network, over all sets of so many removed items."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from topple.compiled import compiled
from topple.scoring.layers import Layer

FEW = 4
"""Columns of a matrix are gathered where at most one of so many is wanted."""


@dataclass(frozen=True, eq=False)
class Block:
    """Linear layers in a row, up to the next tanh: x @ factors[0] @ factors[1] ... + bias."""

    factors: tuple[Tensor, ...]
    bias: Tensor
    size: Tensor
    """Absolute values of the product of the factors [in, out]."""

    def map(self, x: Tensor) -> Tensor:
        """Return x [..., in] through the factors, without the bias [..., out]."""
        for factor in self.factors:
            x = x @ factor
        return x

    def back(self, x: Tensor) -> Tensor:
        """Return weights on the outputs [..., out] as weights on the inputs [..., in]."""
        for factor in reversed(self.factors):
            x = x @ factor.T
        return x

    def columns(self, which: Tensor) -> Tensor:
        """Return the outputs `which` [C] as weights on the inputs [C, in]."""
        out = self.factors[-1].T[which]
        for factor in reversed(self.factors[:-1]):
            out = out @ factor.T
        return out

    def outputs(self, middle: Tensor, radius: Tensor, which: Tensor) -> tuple[Tensor, Tensor]:
        """Return the outputs `which` [C] for inputs `middle` [N, in], and how far they are off where inputs are by `radius`; [N, C]."""
        if len(which) * FEW > len(self.bias):
            return (self.map(middle) + self.bias)[:, which], (radius @ self.size)[:, which]
        worth = self.columns(which).T
        return middle @ worth + self.bias[which], radius @ self.size.T[which].T


@dataclass(frozen=True, eq=False)
class Network:
    """A feed-forward network as blocks between its tanh units; the last block has none after it."""

    first: Block
    inner: tuple[Block, ...]
    last: Block

    @classmethod
    def of(cls, layers: tuple[Layer, ...]) -> "Network | None":
        """Return the network, in float64; None where it has no tanh, or ends with one."""
        blocks: list[Block] = []
        chain: list[Tensor] = []
        bias = torch.zeros(())
        for layer in layers:
            weight = layer.weight.double()
            bias = (bias @ weight if chain else 0) + layer.bias.double()
            chain.append(weight)
            if layer.tanh:
                blocks.append(_block(chain, bias))
                chain = []
        if chain and blocks:
            return cls(blocks[0], tuple(blocks[1:]), _block(chain, bias))
        return None


@dataclass(frozen=True, eq=False)
class Bounds:
    """For N nodes: score(c) - score(t) is at most const[n, t, c] + the sum of the removed items' coef - target_coef.

    Args:
        const: [N, T, C].
        coef: of the competitors [N, H, C].
        target_coef: of the targets [N, H, T].
    """

    const: Tensor
    coef: Tensor
    target_coef: Tensor


@dataclass(frozen=True, eq=False)
class Band:
    """Through each tanh unit: slope * z + middle, give or take `gap`; all [N, D]."""

    slope: Tensor
    middle: Tensor
    gap: Tensor


@dataclass(frozen=True, eq=False)
class Relaxation:
    """The network's hidden units as linear functions of the removed items, over sets of exactly `size` free items.

    Args:
        network: the network.
        band: of the last tanh layer.
        coef: what each item adds to the last tanh units' inputs [N, H, D].
        centre: those inputs with nothing removed beyond the items of the node [N, D].
        error: how far those inputs may be off [N, D].
        low: least input [N, D].
        high: largest input [N, D].
    """

    network: Network
    band: Band
    coef: Tensor
    centre: Tensor
    error: Tensor
    low: Tensor
    high: Tensor

    @classmethod
    def over(cls, network: Network, base: Tensor, effect: Tensor, free: Tensor, size: int) -> "Relaxation":
        """Relax the network for N nodes.

        Every tanh unit lies in a band with the slope of its chord, the narrowest with one slope where the ends are on one side
        of 0 (where they are not, another slope may be narrower). One slope for both sides keeps the items' coefficients the
        same for every target and competitor; only constants differ.
        Source: Zhang et al., "Efficient neural network robustness certification with general activation functions"
        (CROWN), NeurIPS 2018. Differs from it in: the set of inputs (sets of removed items), and the parallel lines.

        Args:
            network: the network.
            base: the first units' inputs at each node, the items of the node removed [N, D].
            effect: what the removal of an item adds to them [1 or N, H, D].
            free: the items that may be removed beyond those of the node, bool [N, H].
            size: how many of them are removed, at least 1 and at most the free items of every node.
        """
        centre, coef, error = base, effect.expand(len(base), -1, -1), torch.zeros_like(base)
        for block in (*network.inner, None):
            most, least = extreme_sums(coef, free, size)
            low, high = centre + least - error, centre + most + error
            band = chord_band(low, high)
            if block is not None:
                error = (band.slope * error + band.gap) @ block.size
                coef = block.map(coef * band.slope[:, None])
                centre = block.map(centre * band.slope + band.middle) + block.bias
        return cls(network, band, coef, centre, error, low, high)

    def bounds(self, candidates: Tensor, targets: Tensor) -> Bounds:
        """Return upper bounds for pairs of targets [N, T] and competitors [C]."""
        last, band = self.network.last, self.band
        others = last.columns(candidates).expand(len(self.coef), -1, -1)  # [N, C, D]
        ours = last.columns(targets.flatten()).reshape(*targets.shape, -1)  # [N, T, D]
        slopes = self.coef * band.slope[:, None]  # [N, H, D]
        coef, target_coef = slopes @ others.transpose(1, 2), slopes @ ours.transpose(1, 2)
        level = (self.centre * band.slope + band.middle)[..., None]  # [N, D, 1]
        others_level = (others @ level)[..., 0] + last.bias[candidates]  # [N, C]
        const = others_level[:, None] - ((ours @ level)[..., 0] + last.bias[targets])[..., None]  # [N, T, C]
        return Bounds(const + absolute_gap(others, ours, self.gap), coef, target_coef)

    @property
    def gap(self) -> Tensor:
        """How far the last tanh units may be from the middle of the band of their linear inputs [N, D]."""
        return self.band.gap + self.band.slope * self.error

    def ranges(self, items: Tensor, free: Tensor, size: int, scale: float) -> tuple[Tensor, Tensor]:
        """Return the least and the largest scores that items [C] could have, both [N, C]; `free` and `size` as in `over`.

        Rounding is allowed for as in `loose`.
        """
        last, band = self.network.last, self.band
        worth = last.columns(items).expand(len(self.coef), -1, -1)  # [N, C, D]
        coef = (self.coef * band.slope[:, None]) @ worth.transpose(1, 2)  # [N, H, C]
        level = (worth @ (self.centre * band.slope + band.middle)[..., None])[..., 0] + last.bias[items]
        error = (worth.abs() @ self.gap[..., None])[..., 0]
        most, least = extreme_sums(coef, free, size)
        error = error + 1e-9 * (scale + level.abs() + most.abs() + least.abs() + error)
        return level + least - error, level + most + error

    def loose(self, targets: Tensor, items: Tensor, scale: float) -> Tensor:
        """Return upper bounds of score(c) - score(t) for targets [N, T] and items [C], [N, T, C], cheaply.

        Rounding is allowed for, as a share of scores, or of their `scale` where they are smaller.
        """
        low, high = torch.tanh(self.low), torch.tanh(self.high)
        middle, radius = (high + low) / 2, (high - low) / 2
        score, reach = self.network.last.outputs(middle, radius, torch.cat([targets.flatten(), items]))
        reach = reach + 1e-9 * (scale + score.abs() + reach)
        least, most = score - reach, score + reach  # [N, N * T + C]
        # the targets of each node come first
        columns = torch.arange(targets.numel(), device=items.device).view(targets.shape)
        return most[:, None, targets.numel() :] - least.gather(1, columns)[..., None]


def chord_band(low: Tensor, high: Tensor) -> Band:
    """Return a band of one slope around tanh between `low` and `high`, as narrow as can be with the slope of the chord.

    tanh(z) - slope * z has the same value at both ends, and its only turning points are where tanh' is the slope.
    """
    at_low, at_high = torch.tanh(low), torch.tanh(high)
    width = high - low
    flat = width < 1e-6
    slope = torch.where(flat, 1 - at_low**2, (at_high - at_low) / width.masked_fill(flat, 1)).clamp(1e-12, 1)
    turn = torch.atanh((1 - slope).sqrt().clamp(max=1 - 1e-16))
    ends = torch.stack([at_low - slope * low, at_high - slope * high])
    upper, lower = ends.amax(0), ends.amin(0)
    peak = torch.tanh(turn) - slope * turn
    upper = torch.where((turn > low) & (turn < high), torch.maximum(upper, peak), upper)
    lower = torch.where((-turn > low) & (-turn < high), torch.minimum(lower, -peak), lower)
    slack = 1e-13 * (1 + slope * torch.maximum(low.abs(), high.abs()))
    return Band(slope, (upper + lower) / 2, (upper - lower) / 2 + slack)


def extreme_sums(values: Tensor, free: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Return the largest and the least sum of `size` of the free values [N, H, D], free bool [N, H]; both [N, D]."""
    numbers = np.ascontiguousarray(values.cpu().numpy())
    most, least = _extreme_sums(numbers, np.ascontiguousarray(free.cpu().numpy()), size)
    return torch.from_numpy(most).to(values.device), torch.from_numpy(least).to(values.device)


@compiled
def _extreme_sums(values: Any, free: Any, size: int) -> Any:
    nodes, items, units = values.shape
    most, least = np.zeros((nodes, units), values.dtype), np.zeros((nodes, units), values.dtype)
    best, worst = np.empty((size, units), values.dtype), np.empty((size, units), values.dtype)
    for node in range(nodes):
        best[:], worst[:] = -np.inf, np.inf
        for item in range(items):
            if free[node, item]:
                _insert(best, worst, values[node, item].copy(), values[node, item].copy())
        for turn in range(size):
            most[node] += best[turn]
            least[node] += worst[turn]
    return most, least


@compiled
def _insert(best: Any, worst: Any, high: Any, low: Any) -> None:
    """Take values [D] into the largest and the smallest of each unit so far [size, D]; high and low are used up."""
    for turn in range(len(best)):
        for unit in range(len(high)):
            kept, other = best[turn, unit], high[unit]
            if kept < other:
                kept, other = other, kept
            best[turn, unit], high[unit] = kept, other
        for unit in range(len(low)):
            kept, other = worst[turn, unit], low[unit]
            if kept > other:
                kept, other = other, kept
            worst[turn, unit], low[unit] = kept, other


def absolute_gap(others: Tensor, ours: Tensor, gap: Tensor) -> Tensor:
    """Return the sum over D of |others - ours| * gap for others [N, C, D], ours [N, T, D], gap [N, D]; [N, T, C]."""
    sums = _absolute_gap(*(np.ascontiguousarray(each.cpu().numpy()) for each in (others, ours, gap)))
    return torch.from_numpy(sums).to(others.device)


@compiled
def _absolute_gap(others: Any, ours: Any, gap: Any) -> Any:
    nodes, competitors, units = others.shape
    out, lanes = np.empty((nodes, ours.shape[1], competitors)), np.empty(8)
    for node in range(nodes):
        for target in range(ours.shape[1]):
            for other in range(competitors):
                lanes[:] = 0  # eight sums side by side: the processor adds them at once
                for start in range(0, units - 7, 8):
                    for lane in range(8):
                        unit = start + lane
                        lanes[lane] += abs(others[node, other, unit] - ours[node, target, unit]) * gap[node, unit]
                for unit in range(units - units % 8, units):
                    lanes[0] += abs(others[node, other, unit] - ours[node, target, unit]) * gap[node, unit]
                out[node, target, other] = lanes.sum()
    return out


def _block(chain: list[Tensor], bias: Tensor) -> Block:
    product = chain[0]
    for factor in chain[1:]:
        product = product @ factor
    narrowest = min((factor.shape[1] for factor in chain[:-1]), default=product.shape[1])
    cheaper = len(chain) > 1 and narrowest * sum(product.shape) >= product.shape[0] * product.shape[1]
    return Block((product,) if cheaper else tuple(chain), bias, product.abs())
