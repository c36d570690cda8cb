"""How well a recommender predicts what held-out users met: NDCG and Recall."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from topple.data.rows.events import Events
from topple.data.splitting import HeldOut, events
from topple.errors import need
from topple.scoring.ranking import top_k, unseen_scores
from topple.scoring.recommender import Capability, Recommender
from topple.scoring.variations import HistoryBatch
from topple.types import CsrMatrix, IntArray, TimeArray

ROWS = 64
"""Users whose lists are made together, whatever memory there is: the same training is the same anywhere."""


def held_out_quality(
    recommender: Recommender,
    held_out: HeldOut,
    ndcg: Sequence[int] = (100,),
    recall: Sequence[int] = (20, 50),
) -> dict[str, float]:
    """Return mean NDCG@K and Recall@K over the held-out users who have fold-in and held-out items.

    Recall@K divides by min(K, held-out items); NDCG@K is binary, with log2 discount. Items of the fold-in are not ranked.
    Source: Liang et al., WWW 2018, section 4.2.

    Returns:
        "ndcg_100", "recall_20", ... and "users", the denominator; NaN where that is 0.
    """
    need(recommender, Recommender, "recommender", "what fit, load_model or wrap returned")
    need(held_out, HeldOut, "held_out", "a part of a split, such as split.test")
    users = askable(held_out)
    longest = min(max([*ndcg, *recall]), len(recommender.catalogue))
    sums: dict[str, float] = {f"ndcg_{k}": 0.0 for k in ndcg} | {f"recall_{k}": 0.0 for k in recall}
    in_order = Capability.ORDER_AWARE in recommender.capabilities
    order = (held_out.times, held_out.events) if in_order else (None, None)
    for rows, lists in ranked_lists(recommender, held_out.fold_in, users, longest, *order):
        wanted = held_out.held_out[rows]
        hits = torch.from_numpy(np.take_along_axis(wanted.toarray(), lists.numpy(), axis=1)).double()
        counts = torch.from_numpy(np.diff(wanted.indptr)).double()
        gain = 1 / torch.log2(torch.arange(2, longest + 2, dtype=torch.float64))
        for k in ndcg:
            ideal = gain.cumsum(0)[counts.clamp(max=min(k, longest)).long() - 1]
            sums[f"ndcg_{k}"] += float(((hits[:, :k] * gain[:k]).sum(1) / ideal).sum())
        for k in recall:
            sums[f"recall_{k}"] += float((hits[:, :k].sum(1) / counts.clamp(max=k)).sum())
    means = {name: value / len(users) if len(users) else math.nan for name, value in sums.items()}
    return means | {"users": float(len(users))}


def askable(held_out: HeldOut) -> IntArray:
    """Return the rows of the users who have both a history and held-out items."""
    return np.intersect1d(held_out.with_history(), np.flatnonzero(np.diff(held_out.held_out.indptr)))


def ranked_lists(
    recommender: Recommender,
    histories: CsrMatrix,
    users: IntArray,
    k: int,
    times: TimeArray | None = None,
    log: Events | None = None,
) -> Iterator[tuple[IntArray, Tensor]]:
    """Yield chunks of user rows with their top-k lists [rows, K], in float32; `times` [entries], or every event, order the histories."""
    for start in range(0, len(users), ROWS):
        rows = users[start : start + ROWS]
        told = [events(histories, times, row) if log is None else log[row] for row in rows.tolist()]
        batch = HistoryBatch.of(
            [items.tolist() for items, _ in told],
            torch.float32,
            recommender.device,
            weights=[() if (weights == 1).all() else weights.tolist() for _, weights in told],
        )
        yield rows, top_k(unseen_scores(recommender, batch), k).cpu()
