"""How many training users have an item in their list, counted once a model."""

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from topple.scoring.findings.probe import Probe, known_scores
from topple.scoring.memory import histories_at_once, in_chunks, positions_at_once

if TYPE_CHECKING:
    from topple.scoring.recommender import Recommender

DEPTHS = (5, 10, 20, 50, 100)
"""Lengths of the lists that are counted."""
USERS = 2_000
"""Training users whose lists are counted at most."""
MOST_SCORES = 40_000_000
"""Scores that counting may take at most: with more than 20,000 items, fewer users are counted."""


@dataclass(frozen=True, eq=False)
class Listed:
    """How many users have each item in their list.

    Args:
        counts: users with the item among their best 5, 10, 20, 50 and 100 [I, 5].
        users: how many users were counted.
    """

    counts: Tensor
    users: int

    def share(self, item: int, k: int) -> float | None:
        """Return the share of users with an item in their list of `k`, rounded up to a length counted; None beyond."""
        depth = bisect_left(DEPTHS, k)
        if depth == len(DEPTHS) or not self.users:
            return None
        return int(self.counts[item, depth]) / self.users


def users_counted(items: int) -> int:
    """Return of how many training users the lists are counted for a catalogue of this size."""
    return min(USERS, max(1, MOST_SCORES // max(1, items)))


def listed_counts(recommender: "Recommender", users: Probe) -> Tensor:
    """Return for each item how many users have it among their best 5, 10, 20, 50 and 100 [I, 5].

    Items of a history are not in the list of that history; equal scores stand in any order.
    """
    items = len(recommender.catalogue)
    counts = torch.zeros(items, len(DEPTHS), dtype=torch.int32)
    deepest = min(DEPTHS[-1], items)

    def ask(rows: slice) -> None:
        numbers = range(len(users))[rows]
        chosen = users.histories[rows]
        scores = known_scores(recommender, users.batch(numbers, recommender.device, torch.float32))
        owner = torch.repeat_interleave(torch.arange(len(chosen)), torch.tensor([len(history) for history in chosen]))
        seen = torch.tensor([item for history in chosen for item in history], dtype=torch.int64)
        scores[owner.to(scores.device), seen.to(scores.device)] = -torch.inf
        best = torch.topk(scores, deepest)
        listed = best.indices.masked_fill(best.values == -torch.inf, items).cpu()
        found = [torch.bincount(listed[:, :depth].flatten(), minlength=items + 1)[:items] for depth in DEPTHS]
        counts.add_(torch.stack(found, 1).to(torch.int32))

    longest = max(map(len, users.histories), default=0)
    in_chunks(len(users), min(histories_at_once(items), max(1, positions_at_once() // max(1, longest))), ask)
    return counts
