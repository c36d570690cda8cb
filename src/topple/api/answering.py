"""The way of a question: encoded once, scored unchanged once, claimed by a method, judged, answered."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeAlias

import torch
from torch import Tensor

import topple
from topple.api.reasons import known_besides, nearly_everyone, no_evidence, no_set, no_such_goal, not_listed, refuted
from topple.errors import QueryError, ToppleError
from topple.explainers.base import Explainer
from topple.records.answer import Explanation, Proof, Status, Verdict
from topple.records.claims import Claims
from topple.records.question import CandidateRule, Query, Request
from topple.scoring.budget import Budget, Meter
from topple.scoring.checks import check_request, check_target
from topple.scoring.encoding import EncodedHistories, EncodedQueries, encode, encode_histories, named_items
from topple.scoring.recommender import Recommender
from topple.scoring.unchanged import UnchangedScores
from topple.types import IntArray, ItemId
from topple.verification.judging import Bounds, Judge
from topple.verification.verify import HISTORIES_AT_ONCE, not_allowed

OnQueries: TypeAlias = Callable[[float], None]
"""Called with how many more queries are done; fractions count."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One history and what is asked about it: the whole list of the request, or the queries given."""

    request: Request
    queries: tuple[Query, ...] | None = None


class Answering:
    """Answers requests with one method.

    Args:
        recommender: what is explained.
        method: the explainer.
        meter: what may be spent.
        on_progress: called as queries are done.
    """

    def __init__(
        self, recommender: Recommender, method: Explainer, meter: Meter, on_progress: OnQueries | None = None
    ) -> None:
        self.recommender, self.method, self.meter = recommender, method, meter
        self.on_progress = on_progress or (lambda count: None)
        self.stamp: dict[str, Any] = {
            "method": method.name,
            "settings": method.settings.model_dump(),
            "model": recommender.fingerprint,
            "catalogue": recommender.catalogue.fingerprint,
            "data": str(recommender.training.get("data", "")),
            "version": topple.__version__,
        }

    def answers(self, asked: Sequence[Asked]) -> Iterator[list[Explanation]]:
        """Yield the explanations of each request, in order, as they are ready."""
        start = 0
        while start < len(asked):
            rule, stop = asked[start].request.rule, start + 1
            while stop < min(len(asked), start + HISTORIES_AT_ONCE) and asked[stop].request.rule == rule:
                stop += 1
            yield from self._chunk(asked[start:stop])
            start = stop

    def _chunk(self, asked: Sequence[Asked]) -> list[list[Explanation]]:
        """Answer requests of one rule together."""
        started = time.perf_counter()
        self.stamp["at"] = datetime.now(UTC).isoformat(timespec="seconds")
        found: list[list[Explanation]] = [[] for _ in asked]
        indices: dict[int, IntArray] = {}
        for number, each in enumerate(asked):
            try:
                indices[number] = check_request(each.request, self.recommender.catalogue)
            except ToppleError as error:
                refused = (Query.about(None, each.request),) if each.queries is None else each.queries
                found[number] = [self._invalid(query, str(error)) for query in refused]
        good = list(indices)
        if good:
            encoded = encode_histories(
                [asked[number].request for number in good],
                self.recommender.catalogue,
                device=self.recommender.device,
                indices=[indices[number] for number in good],
            )
            unchanged = UnchangedScores(self.recommender, encoded, asked[good[0]].request.rule)
            queries, at = self._queries([asked[number] for number in good], unchanged)
            flat = [query for mine in queries for query in mine]
            number_of = [number for number, mine in zip(good, queries, strict=True) for _ in mine]
            explained = self._explained(
                flat, unchanged, [row for row, mine in zip(at, queries, strict=True) for _ in mine]
            )
            seconds = (time.perf_counter() - started) / max(1, len(flat))
            for number, explanation in zip(number_of, explained, strict=True):
                found[number].append(replace(explanation, seconds=seconds))
        return found

    def _queries(self, asked: Sequence[Asked], unchanged: UnchangedScores) -> tuple[list[tuple[Query, ...]], list[int]]:
        """Return the queries of each request, and the row of each request's history."""
        rows = unchanged.encoded.rows
        whole = [each.request.k for each in asked if each.queries is None]
        best: Any = unchanged.best(max(whole))[0].cpu().numpy() if whole else None
        decode = self.recommender.catalogue.vocabulary.decode
        queries = [
            tuple(Query.about(item, each.request) for item in decode(best[row][: each.request.k]))
            if each.queries is None
            else each.queries
            for each, row in zip(asked, rows, strict=True)
        ]
        return queries, rows

    def _explained(
        self, queries: Sequence[Query], unchanged: UnchangedScores, rows: Sequence[int]
    ) -> list[Explanation]:
        """Answer queries about histories that are scored already."""
        found: dict[int, Explanation] = {}
        known: dict[int, tuple[object, object]] = {}
        for number, query in enumerate(queries):
            try:
                if known.setdefault(rows[number], (query.k, query.seed)) != (query.k, query.seed):
                    check_request(query, self.recommender.catalogue)  # of the history, the first query was checked
                check_target(query, self.recommender.catalogue)
                if query.goal not in self.method.goals:
                    raise QueryError(no_such_goal(query, self.method))
            except ToppleError as error:
                found[number] = self._invalid(query, str(error))
        fit = [number for number in range(len(queries)) if number not in found]
        if fit:
            whole = unchanged.encoded
            mine = EncodedHistories(whole.histories, whole.unit, whole.size, [rows[number] for number in fit])
            encoded = encode(
                [queries[number] for number in fit], self.recommender.catalogue, device=unchanged.histories.items.device,
                encoded=mine,
            )  # fmt: skip
            answered = self._answered(replace(encoded, unchanged=unchanged), unchanged)
            found.update(zip(fit, answered, strict=True))
        return [found[number] for number in range(len(queries))]

    def _answered(self, queries: EncodedQueries, unchanged: UnchangedScores) -> list[Explanation]:
        """Ask the method about targets that are in their lists, and judge what it claims: nothing leaves unverified."""
        before, standing = unchanged.ranks(queries.row, queries.target[:, None], queries.k[:, None])
        listed = (~standing.out[:, 0]).nonzero()[:, 0]
        found: dict[int, Explanation] = {}
        for number in standing.out[:, 0].nonzero()[:, 0].tolist():
            query, tie = queries.queries[number], bool(standing.by_fillers[number, 0])
            reason = no_evidence(query) if tie else not_listed(query, int(before[number, 0]))
            found[number] = replace(self._invalid(query, reason), rank_before=int(before[number, 0]))
        if len(listed):
            asked = queries.select(listed)
            limited = {"meter": self.meter} if self.meter.budget != Budget() else {}
            claims = self.method.propose(self.recommender, asked, self.on_progress, **limited)
            found.update(zip(listed.tolist(), self._judged(asked, unchanged, claims), strict=True))
        return [found[number] for number in range(len(queries))]

    def _judged(self, queries: EncodedQueries, unchanged: UnchangedScores, claims: Claims) -> list[Explanation]:
        names = [self._named(queries, number, claims.sets[number]) for number in range(len(queries))]
        wrong = [
            not_allowed(query, items) if items else "" for query, (items, _) in zip(queries.queries, names, strict=True)
        ]
        allowed = torch.tensor([not text for text in wrong], device=claims.sets.device)
        judge = Judge(self.recommender, queries, unchanged)
        bounds = Bounds(claims.proven_below * allowed, self.method.prover)
        verdicts = judge.verdicts(claims.sets & allowed[:, None], alone=False, bounds=bounds)
        others = self._true_others(queries, unchanged, claims)
        return [
            self._answer(verdict, names[number], wrong[number], claims, number, others.get(number, ()))
            for number, verdict in enumerate(verdicts)
        ]

    @staticmethod
    def _named(queries: EncodedQueries, number: int, named: Tensor) -> tuple[tuple[ItemId, ...], tuple[int, ...]]:
        """Return the items and the positions of a set."""
        query = queries.queries[number]
        positions = tuple(at for at in named.nonzero()[:, 0].tolist() if at < len(query.history))
        return named_items(query, positions), positions

    def _true_others(
        self, queries: EncodedQueries, unchanged: UnchangedScores, claims: Claims
    ) -> dict[int, tuple[tuple[ItemId, ...], ...]]:
        """Return those of the other sets that are allowed and true when re-ranked, by query."""
        numbers = [number for number, sets in claims.others.items() for _ in range(len(sets))]
        if not numbers:
            return {}
        sets = torch.zeros(len(numbers), queries.protected.shape[1], dtype=torch.bool, device=queries.row.device)
        for at, named in enumerate(named for several in claims.others.values() for named in several):
            sets[at, : len(named)] = named
        asked = queries.select(torch.tensor(numbers, device=queries.row.device))
        found: dict[int, tuple[tuple[ItemId, ...], ...]] = {}
        for at, verdict in enumerate(Judge(self.recommender, asked, unchanged).verdicts(sets, alone=False)):
            items, _ = self._named(asked, at, sets[at])
            if verdict.valid and not not_allowed(verdict.query, items):
                found[numbers[at]] = (*found.get(numbers[at], ()), items)
        return found

    def _answer(
        self,
        verdict: Verdict,
        named: tuple[tuple[ItemId, ...], tuple[int, ...]],
        wrong: str,
        claims: Claims,
        number: int,
        others: tuple[tuple[ItemId, ...], ...],
    ) -> Explanation:
        query, (items, positions) = verdict.query, named
        status, reason, proof = claims.status[number], "", None
        if status is Status.IMPOSSIBLE and verdict.at_least is None:
            status = Status.NOT_FOUND
        cost = query.item_cost(items)
        if wrong:
            reason = f"refused: {wrong}"
        elif status is not Status.FOUND:
            reason = no_set(status, verdict.proof_by) + nearly_everyone(self.recommender, query)
        elif not verdict.valid:
            reason = f"refuted by re-ranking: {refuted(verdict)}"
        else:
            least = verdict.at_least is not None and round(1000 * verdict.at_least) == round(1000 * cost)
            proof = Proof.MINIMUM if least else Proof.MINIMAL if verdict.minimal else Proof.VALID
            reason = known_besides(verdict, proof, spent=bool(claims.ended[number]))
        given = claims.attributions
        return Explanation(
            query=query,
            status=status,
            items=items,
            positions=positions,
            replacements=verdict.replacements,
            rank_before=verdict.rank_before,
            rank_after=verdict.rank_after,
            rank_alone=verdict.rank_alone,
            alternatives=_as_cheap(query, items, others) if proof else (),
            proof=proof,
            at_least=verdict.at_least,
            proof_by=verdict.proof_by,
            margin=verdict.margin,
            within_rounding=verdict.within_rounding,
            attributions=() if given is None else tuple(given[number, : len(query.history)].tolist()),
            cost=int(claims.cost[number]),
            reason=reason,
            verdict=verdict,
            **self.stamp,
        )

    def _invalid(self, query: Query, reason: str) -> Explanation:
        self.on_progress(1)
        return Explanation(query, Status.INVALID, reason=reason, **self.stamp)


def by_history(queries: Sequence[Query]) -> tuple[list[Asked], list[list[int]]]:
    """Return what is asked of each history, by rule, and the numbers of the queries.

    What is asked with another k or seed is a request to be checked by itself; those of one history follow each other.
    """
    members: dict[object, dict[object, list[int]]] = {}
    for number, query in enumerate(queries):
        try:
            members.setdefault(query.history_key, {}).setdefault(repr((query.k, query.seed)), []).append(number)
        except TypeError:  # something that is no id: the check of the request says so
            members[number] = {None: [number]}
    requests = [numbers for together in members.values() for numbers in together.values()]
    order = sorted(requests, key=lambda numbers: list(CandidateRule).index(queries[numbers[0]].rule)
                   if isinstance(queries[numbers[0]].rule, CandidateRule) else -1)  # fmt: skip
    return [Asked(queries[numbers[0]], tuple(queries[number] for number in numbers)) for numbers in order], order


def _as_cheap(
    query: Query, items: tuple[ItemId, ...], others: tuple[tuple[ItemId, ...], ...]
) -> tuple[tuple[ItemId, ...], ...]:
    """Return the first of the other sets that cost what the set does, each once, as many as the query asks for."""
    cost = round(1000 * query.item_cost(items))
    different = dict.fromkeys(
        other for other in others if other != items and round(1000 * query.item_cost(other)) == cost
    )
    return tuple(different)[: query.sets - 1]
