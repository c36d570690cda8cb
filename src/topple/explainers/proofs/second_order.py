"""Quadratic upper bounds on score differences of a feed-forward network, over all sets of so many removed items."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from topple.explainers.proofs.linear_relaxation import Network, extreme_sums
from topple.scoring.memory import rows_at_once

STEEPEST = 0.6584789484624083
"""Where tanh'' is least (and, negated, largest)."""
POINTS = 9
"""Points where a curvature is looked at; between them it is known by its largest slope."""


@dataclass(frozen=True, eq=False)
class Quadratic:
    """For N nodes: score(c) - score(t) is at most const + the sum of a set's single + the sum of the pairs' pair.

    Args:
        const: [N, C].
        single: [N, H, C].
        pair: once for each order of the two, 0 for an item with itself, float32 [N, C, H, H].
    """

    const: Tensor
    single: Tensor
    pair: Tensor


@dataclass(frozen=True, eq=False)
class Stage:
    """One tanh layer at the nodes: tanh(z) = level + slope * (z - z0) + psi * (z - z0)^2, with least <= psi <= most.

    Its input is z0 + the sum of the removed items' `effect`, give or take `error`.

    Args:
        effect: [N, H, D]; 0 for items that are not free.
        level: tanh at z0 [N, D].
        slope: tanh' at z0 [N, D].
        least: [N, D].
        most: [N, D].
        error: [N, D].
        shift: middle of the quadratic term, which the next layer's z0 has been moved by [N, D].
    """

    effect: Tensor
    level: Tensor
    slope: Tensor
    least: Tensor
    most: Tensor
    error: Tensor
    shift: Tensor


def stages(network: Network, base: Tensor, effect: Tensor, free: Tensor, size: int) -> list[Stage]:
    """Follow the network forward at N nodes, each around the mean of the node's sets.

    Args:
        network: the network.
        base: the first units' inputs at each node, the items of the node removed [N, D].
        effect: what the removal of an item adds to them [H, D].
        free: the items that may be removed beyond those of the node, bool [N, H].
        size: how many of them are removed.
    """
    share = free.double() / free.sum(1, keepdim=True)
    mean = share @ effect
    coef = (effect - mean[:, None]) * free[..., None]
    z0, error = base + size * mean, torch.zeros_like(base)
    found: list[Stage] = []
    for block in (*network.inner, None):
        up, down = extreme_sums(coef, free, size)
        low, high = torch.minimum(z0, z0 + down - error), torch.maximum(z0, z0 + up + error)
        level = torch.tanh(z0)
        slope = 1 - level**2
        under, over = _remainder(z0, low, high)
        least, most = curvature(z0, low, high)
        shift = (over + under) / 2
        found.append(Stage(coef, level, slope, least, most, error, shift))
        if block is not None:
            error = (slope * error + (over - under) / 2) @ block.size + 1e-13
            coef = block.map(coef * slope[:, None])
            z0 = block.map(level + shift) + block.bias
    return found


def quadratic(network: Network, layers: Sequence[Stage], size: int, worth: Tensor, bias: Tensor) -> Quadratic:
    """Return quadratic upper bounds of bias [C] + worth [C, D] times the last tanh units, at the N nodes of `layers`.

    A score difference is such a function (`differences`), and so is a weighted sum of them: the bound of the sum is tighter than the
    sum of the bounds, for each unit is taken at one of the ends of what it can be.

    The second-order term of each tanh unit is a square of a sum over items, taken with its largest or least factor by
    the sign of what the unit is worth to the difference. Squares of different units cancel, as intervals do not.
    Source: none known; the second order of what CROWN (Zhang et al., NeurIPS 2018) does to the first.
    """
    nodes, items, _ = layers[0].effect.shape
    worth = worth.expand(nodes, -1, -1)  # [N, C, D]
    const = bias + _times(worth, layers[-1].level)
    single = (layers[-1].effect * layers[-1].slope[:, None]) @ worth.transpose(1, 2)
    pair = const.new_zeros(nodes, len(bias), items, items, dtype=torch.float32)
    rough = torch.zeros_like(const)
    for turn in range(len(layers) - 1, -1, -1):
        stage = layers[turn]
        factor = torch.where(worth > 0, worth * stage.most[:, None], worth * stage.least[:, None])
        typical = (stage.effect**2).mean(1).mul(size).sqrt() + 1e-12
        factor, extra = spread(factor, stage.error[:, None], typical[:, None])
        const = const + extra.sum(-1)
        squares = stage.effect**2
        single = single + squares @ factor.transpose(1, 2)
        rough = rough + (squares @ factor.abs().transpose(1, 2)).amax(1)
        pair = pair + _products(stage.effect.float(), factor.float())
        if turn:
            worth = network.inner[turn - 1].back(worth * stage.slope[:, None])
            const = const - _times(worth, layers[turn - 1].shift)
    # A float32 sum of D products is off by less than (D + 4) / 2^23 of the sum of their absolute values, which is largest
    # for an item with itself (Cauchy-Schwarz).
    widest = max(stage.effect.shape[-1] for stage in layers)
    const = const + size * size * (widest + 4) * 2.0**-23 * rough
    pair.diagonal(dim1=2, dim2=3).zero_()
    return Quadratic(const, single, pair)


def differences(network: Network, pool: Tensor, target: int) -> tuple[Tensor, Tensor]:
    """Return score(c) - score(target) for competitors in `pool` [C] as weights of the last tanh units [C, D], and constants [C]."""
    last = network.last
    return last.columns(pool) - last.columns(pool.new_tensor([target])), last.bias[pool] - last.bias[target]


def curvature(z0: Tensor, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """Return bounds of (tanh(z) - tanh(z0) - tanh'(z0) (z - z0)) / (z - z0)^2 for z from low to high, z0 between them."""
    share = torch.linspace(0, 1, POINTS, dtype=z0.dtype, device=z0.device).reshape(-1, *[1] * z0.ndim)
    values = _psi(z0, low + (high - low) * share - z0)
    # tanh''' lies between -2 and 2/3, so the quotient's slope between -1/3 and 1/9; half a step to the nearest point.
    margin = (high - low) / (POINTS - 1) / 2 / 3 + 1e-6
    steep = _second(z0.new_tensor(-STEEPEST)) / 2
    return (values.amin(0) - margin).clamp(min=-steep), (values.amax(0) + margin).clamp(max=steep)


def spread(factor: Tensor, error: Tensor, typical: Tensor) -> tuple[Tensor, Tensor]:
    """Return a and b with factor * (x + e)^2 at most a * x^2 + b for every x and every e within `error`.

    It is tightest for x of a `typical` size.
    """
    mix = (error / typical).clamp(1e-9, 1)
    sign = factor.sign()
    return factor * (1 + sign * mix), factor.abs() * (1 / mix + sign) * error**2


def _psi(z0: Tensor, step: Tensor) -> Tensor:
    level = torch.tanh(z0)
    slope = 1 - level**2
    near = step.abs() < 1e-3
    safe = step.masked_fill(near, 1)
    series = -level * slope - slope * (1 - 3 * level**2) * step / 3
    return torch.where(near, series, (torch.tanh(z0 + safe) - level - slope * safe) / safe**2)


def _second(z: Tensor) -> Tensor:
    level = torch.tanh(z)
    return -2 * level * (1 - level**2)


def _remainder(z0: Tensor, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """Return bounds of tanh(z) - tanh(z0) - tanh'(z0) (z - z0): it turns at z0 and at -z0 alone."""
    level = torch.tanh(z0)
    slope = 1 - level**2
    ends = [torch.tanh(z) - level - slope * (z - z0) for z in (low, high, (-z0).clamp(low, high), z0)]
    values = torch.stack(ends)
    return values.amin(0) - 1e-13, values.amax(0) + 1e-13


def _times(worth: Tensor, units: Tensor) -> Tensor:
    """Return worth [N, C, D] times units [N, D], [N, C]."""
    return (worth @ units[..., None])[..., 0]


def _products(effect: Tensor, factor: Tensor) -> Tensor:
    """Return the sum over D of effect[n, i] * factor[n, c] * effect[n, j], [N, C, H, H]."""
    nodes, items, units = effect.shape
    competitors = factor.shape[1]
    out = effect.new_empty(nodes, competitors, items, items)
    few = rows_at_once(items * units)
    for node in range(nodes):
        for start in range(0, competitors, few):
            part = slice(start, start + few)
            weighted = effect[node] * factor[node, part, None]
            out[node, part] = (weighted.reshape(-1, units) @ effect[node].T).reshape(-1, items, items)
    return out
