"""Training sequences: a user's items in the order of their times, cut and lined up at their ends."""

import numpy as np
import torch
from torch import Tensor

from topple.data.splitting import Split
from topple.types import CsrMatrix


def time_ranks(split: Split) -> CsrMatrix:
    """Return the training interactions with the rank of each one's time among those of the user, from 1, as their values.

    Where an item comes again, a row holds it as often.
    """
    if split.events is not None:
        return split.events.matrix(len(split.catalogue))
    matrix = split.train.copy()
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    times = np.zeros(matrix.nnz) if split.times is None else split.times
    order = np.lexsort((times, rows))
    later = np.ones(matrix.nnz, dtype=np.bool_)
    later[1:] = times[order][1:] > times[order][:-1]
    later[matrix.indptr[:-1][np.diff(matrix.indptr) > 0]] = True
    ranks = later.cumsum()
    matrix.data[order] = ranks - ranks[matrix.indptr[rows]] + 1
    return matrix


def in_order(batch: CsrMatrix, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return users and items of a batch [entries], each user's in the order of their ranks, those of equal rank shuffled."""
    rows = np.repeat(np.arange(batch.shape[0]), np.diff(batch.indptr))
    order = np.lexsort((torch.rand(batch.nnz, generator=random, dtype=torch.float32).numpy(), batch.data, rows))
    return torch.from_numpy(rows), torch.from_numpy(batch.indices[order].astype(np.int64))


def lined_up(rows: Tensor, items: Tensor, users: int, most: int) -> tuple[Tensor, Tensor]:
    """Return the last `most` items of each user, lined up at their ends [B, W], and which positions hold one."""
    lengths = torch.bincount(rows, minlength=users)
    width = max(1, min(most, int(lengths.max())))
    position = width + torch.arange(len(rows)) - lengths.cumsum(0)[rows]
    recent = position >= 0
    sequences = torch.zeros(users, width, dtype=torch.int64)
    filled = torch.zeros(users, width, dtype=torch.bool)
    sequences[rows[recent], position[recent]] = items[recent]
    filled[rows[recent], position[recent]] = True
    return sequences, filled
