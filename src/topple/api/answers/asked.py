"""What is asked of each history, so that it is scored once for all of the queries about it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from topple.api.recommending import Recommended, recommended
from topple.errors import QueryError
from topple.records.question import CandidateRule, Query, Request
from topple.scoring.checks import check_asked
from topple.scoring.recommender import Recommender
from topple.types import ItemId, UserId


@dataclass(frozen=True, slots=True)
class Asked:
    """One history and what is asked about it.

    Args:
        request: the history, and the list that is asked for.
        queries: the queries about it; None for one about each item of the list.
        shown: the list as it was shown, where the queries are about that; empty: it is not told.
    """

    request: Request
    queries: tuple[Query, ...] | None = None
    shown: tuple[ItemId, ...] = ()

    @property
    def count(self) -> int:
        """How many queries are asked: those that are given, or one for each item of the list."""
        k = self.request.k
        return len(self.queries) if self.queries is not None else k if isinstance(k, int) and k > 0 else 1


def asked_by_history(
    queries: Sequence[Query], shown: Mapping[UserId, Sequence[ItemId]] | None = None
) -> tuple[list[Asked], list[list[int]]]:
    """Return what is asked of each history, histories of one rule together, and the numbers of the queries of each.

    What is asked with another k or seed is a request to be checked by itself; those of one history follow each other.

    Args:
        queries: what is asked.
        shown: the list as it was shown to each user, where the queries are about that: users are then apart; a user may be missing.
    """
    lists = shown or {}
    numbers_of: dict[object, dict[object, list[int]]] = {}  # by history, then by k, seed, and who was shown a list
    for number, query in enumerate(queries):
        try:
            key = repr((query.k, query.seed, query.user if query.user in lists else None))
            numbers_of.setdefault(query.history_key, {}).setdefault(key, []).append(number)
        except (TypeError, RecursionError):  # something that is no id: the check of the request says so
            numbers_of[number] = {None: [number]}
    requests = [numbers for of_history in numbers_of.values() for numbers in of_history.values()]
    rules = list(CandidateRule)

    def order_of_rule(numbers: list[int]) -> int:
        rule = queries[numbers[0]].rule
        return rules.index(rule) if isinstance(rule, CandidateRule) else -1

    def asked_of(numbers: list[int]) -> Asked:
        first = queries[numbers[0]]
        listed = tuple(lists.get(first.user, ())) if isinstance(first.user, str | int) else ()
        return Asked(first, tuple(queries[number] for number in numbers), listed)

    requests = sorted(requests, key=order_of_rule)
    return list(map(asked_of, requests)), requests


def queries_about(
    recommender: Recommender, requests: Sequence[Request], targets: Sequence[ItemId] | None
) -> list[Query]:
    """Return the queries of requests, of which one that cannot be asked does not stop the others.

    Such a request is one query without a target, and answered as invalid, with the reason.

    Args:
        recommender: what recommends.
        requests: one a user, all of one rule.
        targets: the items to explain; None for the whole list of each.
    """
    if targets is not None:
        return [Query.about(target, request) for request in requests for target in targets]
    good = []
    for number, request in enumerate(requests):
        with suppress(QueryError):
            check_asked(request, recommender)
            good.append(number)
    lists: dict[int, list[Recommended]] = {}
    try:
        lists.update(zip(good, recommended(recommender, [requests[number] for number in good]), strict=True))
    except QueryError:  # the model refuses one as it scores
        for number in good:
            with suppress(QueryError):
                lists[number] = recommended(recommender, [requests[number]])[0]
    return [
        query
        for number, request in enumerate(requests)
        for query in (
            [Query.about(one.item, request) for one in lists[number]]
            if number in lists
            else [Query.about(None, request)]
        )
    ]
