"""What a call asks, from what people give: histories, targets or shown lists, constraints, contexts."""

from collections.abc import Mapping, Sequence
from typing import Any

from topple.api.answers.asked import Asked
from topple.api.answers.beside import asked_about_shown
from topple.api.answers.order import say_no_order
from topple.api.asking import by_user, contexts_of, requests_of, targets_of
from topple.errors import QueryError
from topple.records.answer import Explanation, Status
from topple.records.question import Query
from topple.scoring.recommender import Recommender
from topple.types import ItemId, UserHistories, UserId


def asked_about(
    recommender: Recommender,
    histories: UserHistories | Sequence[ItemId],
    *,
    targets: Sequence[ItemId] | None = None,
    shown: Mapping[UserId, Sequence[ItemId]] | Sequence[ItemId] | None = None,
    k: int | None = None,
    weights: Mapping[UserId, Sequence[float]] | Sequence[float] | None = None,
    contexts: Mapping[UserId, Any] | None = None,
    context: object = None,
    **fields: Any,
) -> tuple[list[Asked], bool]:
    """Return what is asked of each history, and whether one history of nobody's was given.

    Args:
        recommender: what recommended.
        histories: user id to history, or one history.
        targets: the items to explain; None for the whole list.
        shown: the list that was really shown, of the one history or by user.
        k: length of the list; None: 5, or the length of the list that was shown.
        weights: the weight of each event, by user, or of the one history.
        contexts: what a wrapped model is told besides, by user.
        context: the same, of the one history.
        fields: those that all requests share, as `topple.explain` has them.

    Raises:
        QueryError: what cannot be asked of any history.
    """
    users, single = by_user(histories)
    weights_of: Mapping[UserId, Sequence[float]] | None
    weights_of = {"": weights} if single and not isinstance(weights, Mapping | None) else weights  # type: ignore[assignment]
    say_no_order(recommender, users.values())
    chosen = targets_of(targets)
    if chosen is not None and shown is not None:
        raise QueryError("targets= and shown= both say what is explained. Give one of the two.")
    told = contexts_of(recommender, contexts, context, single=single)
    length = 5 if k is None else k
    requests = requests_of(
        recommender.catalogue, users, weights_of, told, known_users=not single, k=length, **fields
    )  # fmt: skip
    if shown is not None:
        return asked_about_shown(requests, shown, k, single=single), single
    of_each = [None if chosen is None else tuple(Query.about(target, each) for target in chosen) for each in requests]
    return [Asked(request, queries) for request, queries in zip(requests, of_each, strict=True)], single


def refuse_invalid(explanations: Sequence[Explanation], *, of_shown: bool) -> None:
    """Refuse the answers to one history that cannot be explained; of a list that was shown, those of items not listed stay.

    Raises:
        QueryError: there is such an answer; the message is the reason.
    """
    invalid = next((each for each in explanations if each.status is Status.INVALID), None)
    if invalid is not None and (not of_shown or invalid.shown_is_models is None):  # no list could be made
        raise QueryError(invalid.reason)
