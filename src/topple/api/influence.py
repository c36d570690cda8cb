"""Influence: what each item of a history does to each recommendation."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from topple.api.limits import one_request
from topple.api.recommending import Recommended, listed
from topple.records.question import CandidateRule, Query, Unknown
from topple.scoring.checks import candidate_rule, check_asked, check_recommender, check_target
from topple.scoring.devices import computing
from topple.scoring.encoding import encode_histories
from topple.scoring.memory import histories_at_once
from topple.scoring.ranking import catalogue_scores
from topple.scoring.recommender import Recommender
from topple.scoring.unchanged import UnchangedScores
from topple.scoring.variations import without
from topple.types import BoolArray, FloatArray, IntArray, ItemId, JsonObject


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Influence:
    """The matrix of W units of a history by the K items of the list.

    Args:
        units: what was taken out for each row: one item, or the items of a group.
        listed: the list of the whole history, best first, one a column.
        ranks: the rank of each listed item without each unit [W, K], by the rule that explanations are judged by.
        scores: the score of each listed item without each unit [W, K]; comparable within a row.
        rule: which items competed.
    """

    units: tuple[tuple[ItemId, ...], ...]
    listed: tuple[Recommended, ...]
    ranks: IntArray
    scores: FloatArray
    rule: CandidateRule = CandidateRule.UNSEEN_BEFORE

    @property
    def topples(self) -> BoolArray:
        """Whether a unit alone, taken out, topples a recommendation, bool [W, K]."""
        return np.asarray(self.ranks > len(self.listed))

    @property
    def drops(self) -> FloatArray:
        """By how much the score of a recommendation falls without a unit [W, K]; below 0 it rises."""
        return np.array([one.score for one in self.listed]) - self.scores

    def as_rows(self) -> list[JsonObject]:
        """Return one object for each unit and recommendation, as a data frame takes them."""
        return [
            {
                "unit": list(unit),
                "item": one.item,
                "rank_before": one.rank,
                "rank": int(self.ranks[row, column]),
                "score": float(self.scores[row, column]),
                "drop": float(self.drops[row, column]),
            }
            for row, unit in enumerate(self.units)
            for column, one in enumerate(self.listed)
        ]

    def __repr__(self) -> str:
        toppling = int(self.topples.any(0).sum())
        return f"Influence({len(self.units)} units on the top {len(self.listed)}: {toppling} toppled by one unit)"


@computing()
def influence(
    recommender: Recommender,
    history: Sequence[ItemId],
    k: int = 5,
    *,
    groups: Sequence[Sequence[ItemId]] = (),
    rule: CandidateRule | str = CandidateRule.UNSEEN_BEFORE,
    candidates: Iterable[ItemId] | None = None,
    exclude: Iterable[ItemId] = frozenset(),
    unknown: Unknown | str = Unknown.REFUSE,
    context: object = None,
) -> Influence:
    """Return what each unit of a history does to each of the k recommendations, by taking out one unit at a time.

    One unit at a time says who matters alone. It does not say which set topples: items stand in for each other, and the set
    of the largest drops need not be the smallest. `explain` finds and proves that.

    Args:
        recommender: what recommends.
        history: item ids, oldest first where the model knows of order.
        k: length of the list.
        groups: items that are taken out together, as one unit.
        rule: whether an item that is taken out may be listed ("unseen_after") or not ("unseen_before").
        candidates: the only items that may be listed; None for all.
        exclude: items that may not be listed.
        unknown: "refuse" items that the catalogue does not hold, or "drop" them: they are left out and counted through logging.
        context: what a wrapped model is told besides.

    Raises:
        QueryError: a history, k, group or rule that cannot be asked.

    Example:
        >>> from topple.testing import film_recommender
        >>> model = film_recommender()
        >>> found = influence(model, model.catalogue.vocabulary.ids[:3], k=2)
        >>> found.ranks.shape, found.scores.shape
        ((3, 2), (3, 2))
    """
    request = one_request(
        check_recommender(recommender).catalogue, unknown, history=history, k=k, rule=candidate_rule(rule), groups=groups,
        candidates=candidates, exclude=exclude, context=context,
    )  # fmt: skip
    check_asked(request, recommender)
    encoded = encode_histories([request], recommender.catalogue, device=recommender.device)
    unchanged = UnchangedScores(recommender, encoded, request.rule)
    k = request.k  # a whole number of numpy or torch is one of Python there
    (recommendations,) = listed(unchanged, k)
    check_target(Query.about(recommendations[0].item, request), recommender.catalogue)
    targets, _ = unchanged.best(k)  # [1, K]
    unit = encoded.unit[0, : len(request.history)]  # [H]
    removed = unit == (unit == torch.arange(len(unit), device=unit.device)).nonzero()  # [W, H]
    parts = [
        _without(unchanged, part, targets)
        for part in torch.split(removed, histories_at_once(len(recommender.catalogue)))
    ]
    ranks, scores = (torch.cat(found).cpu().numpy() for found in zip(*parts, strict=True))
    units = tuple(
        tuple(dict.fromkeys(item for item, gone in zip(request.history, row, strict=True) if gone))
        for row in removed.tolist()
    )
    return Influence(units, tuple(recommendations), ranks, scores, request.rule)


def _without(
    unchanged: UnchangedScores, removed: torch.Tensor, targets: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the ranks and scores of targets [1, K] without sets of positions, bool [W, H], both [W, K]."""
    keep = without(unchanged.histories, removed[None])  # [1, W, H]
    scores = catalogue_scores(unchanged.recommender, unchanged.histories, keep, unchanged.rule)[0]  # [W, I]
    tolerance = unchanged.tolerance(torch.zeros_like(targets[:, 0]), targets).expand(len(scores), -1)
    target = targets.expand(len(scores), -1)  # [W, K]
    standing = unchanged.ranking.standing(scores, target, torch.full_like(target, targets.shape[1]), tolerance)
    return unchanged.ranking.rank(scores, standing, tolerance), standing.score
