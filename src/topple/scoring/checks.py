"""The questions that cannot be asked are refused here, once, each with its reason."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import CapabilityError, QueryError, UnknownIdError, shown
from topple.records.constraints import check_costs, check_shapes
from topple.records.question import CandidateRule, Goal, Query, Repeats, Request, UntoldContext
from topple.types import BoolArray, IntArray, ItemId


def check(query: Query, catalogue: Catalogue) -> None:
    """Refuse a query that cannot be asked of this catalogue.

    Raises:
        QueryError: what `check_request` or `check_target` refuses.
    """
    check_request(query, catalogue)
    check_target(query, catalogue)


def check_recommender(model: Any) -> Any:
    """Refuse what is no recommender, and return what is one.

    Raises:
        CapabilityError: it is none.
    """
    if not hasattr(model, "catalogue") or not hasattr(model, "fingerprint"):
        raise CapabilityError(
            f"{type(model).__name__} is no recommender. Give what topple.fit, topple.load_model or topple.wrap returns."
        )
    return model


def check_queries(queries: Any) -> list[Query]:
    """Return queries as a list.

    Raises:
        QueryError: it holds something else.
    """
    try:
        return [check_query(query) for query in queries]
    except TypeError as error:
        raise QueryError(
            f"queries={shown(queries)} is not a sequence of queries. Give a list of Query(...)."
        ) from error


def check_query(query: Any) -> Query:
    """Return a query.

    Raises:
        QueryError: it is none.
    """
    if not isinstance(query, Query):
        raise QueryError(
            f"{shown(query)} is no query. Make one with Query(history, target), or many with top_k_queries."
        )
    return query


def check_request(request: Request, catalogue: Catalogue) -> IntArray:
    """Refuse a history that nothing can be recommended for, and return the indices of the items.

    Raises:
        QueryError: an empty history, items outside the catalogue, weights or times that do not fit, an unknown rule, a k that
            is not a whole number or that the candidates cannot fill with one to spare.
    """
    history, k = request.history, request.k
    if not isinstance(history, tuple):
        raise QueryError(f"history={shown(history)} is not a sequence of item ids. Give a tuple or a list of them.")
    if not len(history):
        raise QueryError(
            f"the catalogue holds none of the {len(request.left_out)} items of the history, such as {shown(request.left_out[0])}: left "
            "out, they leave nothing to explain. Check whether the ids are those of the model, or ask a model that knows them."
            if request.left_out
            else "the history is empty: there is nothing to remove. Give at least one item."
        )
    candidate_rule(request.rule)
    check_shapes(request)
    _check_numbers("weights", request.weights, len(history), above=0.0)
    _check_numbers("times", request.times, len(history), above=-math.inf)
    if not isinstance(request.repeats, Repeats):
        raise QueryError(f"repeats={shown(request.repeats)} is not one of {', '.join(Repeats)}. Choose one of these.")
    if not isinstance(request.user, str | int | None):
        raise QueryError(f"user={shown(request.user)} is no user id. Give a text, a whole number, or None.")
    if not isinstance(request.seed, int) or not -(2**63) <= request.seed < 2**63:
        raise QueryError(f"seed={shown(request.seed)} is not an integer of 64 bits. Give another seed.")
    if not isinstance(k, int | np.integer) or isinstance(k, bool):
        raise QueryError(f"k={shown(k)} is not a whole number. Give the length of the list, such as 5.")
    return _indices(request, catalogue)


def check_asked(request: Request, recommender: Any) -> IntArray:
    """Refuse what `check_request` or `check_context` refuses, with the name of the user, and return the indices of the items."""
    check_context(request, recommender)
    try:
        return check_request(request, recommender.catalogue)
    except QueryError as error:
        raise error if request.user is None else QueryError(f"user {request.user!r}: {error}") from error


def check_context(request: Request, recommender: Any) -> None:
    """Refuse a context that the recommender is not told, and a query without the context that it needs.

    Raises:
        QueryError: it is so.
    """
    name, context = recommender.name, request.context
    if context is None and not recommender.takes_contexts:
        return
    who = f"user {shown(request.user)}" if isinstance(request.user, str | int) and request.user != "" else "the history"
    if context is not None and not recommender.takes_contexts:
        what = f"{name} is told no contexts, and {who} has one: {shown(context)}."
        raise QueryError(f"{what} Leave it out, or wrap the model with contexts=True.")
    if recommender.takes_contexts and (context is None or isinstance(context, UntoldContext)):
        lost = "" if context is None else " that could be stored"
        give = "Give contexts={user: context} (--contexts FILE); with one history context= (--context JSON)."
        raise QueryError(f"{name} is told a context with each history, and {who} has none{lost}. {give}")


def _indices(request: Request, catalogue: Catalogue) -> IntArray:
    """Return the indices of the items; refuse unknown ones, and a k that the candidates cannot fill with one to spare."""
    allowed = allowed_items(catalogue.vocabulary, request.candidates, request.exclude)
    try:
        indices = catalogue.vocabulary.encode(request.history)
    except UnknownIdError as error:
        raise QueryError(f"the history holds items outside the catalogue: {error} Leave them out.") from error
    possible = len(catalogue) if allowed is None else int(allowed.sum())
    if 1 <= request.k < possible - len(indices):  # whichever of these items are candidates
        return indices
    seen = list({*indices.tolist()}) if request.rule is not CandidateRule.ALL else []
    in_history = len(seen) if allowed is None else int(allowed[seen].sum())
    number = possible - in_history
    if not 1 <= request.k < number:
        of_which = (
            f" less a history of {in_history:,}"
            if allowed is None
            else f", of which {possible:,} may be listed, {in_history:,} of these in the history"
        )
        raise QueryError(
            f"k={request.k} with {number:,} candidates (catalogue {len(catalogue):,}{of_which}): k must be at least 1 and below the "
            "candidates, or nothing could take the target's place. Choose another k"
            f"{'.' if allowed is None else ', or let more items be listed (candidates, exclude).'}"
        )
    return indices


@lru_cache(maxsize=16)
def allowed_items(
    vocabulary: Vocabulary, candidates: frozenset[ItemId] | None, exclude: frozenset[ItemId]
) -> BoolArray | None:
    """Return which items may be listed, bool [I]; None where all may. The requests of a run share one answer.

    Raises:
        QueryError: items that are no ids of the catalogue.
    """
    if candidates is None and not exclude:
        return None
    allowed = np.full(len(vocabulary), candidates is None)
    for name, items in (("candidates", candidates), ("exclude", exclude)):
        if items is None:
            continue
        try:
            allowed[vocabulary.encode(list(items))] = name == "candidates"
        except UnknownIdError as error:
            raise QueryError(f"{name}: {error}") from error
    return allowed


def _check_numbers(name: str, numbers: Sequence[Any], events: int, above: float) -> None:
    """Refuse weights or times that are not one number an event."""
    if not isinstance(numbers, tuple):
        raise QueryError(f"{name}={shown(numbers)} is not a sequence of numbers. Give one number an event.")
    if numbers and len(numbers) != events:
        raise QueryError(f"{len(numbers)} {name} for a history of {events} events. Give one an event, or none.")
    for event, number in enumerate(numbers):
        good = isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number)
        if not good or number <= above:
            least = f" above {above:g}" if math.isfinite(above) else ""
            raise QueryError(
                f"{name}[{event}]={shown(number)} is not a finite number{least}. Give another, or leave it out."
            )


def check_target(query: Query, catalogue: Catalogue) -> None:
    """Refuse a target that is not asked about, and constraints that do not fit the history.

    Raises:
        QueryError: an unknown target, one in the history or outside the candidates, an unknown goal, or constraints on items
            outside the history.
    """
    goal_of(query.goal)
    if not isinstance(query.target, str | int | None):
        raise QueryError(
            f"target_item={shown(query.target)} is no item id. Give the id of an item, a text or a whole number."
        )
    if query.rule is not CandidateRule.ALL and query.target in query.history:
        raise QueryError(
            f"target_item={shown(query.target)} is in the history ({len(query.history)} items); only unseen items can be "
            "recommended. Choose one from recommend(history), or the rule 'all'."
        )
    try:
        catalogue.vocabulary.index(query.target)
    except UnknownIdError as error:
        raise QueryError(f"target_item={query.target!r}: {error}") from error
    limited = query.candidates is not None and query.target not in query.candidates
    if limited or query.target in query.exclude:
        raise QueryError(
            f"target_item={shown(query.target)} is not among the candidates of the query, so it is in no list. Choose one from "
            "recommend(history) with the same candidates."
        )
    _check_constraints(query)


def _check_constraints(query: Query) -> None:
    """Refuse constraints that do not fit the history."""
    check_shapes(query)
    if query.protected or query.groups or query.item_costs:
        _check_named(query)
    check_costs(query)
    for name, count in (("largest", 1 if query.largest is None else query.largest), ("sets", query.sets)):
        if type(count) is not int or not 1 <= count < 2**63:
            raise QueryError(f"{name}={shown(count)} is not a whole number of 64 bits of at least 1. Give another.")


def _check_named(query: Query) -> None:
    """Refuse constraints on items that are not in the history, and groups that do not fit each other or the query."""
    grouped = [item for group in query.groups for item in group]
    named = {"protected": query.protected, "grouped": grouped, "priced": [item for item, _ in query.item_costs]}
    for what, items in named.items():
        stray = sorted(set(items) - set(query.history), key=repr)
        if stray:
            raise QueryError(
                f"{what} item {shown(stray[0])} is not in the history. Constraints are about items of the history only."
            )
    if len(set(grouped)) < len(grouped):
        twice = next(item for item in grouped if grouped.count(item) > 1)
        raise QueryError(
            f"item {shown(twice)} is in two groups, or twice in one. Put each item into one group at most."
        )
    if grouped and query.repeats is Repeats.EVENTS:
        raise QueryError(
            "groups with repeats='events': a group names items, and here events are named. Choose one of the two."
        )


def candidate_rule(rule: CandidateRule | str) -> CandidateRule:
    """Return the candidate rule of that name.

    Raises:
        QueryError: there is none.
    """
    try:
        return CandidateRule(rule)
    except (ValueError, RecursionError) as error:
        raise QueryError(
            f"rule={shown(rule)} is not one of {', '.join(CandidateRule)}. Choose one of these."
        ) from error


def goal_of(goal: Goal | str) -> Goal:
    """Return the goal of that name.

    Raises:
        QueryError: there is none.
    """
    try:
        return Goal(goal)
    except (ValueError, RecursionError) as error:
        raise QueryError(f"goal={shown(goal)} is not one of {', '.join(Goal)}. Choose one of these.") from error
