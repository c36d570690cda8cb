"""Verify: queries and named sets in outside ids in, Verdicts out."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from topple.data.vocabulary import Catalogue
from topple.errors import CapabilityError, QueryError, as_list, need, shown
from topple.records.answer import Verdict
from topple.records.question import CandidateRule, Query, Repeats
from topple.scoring.checks import candidate_rule, check, check_context, check_queries
from topple.scoring.devices import computing
from topple.scoring.encoding import encode, sets_at
from topple.scoring.memory import histories_at_once
from topple.scoring.recommender import Recommender
from topple.types import ItemId, plain_ids
from topple.verification.judging import Judge
from topple.verification.retraining import Retraining, refuse, retrained
from topple.verification.single_query import ByUser, verdicts_before_retraining


def verify(
    recommender: Recommender | ByUser,
    queries: Sequence[Query],
    removed: Sequence[Sequence[ItemId]],
    *,
    rule: CandidateRule | str | None = None,
    retraining: Retraining | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> list[Verdict]:
    """Judge sets of any origin by re-ranking the full catalogue in float64.

    By default a history without the set is scored by the model as it is. With `retraining`, a sample of the sets is judged by
    fitting the model anew without these interactions of the query's user, which takes a fit for each; the other sets are
    judged by inference, and `Verdict.removal` tells which. Of a retrained verdict `necessary`, `rank_after` and
    `replacements` are of the new model, `rank_before` is of the model given, `sufficient` and `rank_alone` are as by
    inference, and `minimal` is None. Sets that are only to be sufficient are always judged by inference.

    Args:
        recommender: the recommender that made the recommendations; with `retraining` also a function from a user id to a score
            for each item of the split's catalogue. Of such a model nothing is known of a history of the set alone: its
            verdicts have no `rank_alone`, and `sufficient` is False.
        queries: N queries.
        removed: one set of history items a query; an empty one means that none was found.
        rule: judge all under this rule; None for the rule of each query.
        retraining: what to fit the model on anew, and how many sets to judge so; None for inference only.
        on_progress: called with 1 after each fit.

    Raises:
        QueryError: a query that cannot be asked, a set that its query does not allow (items outside the history, protected
            ones, part of a group, too many), not as many sets as queries, an unknown rule, or with `retraining` a user whose
            history is not what was trained on.
        CapabilityError: a recommender that cannot be fitted, with no `fit` given, or a model by user id without retraining.
    """
    need(retraining, Retraining | None, "retraining", "Retraining(split), or None")
    one_rule = None if rule is None else candidate_rule(rule)
    queries, removed = check_queries(queries), _sets(removed)
    if len(queries) != len(removed):
        raise QueryError(
            f"{len(removed)} sets for {len(queries)} queries: give one set a query, empty where none was found."
        )
    catalogue = _catalogue(recommender, retraining)
    check_sets(queries, removed, catalogue, recommender)
    if retraining is not None:
        refuse(recommender, queries, removed, retraining)
    if isinstance(recommender, Recommender):
        sets = [named_positions(query, named) for query, named in zip(queries, removed, strict=True)]
        verdicts = judged(recommender, queries, sets, one_rule)
    else:
        verdicts = verdicts_before_retraining(recommender, queries, removed, one_rule, catalogue)
    return verdicts if retraining is None else retrained(recommender, verdicts, removed, retraining, on_progress)


def _sets(removed: Any) -> list[tuple[ItemId, ...]]:
    """Return sets of items as tuples.

    Raises:
        ArgumentError: something that is no set of items.
    """
    give = "a list of sets of item ids, one a query, empty for none"
    several = [as_list(items, "a set of removed", give) for items in as_list(removed, "removed", give)]
    return list(map(plain_ids, several))


def check_sets(
    queries: Sequence[Query],
    named: Sequence[Sequence[ItemId]],
    catalogue: Catalogue,
    recommender: Recommender | ByUser,
) -> None:
    """Refuse queries that cannot be asked, and sets of items that they do not allow.

    Raises:
        QueryError: there is one.
    """
    for query, items in zip(queries, named, strict=True):
        check(query, catalogue)
        if isinstance(recommender, Recommender):
            check_context(query, recommender)
        wrong = not_allowed(query, items)
        if wrong:
            raise QueryError(f"{wrong} Name unprotected items of the history only, as the query allows.")


@computing()
def judged(
    recommender: Recommender,
    queries: Sequence[Query],
    sets: Sequence[Sequence[int]],
    rule: CandidateRule | None = None,
) -> list[Verdict]:
    """Judge sets, as positions, of queries that were checked, all under `rule`, or each under the rule of the query."""
    verdicts: dict[int, Verdict] = {}
    for numbers in by_history(queries, histories_at_once(len(recommender.catalogue))):
        encoded = encode([queries[number] for number in numbers], recommender.catalogue, device=recommender.device)
        tried = sets_at([sets[number] for number in numbers], encoded.protected)
        verdicts.update(zip(numbers, Judge(recommender, encoded, rule=rule).verdicts(tried), strict=True))
    return [verdicts[number] for number in range(len(queries))]


def by_history(queries: Sequence[Query], at_once: int) -> Iterator[list[int]]:
    """Yield the numbers of queries of one rule and of at most `at_once` histories, those of one history together."""
    histories: dict[object, list[int]] = {}
    rules: dict[CandidateRule, list[object]] = {}
    for number, query in enumerate(queries):
        key = query.history_key
        if key not in histories:
            rules.setdefault(query.rule, []).append(key)
        histories.setdefault(key, []).append(number)
    for keys in rules.values():
        for start in range(0, len(keys), at_once):
            yield [number for key in keys[start : start + at_once] for number in histories[key]]


def _catalogue(recommender: Recommender | ByUser, retraining: Retraining | None) -> Catalogue:
    """Return the catalogue that is ranked: the model's, or the split's for a model that scores by user id."""
    if isinstance(recommender, Recommender):
        return recommender.catalogue
    if retraining is None or not callable(recommender):
        raise CapabilityError(
            f"{type(recommender).__name__} is no recommender, and cannot be judged by inference. Wrap it with topple.wrap; a "
            "function that scores by user id can be judged with retraining=Retraining(split, fit=...)."
        )
    return retraining.split.catalogue


def named_positions(query: Query, items: Sequence[ItemId]) -> tuple[int, ...]:
    """Return the positions of named items in a history.

    Where single events are named, an item that is named n times stands for its first n events.
    """
    if query.repeats is not Repeats.EVENTS:
        named = set(items)
        return tuple([position for position, item in enumerate(query.history) if item in named])
    still_to_find, found = Counter(items), []
    for position, item in enumerate(query.history):
        if still_to_find[item] > 0:
            found.append(position)
            still_to_find[item] -= 1
    return tuple(found)


def not_allowed(query: Query, named: Sequence[ItemId]) -> str:
    """Say why a query does not allow a set, or nothing where it does."""
    stray = set(named).difference(query.history)
    if stray:
        return f"named item {shown(sorted(stray, key=repr)[0])} is not in the history."
    return against_constraints(query, named)


def against_constraints(query: Query, named: Sequence[ItemId]) -> str:
    """Say which constraint of a query a set of items of its history breaks, or nothing where it keeps all."""
    if not (query.protected or query.groups or query.largest is not None):
        return ""
    items = set(named)
    if items & query.protected:
        return f"named item {shown(sorted(items & query.protected, key=repr)[0])} is protected."
    split_group = next((group for group in query.groups if 0 < len(items.intersection(group)) < len(group)), None)
    if split_group is not None:
        return f"of the group {shown(split_group)} only a part is named."
    size = len(named) if query.repeats is Repeats.EVENTS else len(items)
    if query.largest is not None and size > query.largest:
        return f"{size} items are named, more than largest={query.largest}."
    return ""
