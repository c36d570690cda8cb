"""Explanations of a list as it was shown: whether it is the model's, and what is said where it is not."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from topple.api.agreeing.ties import rounding_of, same_up_to_ties
from topple.api.answers.asked import Asked
from topple.api.reasons import joined
from topple.errors import QueryError, UnknownIdError, is_list
from topple.errors import shown as shown_as
from topple.records.answer import Explanation, Status
from topple.records.question import Query, Request
from topple.scoring.unchanged import UnchangedScores
from topple.types import ItemId, UserId, plain_ids


def asked_about_shown(
    requests: Sequence[Request],
    shown: Mapping[UserId, Sequence[ItemId]] | Sequence[ItemId],
    k: int | None,
    *,
    single: bool,
) -> list[Asked]:
    """Ask about each item of the lists as they were shown; without k the model's list is as long as the shown one.

    Args:
        requests: one a user.
        shown: the list of each user, or the one list of the one history.
        k: length of the model's lists; None: that of the shown list.
        single: whether there is one history of nobody's.

    Raises:
        QueryError: a list that is missing, empty, or no list.
    """
    asked = []
    for request in requests:
        who = "of the history" if single else f"of user {shown_as(request.user)}"
        given = None if request.user is None else request.user
        items: Any = shown if single else shown.get(given) if isinstance(shown, Mapping) and given is not None else None
        if not is_list(items):
            raise QueryError(
                f"shown={shown_as(items)} is no list {who}. Give the items that were shown, best first: a list for one history, or a "
                "mapping of users to lists."
            )
        listed = plain_ids(items)
        if not all(isinstance(item, str | int) for item in listed):
            raise QueryError(
                f"the shown list {who} holds what is no item id: {shown_as(listed)}. Give texts or whole numbers."
            )
        if not listed or len({*listed}) < len(listed):
            raise QueryError(
                f"the shown list {who} is empty or holds an item twice. Give each item once, best first, or leave shown= out."
            )
        one = replace(request, k=len(listed)) if k is None else request
        asked.append(Asked(one, tuple(Query.about(item, one) for item in listed), listed))
    return asked


def beside_shown(
    explanations: Sequence[Explanation], shown: tuple[ItemId, ...], unchanged: UnchangedScores, row: int
) -> list[Explanation]:
    """Return the explanations with the list as it was shown, and where it is not the model's with what there is to know of it.

    Args:
        explanations: of the items of the list.
        shown: the list as it was shown.
        unchanged: the scores of the history.
        row: of the history among these.
    """
    vocabulary = unchanged.recommender.catalogue.vocabulary
    items, scores = unchanged.best(min(len(shown), len(vocabulary)))
    listed = vocabulary.decode(items[row].cpu().numpy())
    is_models = listed == shown or _tied(unchanged, row, scores[row].tolist(), shown)
    if is_models:
        return [
            replace(each, shown=shown, shown_is_models=True, reason=_by_rounding(each, shown)) for each in explanations
        ]
    same = len({*listed} & {*shown})
    told = f"the list as shown is not the model's: {same} of the {len(shown)} items are (topple.agreement looks for the reason)"
    return [
        replace(each, shown=shown, shown_is_models=False, reason=_reason(each, shown, told)) for each in explanations
    ]


def _tied(unchanged: UnchangedScores, row: int, scores: Sequence[float], shown: Sequence[ItemId]) -> bool:
    """Return whether the shown list is the model's up to ties, given the scores of the model's list [K]."""
    try:
        items = torch.from_numpy(unchanged.recommender.catalogue.vocabulary.encode(list(shown)))
    except UnknownIdError:
        return False
    at = torch.tensor([row], device=unchanged.histories.items.device)
    found = unchanged.scores_of(at, items[None].to(at.device))[0]  # [K]
    rounding = rounding_of(unchanged, found)
    return same_up_to_ties(np.array(scores), found.double().cpu().numpy(), rounding.double().cpu().numpy())


def _by_rounding(each: Explanation, shown: Sequence[ItemId]) -> str:
    """Return the reason of an answer about a list that is the model's, perhaps by no more than rounding."""
    query, rank = each.query, each.rank_before
    if each.status is Status.INVALID and rank is not None and rank > query.k:
        return (
            f"{query.target!r} was shown at rank {shown.index(query.target) + 1}, and in the model it is at rank {rank}: only rounding in "
            f"float32 tells the two lists apart. In the model it is not in the top {query.k}, and what is not listed cannot leave"
        )
    return each.reason


def _reason(each: Explanation, shown: Sequence[ItemId], told: str) -> str:
    """Return the reason of an answer about a list that is not the model's."""
    query, rank = each.query, each.rank_before
    if each.status is Status.INVALID and rank is not None and rank > query.k:
        return (
            f"{query.target!r} was shown at rank {shown.index(query.target) + 1}, and the model does not list it: there it is at rank "
            f"{rank}, not in the top {query.k}. What is not listed cannot leave; {told}"
        )
    return joined(each.reason, told)
