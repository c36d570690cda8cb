"""Recommend: the top-k of histories, with the ids and titles that people know."""

from collections.abc import Sequence
from dataclasses import dataclass

from topple.records.answer import Explanation
from topple.records.question import CandidateRule, Goal
from topple.scoring.encoding import check_history
from topple.scoring.ranking import top_k, unseen_scores
from topple.scoring.recommender import Recommender
from topple.scoring.variations import HistoryBatch
from topple.types import ItemId

HISTORIES_AT_ONCE = 128


@dataclass(frozen=True, slots=True)
class Recommended:
    """One place of a recommended list; ranks are 1-based, scores comparable within the list only."""

    rank: int
    item: ItemId
    title: str
    score: float


def recommend(recommender: Recommender, history: Sequence[ItemId], k: int = 5) -> list[Recommended]:
    """Return the k best unseen items for a history, best first.

    Raises:
        QueryError: a history that is empty, repeats items or holds unknown ones, or a k that cannot be filled.
    """
    return recommend_many(recommender, [history], k)[0]


def recommend_many(
    recommender: Recommender, histories: Sequence[Sequence[ItemId]], k: int = 5
) -> list[list[Recommended]]:
    """Return the k best unseen items for each history; see `recommend`."""
    for history in histories:
        check_history(history, k, recommender.catalogue)
    lists: list[list[Recommended]] = []
    for start in range(0, len(histories), HISTORIES_AT_ONCE):
        lists += _recommend_chunk(recommender, histories[start : start + HISTORIES_AT_ONCE], k)
    return lists


def lists_around(recommender: Recommender, explanation: Explanation) -> tuple[list[ItemId], list[ItemId]]:
    """Return the top-k of an explanation's query before and after its removal, best first, under the query's rule.

    With the goal `sufficient`, after is with nothing but the set.
    """
    query, named = explanation.query, set(explanation.items)
    rest = [item for item in query.history if (item in named) == (query.goal is Goal.SUFFICIENT)]
    hidden = set(query.history) - set(rest) if query.rule is CandidateRule.UNSEEN_BEFORE else set()
    before = [place.item for place in recommend(recommender, query.history, query.k)]
    after = [place.item for place in _recommend_chunk(recommender, [rest], query.k + len(hidden))[0]]
    return before, [item for item in after if item not in hidden][: query.k]


def _recommend_chunk(
    recommender: Recommender, histories: Sequence[Sequence[ItemId]], k: int
) -> list[list[Recommended]]:
    catalogue = recommender.catalogue
    batch = HistoryBatch.of(
        [catalogue.vocabulary.encode(list(history)).tolist() for history in histories],
        device=recommender.device,
    )
    scores = unseen_scores(recommender, batch)
    best = top_k(scores, k)
    values = scores.gather(1, best).tolist()
    lists = []
    for indices, row in zip(best.cpu().numpy(), values, strict=True):
        items = catalogue.vocabulary.decode(indices)
        lists.append(
            [
                Recommended(place, item, catalogue.title(item), score)
                for place, (item, score) in enumerate(zip(items, row, strict=True), start=1)
            ]
        )
    return lists
