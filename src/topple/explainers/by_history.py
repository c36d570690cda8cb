"""The frame of the searches: queries of a history are answered together, a bounded number of histories at a time."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from topple.explainers.base import OnProgress, Proposals
from topple.explainers.engine import Engine, engines
from topple.explanation import Status
from topple.recommenders.base import Recommender
from topple.recommenders.encoding import EncodedQueries


@dataclass(frozen=True, eq=False)
class Answers:
    """What a search found for the B x T targets of an engine.

    Args:
        removed: the sets, bool [B, T, H]; empty where none was found.
        minimum: which of them are proven minimum, bool [B, T]; None: no claim.
        ended: how the search ended where it found nothing.
    """

    removed: Tensor
    minimum: Tensor | None = None
    ended: Status = Status.NOT_FOUND


def propose_by_history(
    recommender: Recommender,
    queries: EncodedQueries,
    histories_at_once: int,
    search: Callable[[Engine], Answers],
    on_progress: OnProgress | None = None,
) -> Proposals:
    """Run a search on engines over all queries and bring its answers into the order of the queries."""
    removed = torch.zeros_like(queries.protected)
    minimum = torch.zeros_like(queries.k, dtype=torch.bool)
    cost = torch.zeros_like(queries.k)
    status = [Status.NOT_FOUND] * len(queries)
    for mine, engine in engines(recommender, queries, histories_at_once):
        answers, at = search(engine), (engine.grid.row, engine.grid.slot)
        removed[mine, : answers.removed.shape[-1]] = answers.removed[at]
        cost[mine] = engine.cost[at]
        if answers.minimum is not None:
            minimum[mine] = answers.minimum[at]
        for place, some in zip(mine.tolist(), removed[mine].any(1).tolist(), strict=True):
            status[place] = Status.FOUND if some else answers.ended
        if on_progress:
            on_progress(len(mine))
    return Proposals(removed, tuple(status), cost, minimum)
