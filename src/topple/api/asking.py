"""Ask: which queries a run is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from topple.api.recommending import recommend_many
from topple.data.vocabulary import Catalogue
from topple.errors import QueryError, UnknownIdError
from topple.records.question import CandidateRule, Query
from topple.scoring.encoding import candidate_rule, check_history, check_shapes, goal_of
from topple.scoring.recommender import Recommender
from topple.types import ItemId, UserHistories, UserId

CONSTRAINTS = ("goal", "protected", "groups", "item_costs", "largest", "sets")
"""Fields of a query that a run may set for all of its queries, besides its rule, k and seed."""


def top_k_queries(
    recommender: Recommender,
    histories: UserHistories,
    *,
    targets: Sequence[ItemId] | None = None,
    k: int = 5,
    rule: CandidateRule | str = CandidateRule.UNSEEN_BEFORE,
    seed: int = 0,
    known_users: bool = True,
    **constraints: Any,
) -> list[Query]:
    """Make the queries of users: one a recommended item, or one a given target.

    A user whose list cannot be made gets one query without a valid target, which `explain_queries` returns with the
    reason.

    Args:
        recommender: what recommends.
        histories: user id to history.
        targets: the items to explain; None for the whole top-k of each history.
        k: length of the list.
        rule: which items compete after a removal.
        seed: of the run.
        known_users: whether the user ids are anybody's.
        constraints: further fields of `Query`; items that a history does not hold are ignored for it.

    Raises:
        QueryError: an unknown rule, goal or constraint, or a constrained item that is not in the catalogue.
    """
    common = _common(recommender.catalogue, candidate_rule(rule), constraints)
    lists: dict[UserId, Sequence[ItemId]] = {}
    good: list[UserId] = []
    for user, history in histories.items():
        lists[user] = targets if targets is not None else [""]
        if targets is None:
            try:
                check_history(history, k, recommender.catalogue)
            except QueryError:
                continue
            good.append(user)
    for user, listed in zip(good, recommend_many(recommender, [histories[user] for user in good], k), strict=True):
        lists[user] = [place.item for place in listed]
    out: list[Query] = []
    for user, history in histories.items():
        who = user if known_users else None
        whole = replace(
            common,
            history=history,  # type: ignore[arg-type] # Query makes a tuple of it
            k=k,
            seed=seed,
            user=who,
            **_own(common, history),
        )
        out += [replace(whole, target=target) for target in lists[user]]
    return out


def _common(catalogue: Catalogue, rule: CandidateRule, constraints: Mapping[str, Any]) -> Query:
    """Return what the queries of a run have in common, with the constraints on items of any history."""
    stray = sorted(set(constraints) - set(CONSTRAINTS))
    if stray:
        raise QueryError(f"{stray[0]!r} is not a constraint. Choose of {', '.join(CONSTRAINTS)}.")
    common = Query((), "", rule=rule, **constraints)
    goal_of(common.goal)
    check_shapes(common)
    named = {
        "protected": common.protected,
        "groups": [item for group in common.groups for item in group],
        "item_costs": [item for item, _ in common.item_costs],
    }
    for what, items in named.items():
        try:
            catalogue.vocabulary.encode(list(items))
        except UnknownIdError as error:
            raise QueryError(f"{what}: {error}") from error
    return common


def _own(query: Query, history: Any) -> dict[str, Any]:
    """Return the constraints that speak of items, cut to those of a history."""
    if not (query.protected or query.groups or query.item_costs):
        return {}
    try:
        has = set(history)
    except TypeError:  # not a sequence of ids: the check of the query says so
        return {}
    groups = ([item for item in group if item in has] for group in query.groups)
    return {
        "protected": query.protected & has,
        "groups": tuple(tuple(group) for group in groups if len(group) > 1),
        "item_costs": tuple((item, cost) for item, cost in query.item_costs if item in has),
    }
