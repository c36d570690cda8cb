"""Explain: queries in, verified Explanations out."""

import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import torch

from topple import registry
from topple.api.asking import top_k_queries
from topple.api.recommending import HISTORIES_AT_ONCE
from topple.errors import QueryError, SettingsError, ToppleError
from topple.explainers.base import Explainer
from topple.records.answer import Explanation, Proof, Status, Verdict
from topple.records.claims import Claims
from topple.records.question import CandidateRule, Goal, Query
from topple.reports.progress import queries_bar
from topple.scoring.budget import Budget, Meter
from topple.scoring.encoding import EncodedQueries, check, encode
from topple.scoring.recommender import Recommender
from topple.settings import Settings
from topple.types import ItemId, UserHistories
from topple.verification.verify import judge, not_allowed, ranks_before

logger = logging.getLogger(__name__)

OnQueries: TypeAlias = Callable[[float], None]
"""Called with how many more queries are done; fractions count."""

REASONS = {
    Status.NOT_FOUND: "the method found no set",
    Status.BUDGET_SPENT: "the budget was spent before a set was found",
    Status.IMPOSSIBLE: "proven: no set that the query allows does it",
}


def explain(
    recommender: Recommender,
    histories: UserHistories | Sequence[ItemId],
    *,
    targets: Sequence[ItemId] | None = None,
    k: int = 5,
    rule: CandidateRule | str = CandidateRule.UNSEEN_BEFORE,
    seed: int = 0,
    explainer: str = "auto",
    settings: Settings | Mapping[str, Any] | None = None,
    budget: Budget | Mapping[str, Any] | None = None,
    progress: bool = True,
    **constraints: Any,
) -> list[Explanation]:
    """Explain the top-k of histories (or given targets), one verified Explanation for each.

    Args:
        recommender: what recommended.
        histories: user id to history, or one history as a sequence of item ids.
        targets: the items to explain; None for the whole top-k of each history.
        k: length of the list.
        rule: which items compete after a removal: "unseen_before" or "unseen_after".
        seed: of the run.
        explainer: a name of the registry.
        settings: the explainer's settings, or a mapping of them.
        budget: what may be spent, such as {"seconds": 0.05} a query; None for no limit but the explainer's own.
        progress: whether to show a bar.
        constraints: further fields of `Query`: goal, protected, groups, item_costs, largest, sets. Items that a history does
            not hold are ignored for it.

    Returns:
        Explanations in the order of the users and of their lists. A query that cannot be asked comes back with status
        `invalid` and its reason, and does not stop the others.

    Raises:
        QueryError: one history was given and it cannot be explained; an unknown rule, goal or constraint, or a constrained
            item that is not in the catalogue.
        UnknownNameError, SettingsError, CapabilityError: before any work starts.
    """
    single = not isinstance(histories, Mapping)
    users: UserHistories = histories if isinstance(histories, Mapping) else {"": list(histories)}
    method = make_explainer(explainer, settings)
    method.require(recommender)
    queries = top_k_queries(
        recommender,
        users,
        targets=targets,
        k=k,
        rule=rule,
        seed=seed,
        known_users=not single,
        **constraints,
    )
    explained = explain_queries(recommender, queries, explainer=method, budget=budget, progress=progress)
    bad = next((e for e in explained if e.status is Status.INVALID), None)
    if single and bad is not None:
        raise QueryError(bad.reason)
    return explained


def explain_queries(
    recommender: Recommender,
    queries: Sequence[Query],
    *,
    explainer: str | Explainer = "auto",
    settings: Settings | Mapping[str, Any] | None = None,
    budget: Budget | Mapping[str, Any] | None = None,
    progress: bool = True,
    on_progress: OnQueries | None = None,
) -> list[Explanation]:
    """Explain queries; each answer is verified by re-ranking the full catalogue before it is returned.

    The queries of one history are answered together; the answers do not depend on what else is asked (unless the budget is in
    seconds, or in all).

    Raises:
        UnknownNameError, SettingsError, CapabilityError: before any work starts.
    """
    if isinstance(explainer, Explainer) and settings is not None:
        raise SettingsError(f"settings were given with a {explainer.name} that has its own. Give one of the two.")
    method = explainer if isinstance(explainer, Explainer) else make_explainer(explainer, settings)
    method.require(recommender)
    meter = Meter(budget if isinstance(budget, Budget) else Budget.parse(budget))
    logger.info("explain %d queries of %s with %s", len(queries), recommender.name, method.name)
    bar = queries_bar(f"explain ({method.name})", len(queries), on_progress) if progress else nullcontext(on_progress)
    with bar as shown:
        explained = _explain(recommender, queries, method, meter, shown)
    logger.info("explained: %s", dict(Counter(explanation.status.value for explanation in explained)))
    return explained


def _explain(
    recommender: Recommender,
    queries: Sequence[Query],
    method: Explainer,
    meter: Meter,
    on_progress: OnQueries | None,
) -> list[Explanation]:
    answers: dict[int, Explanation] = {}
    stamp = _Stamp(
        method.name, method.settings.model_dump(), recommender.fingerprint, recommender.catalogue.fingerprint
    )
    askable: list[int] = []
    for place, query in enumerate(queries):
        try:
            check(query, recommender.catalogue)
            if query.goal not in method.goals:
                raise QueryError(_no_such_goal(query, method))
            askable.append(place)
        except ToppleError as error:
            answers[place] = stamp.on(Explanation(query, Status.INVALID, reason=str(error)))
            if on_progress:
                on_progress(1)
    for places in _by_history(queries, askable):
        encoded = encode([queries[place] for place in places], recommender.catalogue, device=recommender.device)
        explained = _explain_chunk(recommender, encoded, method, stamp, meter, on_progress)
        answers.update(zip(places, explained, strict=True))
    return [answers[place] for place in range(len(queries))]


def make_explainer(
    name: str, settings: Settings | Mapping[str, Any] | None = None, preset: str | None = None
) -> Explainer:
    """Make an explainer by name, with settings laid over a preset.

    Raises:
        UnknownNameError, SettingsError.
    """
    method: type[Explainer] = registry.load("explainers", name)
    chosen = settings if isinstance(settings, Settings) else method.settings_type.parse(settings, preset)
    return method(chosen)


@dataclass(frozen=True)
class _Stamp:
    """What every explanation of a run carries."""

    method: str
    settings: dict[str, Any]
    model: str
    catalogue: str

    def on(self, explanation: Explanation) -> Explanation:
        return replace(
            explanation,
            method=self.method,
            settings=self.settings,
            model=self.model,
            catalogue=self.catalogue,
        )


def _explain_chunk(
    recommender: Recommender,
    queries: EncodedQueries,
    method: Explainer,
    stamp: _Stamp,
    meter: Meter,
    on_progress: OnQueries | None,
) -> list[Explanation]:
    """Ask, then re-rank: nothing leaves unverified."""
    started = time.perf_counter()
    before = ranks_before(recommender, queries)
    listed = (before <= queries.k).nonzero()[:, 0]
    answers = {
        place: stamp.on(_not_listed(queries.queries[place], int(before[place])))
        for place in (before > queries.k).nonzero()[:, 0].tolist()
    }
    if on_progress and answers:
        on_progress(len(answers))
    if len(listed):
        asked = queries.select(listed)
        limited = meter.budget != Budget()
        proposed = method.propose(recommender, asked, on_progress, **({"meter": meter} if limited else {}))
        named = torch.zeros_like(proposed.sets)
        minimum = proposed.found & (asked.cost(proposed.sets) <= proposed.proven_below)
        claims = [
            _claim(query, proposed, row, status, small)
            for row, (query, status, small) in enumerate(
                zip(asked.queries, proposed.status, minimum.tolist(), strict=True)
            )
        ]
        for row, claim in enumerate(claims):
            named[row] = proposed.sets[row] & (not claim.wrong)
        verdicts = judge(recommender, asked, named)
        others = _true_others(recommender, asked, proposed.others)
        seconds = (time.perf_counter() - started) / len(queries)
        for row, place in enumerate(listed.tolist()):
            answers[place] = stamp.on(_answer(verdicts[row], claims[row], others.get(row, ()), seconds))
    return [answers[place] for place in range(len(queries))]


@dataclass(frozen=True)
class _Claim:
    """What an explainer claims for one query, in outside ids.

    `wrong`: what the query's constraints have against it; `spent`: whether the budget ended the search.
    """

    status: Status
    minimum: bool
    removed: tuple[ItemId, ...]
    cost: int
    wrong: str
    spent: bool


def _claim(query: Query, claims: Claims, row: int, status: Status, minimum: bool) -> _Claim:
    removed = _names(query, claims.sets[row])
    wrong = not_allowed(query, removed) if removed else ""
    return _Claim(status, minimum, removed, int(claims.cost[row]), wrong, bool(claims.ended[row]))


def _true_others(
    recommender: Recommender, queries: EncodedQueries, others: Mapping[int, torch.Tensor]
) -> dict[int, tuple[tuple[ItemId, ...], ...]]:
    """Return those of the other sets that are allowed and true when re-ranked, by query."""
    rows = [row for row, sets in others.items() for _ in range(len(sets))]
    if not rows:
        return {}
    places = queries.protected.shape[1]
    laid = torch.zeros(len(rows), places, dtype=torch.bool, device=queries.row.device)
    for at, named in enumerate(named for sets in others.values() for named in sets):
        laid[at, : len(named)] = named
    asked = queries.select(torch.tensor(rows, device=queries.row.device))
    out: dict[int, tuple[tuple[ItemId, ...], ...]] = {}
    for row, verdict, named in zip(rows, judge(recommender, asked, laid), laid, strict=True):
        items = _names(verdict.query, named)
        if verdict.valid and not not_allowed(verdict.query, items):
            out[row] = (*out.get(row, ()), items)
    return out


def _answer(verdict: Verdict, claim: _Claim, others: tuple[tuple[ItemId, ...], ...], seconds: float) -> Explanation:
    reason, proof = REASONS.get(claim.status, ""), None
    if claim.wrong:
        reason = f"refused: {claim.wrong}"
    elif claim.status is Status.FOUND and not verdict.valid:
        reason = f"refuted by re-ranking: {_refuted(verdict)}"
    elif claim.status is Status.FOUND:
        proof = Proof.MINIMUM if claim.minimum else Proof.MINIMAL if verdict.minimal else Proof.VALID
        reason = "the budget was spent: a smaller set may exist" if claim.spent and proof is not Proof.MINIMUM else ""
    elif verdict.rank_alone is not None and verdict.rank_alone <= verdict.query.k:
        reason += f"; it is recommended to nearly everyone: with an empty history it is at rank {verdict.rank_alone}"
    return Explanation(
        query=verdict.query,
        status=claim.status,
        items=claim.removed,
        replacements=verdict.replacements,
        rank_before=verdict.rank_before,
        rank_after=verdict.rank_after,
        rank_alone=verdict.rank_alone,
        alternatives=_alike(verdict.query, claim.removed, others) if proof else (),
        proof=proof,
        cost=claim.cost,
        seconds=seconds,
        reason=reason,
    )


def _alike(
    query: Query, removed: tuple[ItemId, ...], others: tuple[tuple[ItemId, ...], ...]
) -> tuple[tuple[ItemId, ...], ...]:
    """Return the first of the other sets that cost what the set does, each once, as many as the query asks for."""
    cost = query.item_cost(removed)
    different = dict.fromkeys(some for some in others if some != removed and math.isclose(query.item_cost(some), cost))
    return tuple(different)[: query.sets - 1]


def _refuted(verdict: Verdict) -> str:
    k = verdict.query.k
    if verdict.query.goal is not Goal.SUFFICIENT and not verdict.necessary:
        return f"without the set the target is at rank {verdict.rank_after}, still in the top {k}"
    return f"with nothing but the set the target is at rank {verdict.rank_alone}, not in the top {k}"


def _no_such_goal(query: Query, method: Explainer) -> str:
    fits = [name for name in registry.names("explainers") if query.goal in registry.load("explainers", name).goals]
    return (
        f"goal={query.goal.value!r}: {method.name} looks for {', '.join(sorted(method.goals))} sets only. Choose of "
        f"{', '.join(fits)}."
    )


def _not_listed(query: Query, rank: int) -> Explanation:
    reason = (
        f"target_item={query.target!r} is at rank {rank}, not in the top {query.k}: there is nothing to topple. Choose one "
        "from recommend(history), or a larger k."
    )
    return Explanation(query, Status.INVALID, rank_before=rank, reason=reason)


def _names(query: Query, removed: torch.Tensor) -> tuple[ItemId, ...]:
    return tuple(item for item, gone in zip(query.history, removed.tolist(), strict=False) if gone)


def _by_history(queries: Sequence[Query], places: Sequence[int]) -> Iterator[list[int]]:
    """Yield the places of queries, those of one history together, a bounded number of histories at a time."""
    groups: dict[tuple[ItemId, ...], list[int]] = {}
    for place in places:
        groups.setdefault(tuple(queries[place].history), []).append(place)
    members = list(groups.values())
    for start in range(0, len(members), HISTORIES_AT_ONCE):
        yield [place for group in members[start : start + HISTORIES_AT_ONCE] for place in group]
