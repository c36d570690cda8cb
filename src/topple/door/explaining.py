"""Explain: queries in, verified Explanations out."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import torch

from topple import registry
from topple.door.recommending import HISTORIES_AT_ONCE, recommend_many
from topple.errors import QueryError, SettingsError, ToppleError, UnknownIdError
from topple.explainers.base import Explainer
from topple.explanation import CandidateRule, Explanation, Proof, Query, Status, Verdict
from topple.recommenders.base import Recommender
from topple.recommenders.encoding import EncodedQueries, candidate_rule, check, check_history, encode, plain
from topple.reports.progress import queries_bar
from topple.settings import Settings
from topple.types import ItemId, UserHistories, UserId
from topple.verification.verify import judge, ranks_before

OnQueries: TypeAlias = Callable[[float], None]
"""Called with how many more queries are done; fractions count."""

REASONS = {
    Status.NOT_FOUND: "the method found no set",
    Status.BUDGET_SPENT: "the budget was spent before a set was found",
    Status.IMPOSSIBLE: "proven: no set of these items topples it",
}


def explain(
    recommender: Recommender,
    histories: UserHistories | Sequence[ItemId],
    *,
    targets: Sequence[ItemId] | None = None,
    k: int = 5,
    rule: CandidateRule | str = CandidateRule.UNSEEN_BEFORE,
    protected: Sequence[ItemId] = (),
    seed: int = 0,
    explainer: str = "auto",
    settings: Settings | Mapping[str, Any] | None = None,
    progress: bool = True,
) -> list[Explanation]:
    """Explain the top-k of histories (or given targets), one verified Explanation for each.

    Args:
        recommender: what recommended.
        histories: user id to history, or one history as a sequence of item ids.
        targets: the items to explain; None for the whole top-k of each history.
        k: length of the list.
        rule: which items compete after a removal: "unseen_before" or "unseen_after".
        protected: items that must stay; those that a history does not hold are ignored for it.
        seed: of the run.
        explainer: a name of the registry.
        settings: the explainer's settings, or a mapping of them.
        progress: whether to show a bar.

    Returns:
        Explanations in the order of the users and of their lists. A query that cannot be asked comes back with status
        `invalid` and its reason, and does not stop the others.

    Raises:
        QueryError: one history was given and it cannot be explained; an unknown rule, or a protected item that is not in
            the catalogue.
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
        protected=protected,
        seed=seed,
        known_users=not single,
    )
    explained = explain_queries(recommender, queries, explainer=method, progress=progress)
    bad = next((e for e in explained if e.status is Status.INVALID), None)
    if single and bad is not None:
        raise QueryError(bad.reason)
    return explained


def top_k_queries(
    recommender: Recommender,
    histories: UserHistories,
    *,
    targets: Sequence[ItemId] | None = None,
    k: int = 5,
    rule: CandidateRule | str = CandidateRule.UNSEEN_BEFORE,
    protected: Sequence[ItemId] = (),
    seed: int = 0,
    known_users: bool = True,
) -> list[Query]:
    """Make the queries of users: one a recommended item, or one a given target.

    A user whose list cannot be made gets one query without a valid target, which `explain_queries` returns with the
    reason.

    Raises:
        QueryError: an unknown rule, or a protected item that is not in the catalogue.
    """
    its, stays = candidate_rule(rule), tuple(protected)
    try:
        recommender.catalogue.vocabulary.encode(stays)
    except UnknownIdError as error:
        raise QueryError(f"protected items: {error}") from error
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
    return [
        Query(
            history=tuple(map(plain, history)),
            target=plain(target),
            k=plain(k),
            rule=its,
            protected=frozenset(item for item in stays if item in history),
            seed=plain(seed),
            user=plain(user) if known_users else None,
        )
        for user, history in histories.items()
        for target in lists[user]
    ]


def explain_queries(
    recommender: Recommender,
    queries: Sequence[Query],
    *,
    explainer: str | Explainer = "auto",
    settings: Settings | Mapping[str, Any] | None = None,
    progress: bool = True,
    on_progress: OnQueries | None = None,
) -> list[Explanation]:
    """Explain queries; each answer is verified by re-ranking the full catalogue before it is returned.

    The queries of one history are answered together; the answers do not depend on what else is asked.

    Raises:
        UnknownNameError, SettingsError, CapabilityError: before any work starts.
    """
    if isinstance(explainer, Explainer) and settings is not None:
        raise SettingsError(f"settings were given with a {explainer.name} that has its own. Give one of the two.")
    method = explainer if isinstance(explainer, Explainer) else make_explainer(explainer, settings)
    method.require(recommender)
    if progress:
        with queries_bar(f"explain ({method.name})", len(queries), on_progress) as shown:
            return explain_queries(recommender, queries, explainer=method, progress=False, on_progress=shown)
    answers: dict[int, Explanation] = {}
    stamp = _Stamp(
        method.name, method.settings.model_dump(), recommender.fingerprint, recommender.catalogue.fingerprint
    )
    askable: list[int] = []
    for place, query in enumerate(queries):
        try:
            check(query, recommender.catalogue)
            askable.append(place)
        except ToppleError as error:
            answers[place] = stamp.on(Explanation(query, Status.INVALID, reason=str(error)))
            if on_progress:
                on_progress(1)
    for places in _by_history(queries, askable):
        encoded = encode([queries[place] for place in places], recommender.catalogue, device=recommender.device)
        explained = _explain_chunk(recommender, encoded, method, stamp, on_progress)
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
        proposals = method.propose(recommender, asked, on_progress)
        verdicts = judge(recommender, asked, proposals.removed)
        seconds = (time.perf_counter() - started) / len(queries)
        minimum = torch.zeros_like(listed) if proposals.minimum is None else proposals.minimum
        for row, place in enumerate(listed.tolist()):
            claim = (proposals.status[row], bool(minimum[row]), _names(asked.queries[row], proposals.removed[row]))
            answers[place] = stamp.on(_answer(verdicts[row], *claim, int(proposals.cost[row]), seconds))
    return [answers[place] for place in range(len(queries))]


def _answer(
    verdict: Verdict, status: Status, minimum: bool, removed: tuple[ItemId, ...], cost: int, seconds: float
) -> Explanation:
    reason, proof = REASONS.get(status, ""), None
    if status is Status.FOUND and not verdict.necessary:
        still = f"without the set the target is at rank {verdict.rank_after}, still in the top {verdict.query.k}"
        reason = f"refuted by re-ranking: {still}"
    elif status is Status.FOUND:
        proof = Proof.MINIMUM if minimum else Proof.MINIMAL if verdict.minimal else Proof.VALID
    elif verdict.rank_alone is not None and verdict.rank_alone <= verdict.query.k:
        reason += f"; it is recommended to nearly everyone: with an empty history it is at rank {verdict.rank_alone}"
    return Explanation(
        query=verdict.query,
        status=status,
        removed=removed,
        replacements=verdict.replacements,
        rank_before=verdict.rank_before,
        rank_after=verdict.rank_after,
        proof=proof,
        cost=cost,
        seconds=seconds,
        reason=reason,
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
