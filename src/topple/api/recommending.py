"""Recommend: the top-k of histories, with the ids and titles that people know."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from weakref import WeakSet

import torch

from topple.api.answers.order import say_no_order
from topple.api.limits import one_request
from topple.records.answer import Explanation
from topple.records.question import CandidateRule, Goal, Repeats, Request, Unknown
from topple.scoring.checks import check_asked, check_recommender
from topple.scoring.devices import computing
from topple.scoring.encoding import encode_histories
from topple.scoring.memory import histories_at_once
from topple.scoring.ranking import catalogue_scores, top_k
from topple.scoring.recommender import Recommender
from topple.scoring.unchanged import UnchangedScores
from topple.types import ItemId

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recommended:
    """One item of a recommended list; scores are comparable within the list only.

    `rank` is 1 + the items that outrank it, and `tied` says how many other items, of the list or below it, tie with it.

    `evidence`: something in the history speaks for the item. Without it the item scores what an empty history gives it and
    ties with others of which the same is true.
    """

    rank: int
    item: ItemId
    title: str
    score: float
    evidence: bool = True
    tied: int = 0


_TOLD: WeakSet[Recommender] = WeakSet()
"""The models of which it was said that they do not use weights."""


def recommend(
    recommender: Recommender,
    history: Sequence[ItemId],
    k: int = 5,
    *,
    rule: CandidateRule | str = CandidateRule.UNSEEN_BEFORE,
    weights: Sequence[float] = (),
    candidates: Iterable[ItemId] | None = None,
    exclude: Iterable[ItemId] = frozenset(),
    context: object = None,
    unknown: Unknown | str = Unknown.REFUSE,
) -> list[Recommended]:
    """Return the k best items for a history, best first.

    Args:
        recommender: what recommends.
        history: the item of each event.
        k: length of the list.
        rule: "all" lists items of the history too; the other rules do not.
        weights: the weight of each event; 1 each unless given.
        candidates: the only items that may be listed; None for all.
        exclude: items that may not be listed.
        context: what a wrapped model is told besides.
        unknown: "refuse" items that the catalogue does not hold, or "drop" them: they are left out and counted through logging.

    Raises:
        QueryError: a history that is empty or holds unknown items, weights that do not fit, or a k that cannot be filled.
    """
    say_no_order(recommender, [history])
    request = one_request(
        check_recommender(recommender).catalogue, unknown, history=history, k=k, rule=rule, weights=weights,
        candidates=candidates, exclude=exclude, context=context,
    )  # fmt: skip
    return recommended(recommender, [request])[0]


def recommend_many(
    recommender: Recommender, histories: Sequence[Sequence[ItemId]], k: int = 5, *, contexts: Sequence[object] = ()
) -> list[list[Recommended]]:
    """Return the k best unseen items for each history, with a context for each where the model takes them; see `recommend`."""
    several = list(histories)
    say_no_order(recommender, several)
    told = contexts or [None] * len(several)
    requests = [
        Request.of(history=history, k=k, context=context) for history, context in zip(several, told, strict=True)
    ]
    return recommended(recommender, requests)


@computing()
def recommended(recommender: Recommender, requests: Sequence[Request]) -> list[list[Recommended]]:
    """Return the list of each request, all of one rule.

    Raises:
        QueryError: a request that has no list.
    """
    check_recommender(recommender)
    indices = [check_asked(request, recommender) for request in requests]
    say_unused_weights(recommender, requests)
    lists: list[list[Recommended]] = []
    at_once = histories_at_once(len(recommender.catalogue))
    for start in range(0, len(requests), at_once):
        part = slice(start, start + at_once)
        encoded = encode_histories(
            requests[part], recommender.catalogue, device=recommender.device, indices=indices[part]
        )
        unchanged = UnchangedScores(recommender, encoded, requests[start].rule)
        best = listed(unchanged, max(request.k for request in requests[part]))
        rows = zip(encoded.history_of, requests[part], strict=True)
        lists += [best[row][: request.k] for row, request in rows]
    return lists


def say_unused_weights(recommender: Recommender, requests: Iterable[Request]) -> None:
    """Say through logging, once a model, that histories have weights and the model does not use them."""
    if recommender.uses_weights or recommender in _TOLD:
        return
    weights = next((request.weights for request in requests if len(set(request.weights)) > 1), ())
    if weights:
        _TOLD.add(recommender)
        logger.warning(
            "%s does not use the weights of histories (such as %g and %g): every event counts as 1, as in training",
            recommender.name,
            weights[0],
            next(weight for weight in weights if weight != weights[0]),
        )


def listed(unchanged: UnchangedScores, k: int) -> list[list[Recommended]]:
    """Return the k best items of each history, best first."""
    catalogue = unchanged.recommender.catalogue
    ranks, tied, evidence = (found.tolist() for found in unchanged.levels(k))  # [B, K]
    items, scores = unchanged.best(k)  # [B, K]
    ids = map(catalogue.vocabulary.decode, items.cpu().numpy())
    return [
        [
            Recommended(rank, item, catalogue.title(item), score, has_evidence, ties)
            for rank, item, score, has_evidence, ties in zip(*columns, strict=True)
        ]
        for columns in zip(ranks, ids, scores.tolist(), evidence, tied, strict=True)
    ]


@computing()
def lists_around(recommender: Recommender, explanation: Explanation) -> tuple[list[ItemId], list[ItemId]]:
    """Return the top-k of an explanation's query before and after the removal of the set, best first, under the query's rule.

    With the goal `sufficient`, the list after is that of nothing but the set.
    """
    query = explanation.query
    set_is_kept = query.goal is Goal.SUFFICIENT
    items = set(explanation.items)
    if query.repeats is Repeats.EVENTS:
        named = [position in explanation.positions for position in range(len(query.history))]
    else:
        named = [item in items for item in query.history]
    encoded = encode_histories([query], recommender.catalogue, device=recommender.device)
    histories = encoded.histories
    kept = torch.tensor([[[in_set == set_is_kept for in_set in named]]], device=histories.items.device)
    keep = torch.cat([histories.present[:, None], kept], 1).to(histories.weights.dtype)  # [1, 2, H]
    before, after = top_k(catalogue_scores(recommender, histories, keep, query.rule)[0], query.k).cpu().numpy()
    decode = recommender.catalogue.vocabulary.decode
    return list(decode(before)), list(decode(after))
