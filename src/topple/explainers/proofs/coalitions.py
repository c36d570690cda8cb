"""Which competitors could push a target out together: a bound by multipliers, for additive models."""

from itertools import combinations
from math import comb

import numpy as np

from topple.explainers.proofs.gaps import Gaps
from topple.types import BoolArray, FloatArray, IntArray

COALITIONS = 10_000
"""Coalitions that are looked at one by one; where there are more, none is ruled out."""
STEPS = 60
"""Steps of the multipliers."""


def possible_coalitions(gaps: Gaps, positions: IntArray, size: int) -> IntArray | None:
    """Return the coalitions of `needed` competitors that no bound rules out [coalitions, needed]; None: too many to look at.

    If a coalition's gaps are all above 0, so is every sum of them with weights. For given weights, the largest such sum after
    removing up to `size` positions takes the positions with the largest weighted gains. Where that is not above 0, the coalition is
    impossible. The weights move to the gaps that stay lowest.
    Source: Lagrangian relaxation; the steps are those of exponentiated gradient (Kivinen and Warmuth, 1997).

    Args:
        gaps: C competitors, at least one needed, none of which is above 0 whatever is removed.
        positions: the positions to choose from.
        size: positions removed at most.
    """
    competitors, needed = len(gaps.start), gaps.needed
    if comb(competitors, needed) > COALITIONS:
        return None
    every = np.array(list(combinations(range(competitors), needed)), dtype=np.int64).reshape(-1, needed)
    scaled = gaps.scaled()
    start, gains = scaled.start, scaled.gains[:, positions]
    member = np.zeros((len(every), competitors))
    np.put_along_axis(member, every, 1.0, 1)
    must = member @ (positions == gaps.position[:, None]).astype(np.float64) > 0  # [coalitions, positions]
    left = np.flatnonzero(must.sum(1) <= size)
    weights = member / needed
    for step in range(STEPS):
        if not len(left):
            break
        reached = _reached(start, gains, weights[left], must[left], size)
        above = (weights[left] * reached).sum(1) > 0
        left, reached = left[above], reached[above] * (member[left[above]] > 0)
        pace = np.abs(reached).max(1, keepdims=True).clip(min=np.finfo(np.float64).tiny) * np.sqrt(max(1, step))
        moved = weights[left] * np.exp(-reached / pace)
        weights[left] = moved / moved.sum(1, keepdims=True)
    return every[left]


def _reached(start: FloatArray, gains: FloatArray, weights: FloatArray, must: BoolArray, size: int) -> FloatArray:
    """Return every gap after the removal that lifts each coalition's weighted sum most [coalitions, C]."""
    total = weights @ gains  # [coalitions, positions]
    best = np.argpartition(np.where(must, -np.inf, -total), min(size, total.shape[1]) - 1, axis=1)[:, :size]
    taken = (np.take_along_axis(total, best, 1) > 0) | np.take_along_axis(must, best, 1)
    reached: FloatArray = start + (gains.T[best] * taken[..., None]).sum(1)
    return reached
