"""Removals after which nothing is left of a history that speaks for a target, for additive models."""

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import torch
from torch import Tensor

from topple.explainers.search.engine import Engine
from topple.types import FloatArray

SUMS = 200_000
"""Sums that are held against as many others; where there are more, none is ruled out."""


@dataclass(frozen=True, eq=False)
class Speaking:
    """What speaks for targets.

    Args:
        possible: the targets that could leave a list for want of evidence, and perhaps others, bool [B, T].
        parts: what each position adds to the score of each of these [B, T, H].
    """

    possible: Tensor
    parts: Tensor


def could_want_evidence(engine: Engine) -> Tensor:
    """Return which targets could leave a list for want of evidence, bool [B, T]: others score the same for an empty history."""
    empty, target = engine.ranking.empty, engine.table.target
    if empty is None:
        return torch.zeros_like(target, dtype=torch.bool)
    ordered = empty.to(engine.tolerance).sort().values
    mine, near = empty.to(engine.tolerance)[target], 3 * engine.tolerance
    within = torch.searchsorted(ordered, mine + near, right=True) - torch.searchsorted(ordered, mine - near)
    return within > 1


def least_without_evidence(engine: Engine, speaking: Speaking, cost: Tensor, sizes: Tensor) -> Tensor:
    """Return what sets cost at least that leave a target without evidence, in thousandths [B, T]; infinity where none does.

    The target has none where what the kept items add to its score is within the tolerance of 0. With r units removed that
    sum lies between the total less the r largest parts and the total less the r smallest, so not before 0 is within the
    tolerance of that interval; and not where no r parts make up the total. No cheaper set makes the target tie with others
    of which the same is true.

    Args:
        engine: the histories and their targets.
        speaking: what speaks for the targets.
        cost: sets that cost as much or more are of no interest, in thousandths [B, T].
        sizes: how many sizes, 1, 2, ... units, are of interest [B, T].
    """
    table, removable = engine.table, engine.table.removable
    never = torch.full_like(cost, torch.inf)
    if not speaking.possible.any():
        return never
    units, total, near = _parts(engine, speaking)
    most = total - units.masked_fill(~removable, torch.inf).sort(-1).values.cumsum(-1)  # the smallest removed
    least = total - units.masked_fill(~removable, -torch.inf).sort(-1, descending=True).values.cumsum(-1)
    possible = (least <= near) & (most >= -near) & speaking.possible[..., None]  # [B, T, H], of 1, 2, ... units
    out = torch.where(possible.any(-1), table.least_cost(possible.int().argmax(-1) + 1), never)
    for row, column in (table.asked & (out < cost)).nonzero().tolist():
        parts = units[row, column][removable[row, column]].cpu().numpy()
        able = possible[row, column].nonzero()[:, 0] + 1
        tried = [size for size in able.tolist() if size <= int(sizes[row, column])]
        first = next(
            (n for n in tried if _could_make_up(parts, float(total[row, column]), float(near[row, column]), n)), 0
        )
        out[row, column] = table.least_cost(first)[row, column] if first else cost[row, column]
    return out


def _could_make_up(parts: FloatArray, total: float, near: float, size: int) -> bool:
    """Return whether so many parts could add up to the total; that they are different parts is not asked.

    Sums of one half of them are held against sums of the other half.
    """
    half = -(-size // 2)
    if comb(len(parts), half) > SUMS:
        return True
    first = np.sort(_sums(parts, half))
    missing = total - _sums(parts, size - half)
    low, high = np.searchsorted(first, missing - near), np.searchsorted(first, missing + near, side="right")
    return bool((high > low).any())


def _sums(parts: FloatArray, size: int) -> FloatArray:
    """Return the sums of all sets of so many parts."""
    if not size:
        return np.zeros(1)
    chosen = np.array(list(combinations(range(len(parts)), size)), dtype=np.int64).reshape(-1, size)
    sums: FloatArray = parts[chosen].sum(1)
    return sums


def _parts(engine: Engine, speaking: Speaking) -> tuple[Tensor, Tensor, Tensor]:
    """Return what each unit adds to each target [B, T, H], all of them, and how near to 0 is nothing, both [B, T, 1]."""
    table, parts = engine.table, speaking.parts
    near = engine.tolerance + engine.ranking.rounding * parts.abs().sum(-1)
    return table.sum_by_unit(parts.contiguous()), parts.sum(-1, keepdim=True), near[..., None]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What speaks for one target: without evidence it may leave the list without being outranked.

    Args:
        parts: what each unit adds to the score of the target, in units of the largest [H].
        total: all of them, those that may not be named included.
        near: how near to 0 is nothing.
    """

    parts: FloatArray
    total: float
    near: float

    @classmethod
    def of(cls, engine: Engine, speaking: Speaking, at: tuple[int, int], length: int) -> "Evidence":
        """Return what speaks for one target of a history of that length."""
        parts, total, near = (part[at].cpu().numpy() for part in _parts(engine, speaking))
        unit = float(np.abs(parts).max()) or 1.0
        return cls(parts[:length] / unit, float(total[0]) / unit, float(near[0]) / unit)
