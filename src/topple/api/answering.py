"""Answers to requests: histories are encoded and scored unchanged once, a method claims sets, the judge checks them.

Asked -> check_request -> EncodedHistories -> UnchangedScores -> queries -> Claims -> Verdicts -> Explanations
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any, NamedTuple, TypeAlias
from weakref import ref

import torch

import topple
from topple.api.answers.asked import Asked
from topple.api.answers.beside import beside_shown
from topple.api.answers.building import ItemSet, Judgement, named_sets, with_what_was_left_out
from topple.api.answers.deadline import Deadline
from topple.api.reasons import NOT_BEGUN, no_evidence, no_such_goal, not_listed
from topple.api.recommending import say_unused_weights
from topple.errors import QueryError, ToppleError
from topple.explainers.base import Explainer
from topple.records.answer import Explanation, Status
from topple.records.claims import Claims
from topple.records.question import Query
from topple.records.telling.beside import Beside, put_beside
from topple.scoring.budget import Meter
from topple.scoring.checks import check_context, check_request, check_target
from topple.scoring.devices import computing
from topple.scoring.encoding import EncodedHistories, EncodedQueries, encode, encode_histories
from topple.scoring.lists.standings import Stood
from topple.scoring.memory import histories_at_once
from topple.scoring.pace import Pace, TimeIsUpError, paced
from topple.scoring.recommender import Recommender
from topple.scoring.unchanged import UnchangedScores
from topple.types import IntArray
from topple.verification.judging import ClaimedBounds, Judge
from topple.verification.verify import against_constraints

OnQueries: TypeAlias = Callable[[float], None]
"""Called with how many more queries are done; fractions count."""


class Refusal(NamedTuple):
    """Why a query cannot be asked, and the rank of the target where it is known."""

    reason: str
    rank_before: int | None = None


class Answering:
    """Answers requests with one method.

    Args:
        recommender: what is explained.
        method: the explainer.
        meter: counts what is spent of the budget.
        on_progress: called with how many more queries are done.
    """

    def __init__(
        self, recommender: Recommender, method: Explainer, meter: Meter, on_progress: OnQueries | None = None
    ) -> None:
        self.recommender, self.method, self.meter = recommender, method, meter
        self.on_progress = on_progress or (lambda count: None)
        self._begun = False
        self._pace: Callable[[], Pace | None] = lambda: None  # of the queries in progress
        self.stamp: dict[str, Any] = {
            "method": method.name,
            "settings": method.settings.model_dump(),
            "model": recommender.fingerprint,
            "catalogue": recommender.catalogue.fingerprint,
            "data": str(recommender.training.get("data", "")),
            "version": topple.__version__,
        }

    def answers(self, asked: Sequence[Asked], since: float | None = None) -> Iterator[list[Explanation]]:
        """Yield the explanations of each request, in order, as they are ready.

        Args:
            asked: what is asked.
            since: when the call that asks was begun, by `time.perf_counter`; None: now.
        """
        say_unused_weights(self.recommender, (each.request for each in asked))
        start, most = 0, histories_at_once(len(self.recommender.catalogue))
        began = time.perf_counter() if since is None else since
        deadline = Deadline(self.meter, sum(each.count for each in asked), began)
        while start < len(asked):
            if deadline.over and self._begun:  # the first history is scored in any case
                for each in asked[start:]:
                    yield self._told(each, self._not_begun(each))
                return
            rule, stop = asked[start].request.rule, start + 1
            at_once = deadline.histories(most, asked[start].count)
            while stop < min(len(asked), start + at_once) and asked[stop].request.rule == rule:
                stop += 1
            self._begun = True
            deadline.begin(sum(each.count for each in asked[start:stop]))
            with computing(gradients=self.method.may_learn(self.recommender)):
                answers = self._answers_or_refusals(asked[start:stop], deadline)
            for each, several in zip(asked[start:stop], answers, strict=True):
                yield self._told(each, list(map(with_what_was_left_out, several)))
            start = stop

    def _told(self, asked: Asked, explanations: list[Explanation]) -> list[Explanation]:
        """Put beside the answers to a request who can be asked about them: the catalogue, the model, and the list where it is known."""
        targets = tuple(each.query.target for each in explanations if each.query.target is not None)
        listed = targets if targets and asked.queries is None and len(targets) == asked.request.k else ()
        found = Beside(self.recommender.catalogue, ref(self.recommender), listed)
        for each in explanations:
            put_beside(each, found)
        return explanations

    def _not_begun(self, asked: Asked) -> list[Explanation]:
        """Return the answers about a history that the time does not last for: it is not scored, so no list is known."""
        self.stamp["at"] = datetime.now(UTC).isoformat(timespec="seconds")
        queries = asked.queries or (Query.about(None, asked.request),)
        self.on_progress(asked.count)
        return [
            Explanation(query, Status.BUDGET_SPENT, reason=NOT_BEGUN, shown=asked.shown, **self.stamp)
            for query in queries
        ]

    def _answers_or_refusals(self, asked: Sequence[Asked], deadline: Deadline) -> list[list[Explanation]]:
        """Return what `_answers_of_one_rule` does; a history that the model refuses as it scores does not stop the others."""
        try:
            return self._answers_of_one_rule(asked, deadline)
        except QueryError as error:
            if len(asked) == 1:
                refused = asked[0].queries or (Query.about(None, asked[0].request),)
                return [[self._invalid(query, str(error)) for query in refused]]
        return [self._answers_or_refusals([each], deadline)[0] for each in asked]

    def _answers_of_one_rule(self, asked: Sequence[Asked], deadline: Deadline) -> list[list[Explanation]]:
        """Return the explanations of each request; the requests have one rule, and their histories are scored together."""
        started = time.perf_counter()
        self.stamp["at"] = datetime.now(UTC).isoformat(timespec="seconds")
        answers: list[list[Explanation]] = [[] for _ in asked]
        indices: dict[int, IntArray] = {}  # of the requests that can be asked, by number
        for number, each in enumerate(asked):
            try:
                check_context(each.request, self.recommender)
                indices[number] = check_request(each.request, self.recommender.catalogue)
            except ToppleError as error:
                refused = (Query.about(None, each.request),) if each.queries is None else each.queries
                answers[number] = [self._invalid(query, str(error)) for query in refused]
        if not indices:
            return answers
        good = [asked[number] for number in indices]
        encoded = encode_histories(
            [each.request for each in good],
            self.recommender.catalogue,
            device=self.recommender.device,
            indices=list(indices.values()),
        )
        before = time.perf_counter()
        unchanged = UnchangedScores(self.recommender, encoded, good[0].request.rule)
        self._pace = deadline.pace
        deadline.listed(len(encoded.histories), time.perf_counter() - before, sum(each.count for each in good))
        queries = self._queries_of_each(good, unchanged)
        rows = [row for row, several in zip(encoded.history_of, queries, strict=True) for _ in several]
        refusals = list(chain.from_iterable(map(self._refusals, good, queries)))
        explained = iter(self._explained(list(chain.from_iterable(queries)), refusals, unchanged, rows, started))
        for number, row, several in zip(indices, encoded.history_of, queries, strict=True):
            answers[number] = list(islice(explained, len(several)))
            if asked[number].shown:
                answers[number] = beside_shown(answers[number], asked[number].shown, unchanged, row)
        return answers

    def _queries_of_each(self, asked: Sequence[Asked], unchanged: UnchangedScores) -> list[tuple[Query, ...]]:
        """Return the queries of each request: those given, or one for each item of the list."""
        lengths = [each.request.k for each in asked if each.queries is None]
        best: Any = unchanged.best(max(lengths))[0].cpu().numpy() if lengths else None  # [B, K]
        decode = self.recommender.catalogue.vocabulary.decode
        return [
            tuple(Query.about(item, each.request) for item in decode(best[row][: each.request.k]))
            if each.queries is None
            else each.queries
            for each, row in zip(asked, unchanged.encoded.history_of, strict=True)
        ]

    def _explained(
        self,
        queries: Sequence[Query],
        refusals: Sequence[str],
        unchanged: UnchangedScores,
        rows: Sequence[int],
        started: float,
    ) -> list[Explanation]:
        """Answer queries about histories that are scored already; a query that cannot be asked is answered as invalid.

        Args:
            queries: N queries.
            refusals: why each cannot be asked; nothing where it can.
            unchanged: the scores of their histories.
            rows: which of these histories each query is about.
            started: when their answering began, by `time.perf_counter`: each has an equal share of the time.
        """
        refused = {number: Refusal(reason) for number, reason in enumerate(refusals) if reason}
        good = [number for number in range(len(queries)) if number not in refused]
        listed: list[int] = []
        if good:
            whole = unchanged.encoded
            encoded = encode(
                [queries[number] for number in good], self.recommender.catalogue, device=unchanged.histories.items.device,
                encoded=EncodedHistories(whole.histories, whole.unit, whole.size, [rows[number] for number in good]),
            )  # fmt: skip
            stood = unchanged.stand(encoded.row, encoded.target[:, None], encoded.k[:, None])  # [N, 1]
            absent = self._not_listed(encoded, stood)
            refused |= {good[turn]: refusal for turn, refusal in absent.items()}
            listed = [number for number in good if number not in refused]
        if listed:
            turns = [turn for turn in range(len(good)) if turn not in absent]
            if absent:
                chosen = torch.tensor(turns, device=encoded.row.device)
                encoded, stood = encoded.select(chosen), stood.rows(chosen)
            judged = self._judged(replace(encoded, unchanged=unchanged), unchanged, stood)
        seconds = (time.perf_counter() - started) / max(1, len(queries))
        answers = {n: self._invalid(queries[n], *refusal, seconds=seconds) for n, refusal in refused.items()}
        if listed:
            explanations = judged.explanations(self.recommender, seconds=seconds, **self.stamp)
            answers.update(zip(listed, explanations, strict=True))
        return [answers[number] for number in range(len(queries))]

    def _refusals(self, asked: Asked, queries: Sequence[Query]) -> list[str]:
        """Return why each query about a good history cannot be asked; of those of the whole list one tells for all."""
        if asked.queries is None and queries:
            return [self._refusal(queries[0])] * len(queries)
        return list(map(self._refusal, queries))

    def _refusal(self, query: Query) -> str:
        """Return why a query about a good history cannot be asked of the method; nothing where it can."""
        try:
            check_target(query, self.recommender.catalogue)
            if query.goal not in self.method.goals:
                raise QueryError(no_such_goal(query, self.method))
        except ToppleError as error:
            return str(error)
        return ""

    @staticmethod
    def _not_listed(queries: EncodedQueries, stood: Stood) -> dict[int, Refusal]:
        """Return by number which queries are about targets that are not in their lists, or listed without evidence."""
        refused = {}
        for number in stood.standing.out[:, 0].nonzero()[:, 0].tolist():
            query, rank_before = queries.queries[number], int(stood.rank[number, 0])
            tie = bool(stood.standing.by_fillers[number, 0])
            refused[number] = Refusal(no_evidence(query) if tie else not_listed(query, rank_before), rank_before)
        return refused

    def _judged(self, queries: EncodedQueries, unchanged: UnchangedScores, stood: Stood) -> Judgement:
        """Ask the method about targets that are in their lists, and judge what it claims: nothing leaves unverified."""
        limited = {"meter": self.meter} if self.meter.limited else {}
        with paced(self._pace()):
            try:
                claims = self.method.propose(self.recommender, queries, self.on_progress, **limited)
            except TimeIsUpError:  # of a method that keeps no time by itself
                claims = Claims.not_begun(torch.zeros_like(queries.protected))
        if self.method.outside:
            unchanged.changed.clear()  # the judge believes no row that such a method could have put there
        named = named_sets(queries.queries, claims.sets)
        refusals = [against_constraints(query, items) for query, (items, _) in zip(queries.queries, named, strict=True)]
        allowed = torch.tensor([not refusal for refusal in refusals], device=claims.sets.device)  # [N]
        bounds = ClaimedBounds(claims.proven_below * allowed, self.method.prover)
        with paced(self._pace()):
            judge = Judge(self.recommender, queries, unchanged, before=stood)
            verdicts = judge.verdicts(claims.sets & allowed[:, None], alone=False, bounds=bounds)
            others = self._true_others(queries, unchanged, claims)
        return Judgement(claims, named, refusals, verdicts, others)

    def _true_others(
        self, queries: EncodedQueries, unchanged: UnchangedScores, claims: Claims
    ) -> dict[int, tuple[ItemSet, ...]]:
        """Return by query the other claimed sets that are allowed and true when re-ranked."""
        numbers = [number for number, sets in claims.others.items() for _ in range(len(sets))]  # the query of each set
        if not numbers:
            return {}
        sets = torch.zeros(len(numbers), queries.protected.shape[1], dtype=torch.bool, device=queries.row.device)
        for turn, positions in enumerate(positions for several in claims.others.values() for positions in several):
            sets[turn, : len(positions)] = positions
        asked = queries.select(torch.tensor(numbers, device=queries.row.device))
        try:
            verdicts = Judge(self.recommender, asked, unchanged).verdicts(sets, alone=False)
        except TimeIsUpError:  # no other set is named that was not verified
            return {}
        true: dict[int, tuple[ItemSet, ...]] = {}
        named = named_sets(asked.queries, sets)
        for number, verdict, (items, _) in zip(numbers, verdicts, named, strict=True):
            if verdict.valid and not against_constraints(verdict.query, items):
                true[number] = (*true.get(number, ()), items)
        return true

    def _invalid(self, query: Query, reason: str, rank_before: int | None = None, seconds: float = 0.0) -> Explanation:
        """Return the answer to a query that cannot be asked, and report it as done."""
        self.on_progress(1)
        return Explanation(query, Status.INVALID, rank_before=rank_before, reason=reason, seconds=seconds, **self.stamp)
