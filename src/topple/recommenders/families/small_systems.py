"""Many small systems of equations at once."""

from collections.abc import Iterator

import torch
from torch import Tensor

from topple.scoring.memory import rows_at_once

FEW = 20_000
"""Numbers of systems that are solved together, whatever their sizes."""
SMALL = 8
"""Unknowns of a system that is small: up to about this, a call of a solver for each takes longer than the solving."""


def by_size(counts: Tensor, width: int) -> Iterator[Tensor]:
    """Yield the numbers of systems [N] with about as many unknowns together, each that has any once, the one with most last.

    No more are together than the budget of memory has room for; where all together are small, sizes are not told apart.

    Args:
        counts: unknowns of each system [N].
        width: numbers that each unknown needs on the way.
    """
    counts, order = counts.sort(stable=True)
    stop = len(counts)
    while stop and (most := int(counts[stop - 1])):
        apart = most // 2 if stop * most * most > FEW else 0
        start = int(torch.searchsorted(counts, apart, right=True))
        for begin in range(start, stop, together := rows_at_once(most * max(most, width))):
            yield order[begin : min(stop, begin + together)]
        stop = start


def solve_small(left: Tensor, right: Tensor) -> Tensor:
    """Solve N systems [N, M, M] for [N, M]; small ones by elimination, all at once, side by side.

    Elimination needs no exchange of rows: the systems are similar to positive definite ones.
    """
    size = right.shape[1]
    if size > SMALL:
        found: Tensor = torch.linalg.solve(left, right)
        return found
    a, x = left.permute(1, 2, 0).contiguous().clone(), right.T.contiguous().clone()  # [M, M, N], [M, N]
    for pivot in range(size):
        below = slice(pivot + 1, size)
        share = a[below, pivot] / a[pivot, pivot]
        a[below, below] -= share[:, None] * a[pivot, below]
        x[below] -= share * x[pivot]
    for pivot in reversed(range(size)):
        x[pivot] = (x[pivot] - (a[pivot, pivot + 1 :] * x[pivot + 1 :]).sum(0)) / a[pivot, pivot]
    return x.T
