"""What the model says beside a list that was shown: the best items, and the scores of the shown ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from topple.api.agreeing.ties import rounding_of, same_up_to_ties
from topple.errors import QueryError
from topple.records.question import CandidateRule, Request
from topple.scoring.checks import check_asked
from topple.scoring.encoding import encode_histories
from topple.scoring.memory import histories_at_once
from topple.scoring.recommender import Recommender
from topple.scoring.unchanged import UnchangedScores
from topple.types import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Told:
    """What the model says for one history.

    Args:
        best: the best items, as indices, best first [K]; fewer where fewer compete.
        scores: of these [K].
        shown: the scores of the shown items [C]; minus infinity where an item does not compete.
        rank: the ranks of the shown items [C].
        rounding: by how much the scores of the shown items may differ in float32 [C].
    """

    best: IntArray
    scores: FloatArray
    shown: FloatArray
    rank: IntArray
    rounding: FloatArray

    def gives(self) -> bool:
        """Return whether the shown list is the model's up to ties."""
        return same_up_to_ties(self.scores, self.shown, self.rounding)

    def falls(self) -> bool:
        """Return whether the shown items compete and stand in the order of the model, up to ties."""
        return bool(np.isfinite(self.shown).all() and (np.diff(self.shown) <= self.rounding[1:]).all())


def ask(
    recommender: Recommender, requests: Sequence[Request], shown: Sequence[IntArray], depth: int
) -> list[Told | None]:
    """Ask for the lists of requests, beside the lists that were shown; None where a request cannot be asked.

    Args:
        recommender: what recommends.
        requests: the histories.
        shown: the shown items of each, as indices.
        depth: how many of the best items are wanted.
    """
    told: list[Told | None] = [None] * len(requests)
    indices: dict[int, IntArray] = {}
    for number, request in enumerate(requests):
        try:
            indices[number] = check_asked(request, recommender)
        except QueryError:
            continue
    at_once = histories_at_once(len(recommender.catalogue))
    for rule in CandidateRule:
        numbers = [number for number in indices if requests[number].rule is rule]
        for start in range(0, len(numbers), at_once):
            part = numbers[start : start + at_once]
            encoded = encode_histories(
                [requests[number] for number in part],
                recommender.catalogue,
                device=recommender.device,
                indices=[indices[number] for number in part],
            )
            unchanged = UnchangedScores(recommender, encoded, rule)
            best = unchanged.best(min(depth, len(recommender.catalogue)))  # [B, K]
            for number, row in zip(part, encoded.history_of, strict=True):
                told[number] = _told(unchanged, row, best[0][row], best[1][row], shown[number])
    return told


def _told(unchanged: UnchangedScores, row: int, best: Tensor, scores: Tensor, shown: IntArray) -> Told:
    """Return what the model says for the history `row`, with the best items and their scores [K], beside the shown items [C]."""
    device = unchanged.histories.items.device
    at, items = torch.tensor([row], device=device), torch.from_numpy(shown)[None].to(device)  # [1], [1, C]
    competes = torch.isfinite(scores)
    found = unchanged.scores_of(at, items)
    rank = unchanged.ranks(at, items, torch.ones_like(items))[0] if len(shown) else items  # none that the model knows
    rounding = rounding_of(unchanged, found)
    return Told(
        best[competes].cpu().numpy(),
        scores[competes].double().cpu().numpy(),
        found[0].double().cpu().numpy(),
        rank[0].cpu().numpy(),
        rounding[0].double().cpu().numpy(),
    )
