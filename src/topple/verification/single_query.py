"""One query at a time, asked of a recommender or of a model that scores by user id.

Retraining needs the rank and the list of a model that was fitted anew, which may be either.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from topple.data.vocabulary import Catalogue
from topple.errors import RecommenderError
from topple.records.answer import Verdict
from topple.records.question import CandidateRule, Query
from topple.scoring.encoding import encode
from topple.scoring.findings.probe import TENTH
from topple.scoring.ranking import Ranking, only_competing, top_k
from topple.scoring.recommender import DOUBLE, Recommender
from topple.scoring.variations import HistoryBatch, without
from topple.types import ItemId, UserId
from topple.verification.reranking import reranked

ByUser: TypeAlias = Callable[[UserId], Any]
"""A model that scores by user id: the id of a training user in, a number for each item of the catalogue out."""


def rank_and_list(
    model: Recommender | ByUser, query: Query, catalogue: Catalogue, removed: Sequence[ItemId], rule: CandidateRule
) -> tuple[int, tuple[ItemId, ...]]:
    """Return the target's rank and the top-k for the history without the items `removed`.

    A model that scores by user id is asked about the user; of it, the items only matter for what the rule hides.
    """
    device = model.device if isinstance(model, Recommender) else None
    encoded = encode([query], catalogue, device=device)
    items = set(removed)
    positions = torch.tensor([[[item in items for item in query.history]]], device=device)
    keep = without(encoded.histories, positions)  # [1, 1, H]
    if isinstance(model, Recommender):
        ((_, scores),) = reranked(model, encoded.histories, encoded.row, keep[0], rule)  # [1, I]
        ranking = Ranking.of(model)
    else:
        scores = only_competing(
            _user_scores(model, query, catalogue, encoded.histories), encoded.histories, keep, rule
        )[0]
        ranking = Ranking(DOUBLE, float(scores.topk(min(TENTH, len(catalogue))).values[0, -1].abs()), None)
    target, k = encoded.target[:, None], encoded.k[:, None]
    tolerance = ranking.tolerance(scores.gather(1, target))
    rank = int(ranking.rank(scores, ranking.standing(scores, target, k, tolerance), tolerance))
    return rank, catalogue.vocabulary.decode(top_k(scores[0], query.k).tolist())


def _user_scores(model: ByUser, query: Query, catalogue: Catalogue, histories: HistoryBatch) -> Tensor:
    """Return the scores of a query's user by a model that scores by user id [1, 1, I]."""
    answer = model(query.user)  # type: ignore[arg-type] # `refuse` lets no query without a user through
    try:
        scores = np.array(answer.detach().cpu().numpy() if isinstance(answer, Tensor) else answer, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise RecommenderError(
            f"the model returned {type(answer).__name__} for user {query.user!r}, which is no array of numbers: {error}. Return "
            "one number an item."
        ) from error
    if scores.shape != (len(catalogue),):
        raise RecommenderError(
            f"the model returned scores of shape {scores.shape} for user {query.user!r}, expected ({len(catalogue):,},): one an "
            "item, in the order of the split's catalogue. Return the whole catalogue."
        )
    return torch.from_numpy(scores).to(histories.weights.dtype)[None, None]


def verdicts_before_retraining(
    model: ByUser,
    queries: Sequence[Query],
    removed: Sequence[Sequence[ItemId]],
    rule: CandidateRule | None,
    catalogue: Catalogue,
) -> list[Verdict]:
    """Return the verdicts about a model that scores by user id before any retraining: of ranks they hold `rank_before` alone."""
    return [
        Verdict(
            query,
            asked_rule,
            found=bool(named),
            size=len(set(named)),
            rank_before=rank_and_list(model, query, catalogue, (), asked_rule)[0],
        )
        for query, named in zip(queries, removed, strict=True)
        for asked_rule in [query.rule if rule is None else rule]
    ]
