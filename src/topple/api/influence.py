"""Influence: what each item of a history does to each recommendation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from topple.api.recommending import Recommended, recommend
from topple.api.scoring import indices_of, scores_of
from topple.records.question import CandidateRule, Query
from topple.scoring.checks import candidate_rule
from topple.scoring.recommender import Recommender
from topple.types import BoolArray, FloatArray, IntArray, ItemId, JsonObject, plain
from topple.verification.verify import verify

AT_ONCE = 64
"""Changed histories that are scored together."""


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


def influence(
    recommender: Recommender,
    history: Sequence[ItemId],
    k: int = 5,
    *,
    groups: Sequence[Sequence[ItemId]] = (),
    rule: CandidateRule | str = CandidateRule.UNSEEN_BEFORE,
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

    Raises:
        QueryError: a history, k, group or rule that cannot be asked.

    Example:
        >>> from topple.testing import film_recommender
        >>> model = film_recommender()
        >>> found = influence(model, model.catalogue.vocabulary.ids[:3], k=2)
        >>> found.ranks.shape, found.scores.shape
        ((3, 2), (3, 2))
    """
    asked, given = candidate_rule(rule), tuple(plain(item) for item in history)
    listed = tuple(recommend(recommender, given, k))
    together = tuple(tuple(plain(item) for item in group) for group in groups)
    units = _units(given, together)
    queries = [Query(given, one.item, k=k, rule=asked, groups=together) for _ in units for one in listed]
    sets = [unit for unit in units for _ in listed]
    ranks = [verdict.rank_after for verdict in verify(recommender, queries, sets)]
    rest = [indices_of(recommender, [item for item in given if item not in unit]) for unit in units]
    columns = torch.tensor(indices_of(recommender, [one.item for one in listed]))
    scores = [
        scores_of(recommender, rest[start : start + AT_ONCE], columns).cpu() for start in range(0, len(rest), AT_ONCE)
    ]
    shape = len(units), len(listed)
    return Influence(
        units, listed, np.array(ranks, dtype=np.int64).reshape(shape), torch.cat(scores).numpy().reshape(shape), asked
    )


def _units(history: tuple[ItemId, ...], groups: tuple[tuple[ItemId, ...], ...]) -> tuple[tuple[ItemId, ...], ...]:
    """Return the units of a history, in the order of their first items."""
    group_of = {item: tuple(one for one in history if one in group) for group in groups for item in group}
    return tuple(dict.fromkeys(group_of.get(item, (item,)) for item in history))
