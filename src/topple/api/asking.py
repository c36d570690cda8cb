"""Ask: the requests and queries that a run is made of."""

from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import fields
from typing import Any

from topple.api.answers.order import say_no_order
from topple.api.limits import Asked, LeftOut, Limit
from topple.api.recommending import recommended
from topple.data.vocabulary import Catalogue
from topple.errors import QueryError, UnknownIdError, is_list, shown
from topple.records.constraints import check_costs, check_shapes
from topple.records.history import History
from topple.records.question import CandidateRule, Constraints, Goal, Query, Repeats, Request, Unknown
from topple.scoring.checks import (
    allowed_items,
    candidate_rule,
    check_context,
    check_recommender,
    goal_of,
)
from topple.scoring.recommender import Recommender
from topple.types import ItemId, UserHistories, UserId, plain, plain_ids


def top_k_queries(
    recommender: Recommender,
    histories: UserHistories,
    *,
    targets: Sequence[ItemId] | None = None,
    k: int = 5,
    rule: CandidateRule | str = CandidateRule.UNSEEN_BEFORE,
    seed: int = 0,
    goal: Goal | str = Goal.NECESSARY,
    protected: Iterable[ItemId] = frozenset(),
    groups: Sequence[Sequence[ItemId]] = (),
    item_costs: Mapping[ItemId, float] | Sequence[tuple[ItemId, float]] = (),
    largest: int | None = None,
    sets: int = 1,
    candidates: Limit | None = None,
    exclude: Limit = frozenset(),
    repeats: Repeats | str = Repeats.ITEM,
    weights: Mapping[UserId, Sequence[float]] | None = None,
    contexts: Mapping[UserId, Any] | None = None,
    unknown: Unknown | str = Unknown.REFUSE,
) -> list[Query]:
    """Make the queries of users: one a recommended item, or one a given target.

    Args:
        recommender: what recommends.
        histories: user id to history.
        targets: the items to explain; None for the whole top-k of each history.
        k: length of the list.
        rule: which items compete after a removal.
        seed: of the run.
        goal: what a set is to do.
        protected: items that may not be named; those that a history does not hold are left out for it.
        groups: items that are named together or not at all.
        item_costs: what it costs to name an item, 1 unless given.
        largest: most items of a set.
        sets: how many different smallest sets are wanted.
        candidates: the only items that may be listed, for all users or user id to items; None for all items.
        exclude: items that may not be listed, for all users or user id to items; a user may be missing. A frozenset is taken as it
            is: the cheapest for many items that many calls share.
        repeats: what is named where an item comes again.
        weights: the weight of each event, by user.
        contexts: what a wrapped model is told besides, by user.
        unknown: "refuse" items that the catalogue does not hold, or "drop" them: they are left out and counted through logging.

    Raises:
        QueryError: an unknown rule or goal, a constrained item that is not in the catalogue, candidates for only a part of the
            users, or a history that has no list.
    """
    users = by_user(histories)[0]
    say_no_order(check_recommender(recommender), users.values())
    told = contexts_of(recommender, contexts)
    requests = requests_of(
        recommender.catalogue, users, weights, told, k=k, rule=rule, seed=seed, repeats=repeats,
        goal=goal, protected=protected, groups=groups, item_costs=item_costs,
        largest=largest, sets=sets, candidates=candidates, exclude=exclude, unknown=unknown,
    )  # fmt: skip
    chosen = targets_of(targets)
    if chosen is not None:
        return [Query.about(target, request) for request in requests for target in chosen]
    lists = recommended(recommender, requests)
    return [Query.about(one.item, request) for request, best in zip(requests, lists, strict=True) for one in best]


def by_user(histories: Any) -> tuple[dict[UserId, tuple[ItemId, ...]], bool]:
    """Return histories by user, and whether one history of nobody's was given.

    Args:
        histories: a mapping of user ids to histories, a series of pandas whose values are histories, or one history.

    Raises:
        QueryError: a frame, a text, or what is no sequence of ids.
    """
    kind = type(histories).__name__
    if hasattr(histories, "columns") or isinstance(histories, str | bytes):
        raise QueryError(
            f"histories of type {kind} are not read. Give one history as a list of item ids, or several by user id: a mapping, or "
            "of a frame: frame.groupby('user')['item'].agg(list)."
        )
    if not isinstance(histories, Mapping) and not (hasattr(histories, "to_dict") and _holds_sequences(histories)):
        try:
            one = plain_ids(histories)
        except TypeError as error:
            raise QueryError(
                f"histories={shown(histories)} is not a sequence of item ids. Give a list of them."
            ) from error
        if _holds_sequences(one):
            raise QueryError(
                f"histories of type {kind} hold sequences, and not item ids: they are several histories. Give them by user id: a "
                "mapping of each user id to a list of item ids."
            )
        return {"": histories if isinstance(histories, History) else one}, True
    return {plain(user): _history(events) for user, events in histories.items()}, False


def _history(events: Any) -> Any:
    """Return the events of a user as a tuple, which can be read again; what is no sequence as it is, for a check to refuse."""
    if isinstance(events, History) or not is_list(events):
        return events
    return plain_ids(events)


def _holds_sequences(values: Iterable[Any]) -> bool:
    first = next(iter(values), None)
    return isinstance(first, Sized) and not isinstance(first, str | bytes)


def targets_of(targets: Any) -> tuple[ItemId, ...] | None:
    """Return the targets that are given: of one id too; None for none.

    Raises:
        QueryError: what is no sequence of ids.
    """
    one = plain(targets)
    if one is None or isinstance(one, str | int):
        return None if one is None else (one,)
    try:
        return plain_ids(one)
    except TypeError as error:
        raise QueryError(
            f"targets={shown(targets)} is not a sequence of item ids. Give a list of them, or one id."
        ) from error


def contexts_of(
    recommender: Recommender, contexts: Mapping[UserId, Any] | None, context: object = None, *, single: bool = False
) -> Mapping[UserId, Any]:
    """Return what a model is told besides, by user; what it is told of the one history of nobody's is that of user "".

    Args:
        recommender: the model.
        contexts: by user.
        context: of the one history.
        single: whether one history was given.

    Raises:
        QueryError: no mapping, contexts by user for one history, one context for the histories of users, contexts for a model that
            is told none, or none for one that is.
    """
    if contexts is not None and not isinstance(contexts, Mapping):
        raise QueryError(f"context of type {type(contexts).__name__} is of no user. Give a mapping by user id.")
    if single and contexts is not None:
        raise QueryError(
            "contexts= are those of users, and one history was given. Give what belongs to it as context=."
        )
    if context is not None and not single:
        raise QueryError(
            "context= is that of one history, and histories of users were given. Give contexts={user: context}."
        )
    told: Mapping[UserId, Any] = contexts or {} if context is None else {"": context}
    user, first = next(((user, each) for user, each in told.items() if each is not None), (None, None))
    if (first is None) == recommender.takes_contexts:
        check_context(Request.of(history=(), user=user, context=first), recommender)
    return told


def requests_of(
    catalogue: Catalogue,
    histories: UserHistories,
    weights: Mapping[UserId, Sequence[float]] | None,
    contexts: Mapping[UserId, Any],
    *,
    known_users: bool = True,
    unknown: Unknown | str | LeftOut = Unknown.REFUSE,
    **asked: Any,
) -> list[Request]:
    """Make one request a user.

    Args:
        catalogue: the items.
        histories: user id to history.
        weights: the weight of each event, by user; a user may be missing.
        contexts: what a wrapped model is told besides, by user; a user may be missing.
        known_users: whether the user ids are those of users; False where a history has no user.
        unknown: whether unknown ids are refused or left out, which is said through logging; or what counts those that are left out.
        asked: the fields that all requests share: the rule, others of a Request, and those of Constraints, of which candidates and
            excluded items may be by user. Items of constraints that a history does not hold are left out for it.

    Raises:
        QueryError: an unknown rule or goal, a constrained item that is not in the catalogue, or candidates for only a part of
            the users.
    """
    prepared = Asked.of(catalogue, unknown, asked, histories, known_users=known_users)
    names = [each.name for each in fields(Constraints)]
    constraints = Constraints.of(**{name: value for name, value in prepared.of_all.items() if name in names})
    check_run(catalogue, constraints)
    shared = {name: getattr(constraints, name) for name in names} | {"rule": candidate_rule(asked["rule"])}
    if not isinstance(weights, Mapping | None):
        raise QueryError(f"weights of type {type(weights).__name__} is of no user. Give a mapping by user id.")
    told_of: dict[str, Mapping[UserId, Any]] = {"weights": weights or {}, "context": contexts}
    requests = []
    for user, history in histories.items():
        told = {name: values[user] for name, values in told_of.items() if user in values}
        about = {"history": history, "user": user if known_users else None}
        about |= shared | _constraints_within(history, constraints) | told
        requests.append(prepared.request(user, **about))
    prepared.tell()
    return requests


def check_run(catalogue: Catalogue, constraints: Constraints) -> None:
    """Refuse constraints that no query of the catalogue can have.

    Raises:
        QueryError: an unknown goal, or an item that is not in the catalogue.
    """
    goal_of(constraints.goal)
    check_shapes(constraints)
    allowed_items(catalogue.vocabulary, constraints.candidates, constraints.exclude)
    named: dict[str, Iterable[ItemId]] = {
        "protected": constraints.protected,
        "groups": [item for group in constraints.groups for item in group],
        "item_costs": [item for item, _ in constraints.item_costs],
    }
    for constraint, items in named.items():
        try:
            catalogue.vocabulary.encode(items)
        except UnknownIdError as error:
            raise QueryError(f"{constraint}: {error}") from error
    check_costs(constraints)  # of items that no history holds too


def _constraints_within(history: Any, constraints: Constraints) -> dict[str, Any]:
    """Return the constraints that are about items, less the items that are not in a history."""
    if not (constraints.protected or constraints.groups or constraints.item_costs):
        return {}
    try:
        items = set(history)
    except TypeError:  # not a sequence of ids: the check of the request says so
        return {}
    groups = ([item for item in group if item in items] for group in constraints.groups)
    return {
        "protected": constraints.protected & items,
        "groups": tuple(tuple(group) for group in groups if len(group) > 1),
        "item_costs": tuple((item, cost) for item, cost in constraints.item_costs if item in items),
    }
