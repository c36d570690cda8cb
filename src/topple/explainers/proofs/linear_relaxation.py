"""Linear upper bounds on score differences of a feed-forward network, over all sets of so many removed items."""

from dataclasses import dataclass

import torch
from torch import Tensor

from topple.scoring.layers import Layer

TOURNAMENT = 4
"""Up to so many largest values are found by running maxima rather than by sorting."""


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
        """Return the outputs `which` [C] as weights on the inputs [in, C]."""
        out = self.factors[-1][:, which]
        for factor in reversed(self.factors[:-1]):
            out = factor @ out
        return out


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
        bands: of each tanh layer.
        coef: what each item adds to the last tanh units' inputs [N, H, D].
        centre: those inputs with nothing removed beyond the items of the node [N, D].
        low: least input [N, D].
        high: largest input [N, D].
    """

    network: Network
    bands: tuple[Band, ...]
    coef: Tensor
    centre: Tensor
    low: Tensor
    high: Tensor

    @classmethod
    def over(cls, network: Network, base: Tensor, effect: Tensor, free: Tensor, size: int) -> "Relaxation":
        """Relax the network for N nodes.

        Every tanh unit lies in a band with the slope of its chord, the narrowest there is with one slope. One slope for
        both sides keeps the items' coefficients the same for every target and competitor; only constants differ.
        Source: Zhang et al., "Efficient neural network robustness certification with general activation functions"
        (CROWN), NeurIPS 2018. Differs from it in: the set of inputs (sets of removed items), and the parallel lines.

        Args:
            network: the network.
            base: the first units' inputs at each node, the items of the node removed [N, D].
            effect: what the removal of an item adds to them [1 or N, H, D].
            free: the items that may be removed beyond those of the node, bool [N, H].
            size: how many of them are removed, at least 1 and at most the free items of every node.
        """
        bands: list[Band] = []
        centre, coef, error = base, effect.expand(len(base), -1, -1), torch.zeros_like(base)
        for block in (*network.inner, None):
            most, least = extreme_sums(coef, free, size)
            low, high = centre + least - error, centre + most + error
            band = chord_band(low, high)
            bands.append(band)
            if block is not None:
                error = (band.slope * error + band.gap) @ block.size
                coef = block.map(coef * band.slope[:, None])
                centre = block.map(centre * band.slope + band.middle) + block.bias
        return cls(network, tuple(bands), coef, centre, low, high)

    def bounds(self, candidates: Tensor, targets: Tensor) -> Bounds:
        """Return upper bounds for pairs of targets [N, T] and competitors [C]."""
        last, top = self.network.last, self.bands[-1]
        others = last.columns(candidates).T.expand(len(self.coef), -1, -1)  # [N, C, D]
        ours = last.columns(targets.flatten()).T.reshape(*targets.shape, -1)  # [N, T, D]
        slopes = self.coef * top.slope[:, None]  # [N, H, D]
        coef, target_coef = slopes @ others.transpose(1, 2), slopes @ ours.transpose(1, 2)
        level = (self.centre * top.slope + top.middle)[..., None]  # [N, D, 1]
        others_level = (others @ level)[..., 0] + last.bias[candidates]  # [N, C]
        const = others_level[:, None] - ((ours @ level)[..., 0] + last.bias[targets])[..., None]  # [N, T, C]
        for turn in range(len(self.bands) - 1, -1, -1):
            band = self.bands[turn]
            const = const + absolute_gap(others, ours, band.gap)
            if turn:
                block = self.network.inner[turn - 1]
                ours, others = (block.back(side * band.slope[:, None]) for side in (ours, others))
        return Bounds(const, coef, target_coef)

    def ranges(self, items: Tensor, free: Tensor, size: int, scale: float) -> tuple[Tensor, Tensor]:
        """Return the least and the largest scores that items [C] could have, both [N, C]; `free` and `size` as in `over`.

        Rounding is allowed for as in `loose`.
        """
        last, top = self.network.last, self.bands[-1]
        worth = last.columns(items).T.expand(len(self.coef), -1, -1)  # [N, C, D]
        coef = (self.coef * top.slope[:, None]) @ worth.transpose(1, 2)  # [N, H, C]
        level = (worth @ (self.centre * top.slope + top.middle)[..., None])[..., 0] + last.bias[items]
        error = torch.zeros_like(level)
        for turn in range(len(self.bands) - 1, -1, -1):
            band = self.bands[turn]
            error = error + (worth.abs() @ band.gap[..., None])[..., 0]
            if turn:
                worth = self.network.inner[turn - 1].back(worth * band.slope[:, None])
        most, least = extreme_sums(coef, free, size)
        error = error + 1e-9 * (scale + level.abs() + most.abs() + least.abs() + error)
        return level + least - error, level + most + error

    def loose(self, targets: Tensor, scale: float) -> Tensor:
        """Return upper bounds of score(c) - score(t) for targets [N, T] and the whole catalogue [N, T, I], cheaply.

        Rounding is allowed for, as a share of scores, or of their `scale` where they are smaller.
        """
        last = self.network.last
        low, high = torch.tanh(self.low), torch.tanh(self.high)
        middle, radius = (high + low) / 2, (high - low) / 2
        score, reach = last.map(middle) + last.bias, radius @ last.size
        reach = reach + 1e-9 * (scale + score.abs() + reach)
        return (score + reach)[:, None] + (reach - score).gather(1, targets)[..., None]


def chord_band(low: Tensor, high: Tensor) -> Band:
    """Return the narrowest band of one slope around tanh between `low` and `high`: that of the slope of its chord.

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
    barred = ~free[..., None]
    most = _largest_sum(values.masked_fill(barred, -torch.inf), size)
    least = -_largest_sum((-values).masked_fill(barred, -torch.inf), size)
    return most, least


def _largest_sum(values: Tensor, size: int) -> Tensor:
    """Return the sum of the `size` largest of values [N, H, D] along H, [N, D]."""
    if size == 1:
        return values.amax(1)
    if size > TOURNAMENT or len(values) < TOURNAMENT:
        return values.transpose(1, 2).contiguous().topk(size, -1, sorted=False).values.sum(-1)
    best = [torch.full_like(values[:, 0], -torch.inf) for _ in range(size)]
    for other in values.unbind(1):
        for turn in range(size):
            better = torch.maximum(best[turn], other)
            if turn + 1 < size:
                other = torch.minimum(best[turn], other)
            best[turn] = better
    return torch.stack(best).sum(0)


def absolute_gap(others: Tensor, ours: Tensor, gap: Tensor) -> Tensor:
    """Return the sum over D of |others - ours| * gap for others [N, C, D], ours [N, T, D], gap [N, D]; [N, T, C]."""
    weighted = others * gap[:, None]
    return torch.cdist(weighted, ours * gap[:, None], p=1).transpose(1, 2)


def _block(chain: list[Tensor], bias: Tensor) -> Block:
    product = chain[0]
    for factor in chain[1:]:
        product = product @ factor
    narrowest = min((factor.shape[1] for factor in chain[:-1]), default=product.shape[1])
    cheaper = len(chain) > 1 and narrowest * sum(product.shape) >= product.shape[0] * product.shape[1]
    return Block((product,) if cheaper else tuple(chain), bias, product.abs())
