"""Explain: histories or queries in, verified Explanations out."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from topple import registry
from topple.api.answering import Answering, OnQueries
from topple.api.answers.asked import Asked, asked_by_history
from topple.api.answers.preparing import asked_about, refuse_invalid
from topple.api.effort import with_effort
from topple.api.limits import Limit, known_queries
from topple.errors import SettingsError, as_list, is_list, need
from topple.explainers.base import Explainer
from topple.records.answer import Explanation
from topple.records.effort import Effort
from topple.records.explanations import Explanations
from topple.records.question import CandidateRule, Goal, Query, Repeats, Unknown
from topple.reports.progress import queries_bar
from topple.scoring.budget import Budget, Meter
from topple.scoring.checks import check_queries, check_query, check_recommender
from topple.scoring.recommender import Recommender
from topple.settings import Settings
from topple.types import ItemId, UserHistories, UserId

logger = logging.getLogger(__name__)


def explain(
    recommender: Recommender,
    histories: UserHistories | Sequence[ItemId],
    *,
    targets: Sequence[ItemId] | None = None,
    shown: Mapping[UserId, Sequence[ItemId]] | Sequence[ItemId] | None = None,
    k: int | None = None,
    rule: CandidateRule | str = CandidateRule.UNSEEN_BEFORE,
    seed: int = 0,
    explainer: str | Explainer = "auto",
    settings: Settings | Mapping[str, Any] | None = None,
    budget: Budget | Mapping[str, Any] | None = None,
    effort: Effort | str | None = None,
    progress: bool = True,
    goal: Goal | str = Goal.NECESSARY,
    protected: Iterable[ItemId] = frozenset(),
    groups: Sequence[Sequence[ItemId]] = (),
    item_costs: Mapping[ItemId, float] | Sequence[tuple[ItemId, float]] = (),
    largest: int | None = None,
    sets: int = 1,
    candidates: Limit | None = None,
    exclude: Limit = frozenset(),
    repeats: Repeats | str = Repeats.ITEM,
    weights: Mapping[UserId, Sequence[float]] | Sequence[float] | None = None,
    contexts: Mapping[UserId, Any] | None = None,
    context: object = None,
    unknown: Unknown | str = Unknown.REFUSE,
) -> Explanations:
    """Explain the top-k of histories (or given targets), one verified Explanation for each.

    Args:
        recommender: what recommended.
        histories: user id to history (a mapping, or a series of pandas with a list a user), or one history as a sequence of item
            ids.
        targets: the items to explain, or one item; None for the whole top-k of each history.
        shown: the list that was really shown, or user id to list: each of the items is explained, and every answer says whether
            the list is the model's (`shown_is_models`).
        k: length of the list; None: 5, or the length of the list that was shown.
        rule: which items compete after a removal: "unseen_before", "unseen_after" or "all".
        seed: of the run.
        explainer: a name of the registry, or an explainer.
        settings: the explainer's settings, or a mapping of them.
        effort: "instant" (for a page: no proof), "balanced" (for a report) or "proof" (for a paper): settings of the default method
            and a limit in scored histories; seconds may be given with it.
        budget: what may be spent, such as {"seconds": 0.05} a query; None for no limit but the explainer's own.
        progress: whether to show a bar.
        goal: what the set is to do: "necessary", "sufficient" or "both".
        protected: items that may not be named; those that a history does not hold are ignored for it.
        groups: items that are named together or not at all.
        item_costs: what it costs to name an item, 1 unless given; at most three decimals.
        largest: most items of a set.
        sets: how many different smallest sets are wanted.
        candidates: the only items that may be listed, for all users or user id to items; None for all items.
        exclude: items that may not be listed, for all users or user id to items; a user may be missing. A frozenset is taken as it
            is: the cheapest for many items that many calls share.
        repeats: what is named where an item comes again: "item", all of its events, or single "events".
        weights: the weight of each event, by user, or of the one history.
        contexts: what a wrapped model is told besides, by user: user features, time of day, region.
        context: the same, of the one history.
        unknown: "refuse" items that the catalogue does not hold, or "drop" them from histories, candidates and constraints: the
            count is said through logging, and the reason of an answer says what was left out of the history.

    Returns:
        Explanations in the order of the users and of their lists: a list that a notebook shows as cards. A query that cannot be
        asked comes back with status `invalid` and its reason, and does not stop the others.

    Raises:
        QueryError: one history was given and it cannot be explained; targets with a shown list, or a shown list that is none; an
            unknown rule or goal, a constrained item that is not in the catalogue, or candidates for only a part of the users.
        UnknownNameError, SettingsError, CapabilityError: before any work starts.
    """
    settings, limits = with_effort(effort, explainer, settings, budget)
    meter, method = Meter(limits), fitting_explainer(recommender, explainer, settings)
    asked, single = asked_about(
        recommender, histories, targets=targets, shown=shown, k=k, weights=weights, contexts=contexts, context=context,
        rule=rule, seed=seed, repeats=repeats, goal=goal, protected=protected, groups=groups, item_costs=item_costs,
        largest=largest, sets=sets, candidates=candidates, exclude=exclude, unknown=unknown,
    )  # fmt: skip
    run = _run(recommender, asked, method, meter, progress, None)
    explanations = Explanations(explanation for answers in run for explanation in answers)
    if single:
        refuse_invalid(explanations, of_shown=shown is not None)
    return explanations


def explain_queries(
    recommender: Recommender,
    queries: Sequence[Query],
    *,
    explainer: str | Explainer = "auto",
    settings: Settings | Mapping[str, Any] | None = None,
    budget: Budget | Mapping[str, Any] | None = None,
    effort: Effort | str | None = None,
    progress: bool = True,
    on_progress: OnQueries | None = None,
    unknown: Unknown | str = Unknown.REFUSE,
    shown: Mapping[UserId, Sequence[ItemId]] | None = None,
) -> Explanations:
    """Explain queries; each answer is verified by re-ranking the full catalogue before it is returned.

    The queries of one history are answered together; the answers do not depend on what else is asked (unless the budget is in
    seconds, or in all). With `unknown="drop"`, items that the catalogue does not hold are left out of histories and constraints. `shown` is
    the list as it was shown to each user, where the queries are about that: every answer says whether the list is the model's.

    Raises:
        UnknownNameError, SettingsError, CapabilityError: before any work starts.
    """
    settings, limits = with_effort(effort, explainer, settings, budget)
    meter, method = Meter(limits), fitting_explainer(recommender, explainer, settings)
    queries = list(known_queries(check_queries(queries), recommender.catalogue, unknown))
    asked, numbers_of = asked_by_history(queries, shown)
    answers: dict[int, Explanation] = {}
    run = _run(recommender, asked, method, meter, progress, on_progress)
    for numbers, explanations in zip(numbers_of, run, strict=True):
        answers.update(zip(numbers, explanations, strict=True))
    return Explanations(answers[number] for number in range(len(queries)))


def explain_each(
    recommender: Recommender,
    queries: Iterable[Query],
    *,
    explainer: str | Explainer = "auto",
    settings: Settings | Mapping[str, Any] | None = None,
    budget: Budget | Mapping[str, Any] | None = None,
    effort: Effort | str | None = None,
    unknown: Unknown | str = Unknown.REFUSE,
) -> Iterator[Explanation]:
    """Explain queries one history after the other, and yield each answer when it is ready, in the order of the queries.

    Closing the iterator stops the work. Queries of one history that follow each other are answered together. With
    `unknown="drop"`, items that the catalogue does not hold are left out of histories and constraints.

    Raises:
        UnknownNameError, SettingsError, CapabilityError: before any work starts.
    """
    settings, limits = with_effort(effort, explainer, settings, budget)
    meter, method = Meter(limits), fitting_explainer(recommender, explainer, settings)
    need(queries, Iterable, "queries", "an iterable of Query(...)")
    each_in_turn = queries if is_list(queries) else as_list(queries, "queries", "an iterable of Query(...)")
    known = known_queries(map(check_query, each_in_turn), recommender.catalogue, unknown)
    return _one_history_at_a_time(Answering(recommender, method, meter), known)


def _one_history_at_a_time(answering: Answering, queries: Iterable[Query]) -> Iterator[Explanation]:
    """Yield the answers to queries; those that follow each other and are one request (history, k, seed) are answered together."""
    together: list[Query] = []
    for query in queries:
        first = together[0] if together else query
        if (query.history_key, query.k, query.seed) != (first.history_key, first.k, first.seed):
            yield from next(answering.answers([Asked(together[0], tuple(together))]))
            together = []
        together.append(query)
    if together:
        yield from next(answering.answers([Asked(together[0], tuple(together))]))


def _run(
    recommender: Recommender,
    asked: Sequence[Asked],
    method: Explainer,
    meter: Meter,
    progress: bool,
    on_progress: OnQueries | None,
) -> list[list[Explanation]]:
    """Return the answers to each request, with a bar where progress is shown, and log what is done."""
    total = sum(each.count for each in asked)
    logger.info("explain %d queries of %s with %s", total, recommender.name, method.name)
    with queries_bar(f"explain ({method.name})", total, on_progress) if progress else nullcontext(on_progress) as shown:
        answers = list(Answering(recommender, method, meter, shown).answers(asked, meter.started))
    if logger.isEnabledFor(logging.INFO):
        logger.info("explained: %s", dict(Counter(each.status.value for several in answers for each in several)))
    return answers


def fitting_explainer(
    recommender: Recommender, explainer: str | Explainer, settings: Settings | Mapping[str, Any] | None
) -> Explainer:
    """Return an explainer by name with its settings, or the explainer given, which can explain the recommender.

    Raises:
        UnknownNameError, SettingsError, CapabilityError.
    """
    method = chosen_explainer(explainer, settings)
    method.require(check_recommender(recommender))
    return method


def chosen_explainer(explainer: str | Explainer, settings: Settings | Mapping[str, Any] | None) -> Explainer:
    """Return an explainer by name with its settings, or the explainer given.

    Raises:
        UnknownNameError: no such name.
        SettingsError: settings that do not fit, or with an explainer that has its own.
    """
    if not isinstance(explainer, Explainer):
        return make_explainer(explainer, settings)
    if settings is not None:
        raise SettingsError(f"settings were given with a {explainer.name} that has its own. Give one of the two.")
    return explainer


def make_explainer(
    name: str, settings: Settings | Mapping[str, Any] | None = None, preset: str | None = None
) -> Explainer:
    """Make an explainer by name, with settings over those of a preset.

    Raises:
        UnknownNameError, SettingsError.
    """
    method: type[Explainer] = registry.load("explainers", name)
    chosen = settings if isinstance(settings, Settings) else method.settings_type.parse(settings, preset)
    return method(chosen)
