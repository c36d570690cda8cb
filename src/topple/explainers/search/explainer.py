"""The base of the methods that search over sets: the queries of a history are answered together."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor

from topple.explainers.base import Explainer, OnProgress
from topple.explainers.search.engine import Engine
from topple.explainers.search.more_sets import more_sets
from topple.explainers.search.targets import TargetTable
from topple.records.claims import Claims
from topple.records.question import CandidateRule
from topple.scoring.budget import Meter
from topple.scoring.encoding import EncodedQueries
from topple.scoring.pace import TimeIsUpError, paced
from topple.scoring.recommender import Recommender
from topple.scoring.unchanged import UnchangedScores, unchanged_scores


class SetSearch(Explainer):
    """A method that searches over sets of units by an engine, for a bounded number of histories at a time.

    A subclass writes `search`. What its sets have in excess of what a query allows is dropped here, other sets of the same
    cost are looked for where a query asks for them, and everything that was scored is counted by the engine.
    """

    histories_at_once: ClassVar[int] = 64

    @abstractmethod
    def search(self, engine: Engine) -> Claims:
        """Search for the B x T targets of an engine; claims as `engine.claims` makes them."""

    def at_once(self, recommender: Recommender, queries: EncodedQueries) -> int:
        """Return how many histories are searched at a time."""
        return self.histories_at_once

    def propose(
        self,
        recommender: Recommender,
        queries: EncodedQueries,
        on_progress: OnProgress | None = None,
        meter: Meter | None = None,
    ) -> Claims:
        """Search for all queries, those of one rule, one goal and one history together."""
        self.require(recommender)
        answers, histories_at_once = (
            Claims.not_begun(torch.zeros_like(queries.protected)),
            self.at_once(recommender, queries),
        )
        if self.attributes:
            unknown = torch.full_like(queries.histories.weights[queries.row], torch.nan)  # [N, H]
            answers = replace(answers, attributions=unknown, attribution_errors=unknown.clone())
        for which, engine in engines(recommender, queries, histories_at_once, meter, on_progress):
            _take(answers, which, engine, self._searched(engine))
            engine.report(1.0)
        if answers.attribution_errors is not None and bool(answers.attribution_errors.isnan().all()):
            return replace(answers, attribution_errors=None)
        return answers

    def _searched(self, engine: Engine) -> Claims:
        """Search; where the time is over before the search ends, claim the best sets that it has come upon, and nothing else."""
        with paced(engine.account.pace()):
            try:
                claims = self.search(engine)
            except TimeIsUpError:
                nothing = torch.zeros_like(engine.table.removable)
                claims = engine.claims(nothing, ended=torch.ones_like(engine.table.asked))
        return replace(claims, sets=engine.noted.cheaper(claims.sets))


def engines(
    recommender: Recommender,
    queries: EncodedQueries,
    histories_at_once: int,
    meter: Meter | None = None,
    on_progress: OnProgress | None = None,
) -> Iterator[tuple[Tensor, Engine]]:
    """Yield which queries [Q] an engine holds, and the engine: one rule, one goal, a bounded number of histories each.

    Those that are left when the budget in all is spent are not yielded.
    """
    meter = meter or Meter()
    scored: dict[CandidateRule, UnchangedScores] = {}
    for (rule, goal), asked in queries.by_rule_and_goal().items():
        if rule not in scored:
            scored[rule] = unchanged_scores(recommender, queries, rule)
        for together in queries.histories.chunks(histories_at_once):
            which = asked[torch.isin(queries.row[asked], together)]
            if len(which) and not meter.late:
                table = TargetTable.of(queries, which)
                yield which, Engine.over(recommender, table, rule, goal, meter, on_progress, scored[rule])


def _take(answers: Claims, which: Tensor, engine: Engine, found: Claims) -> None:
    """Write what was found for the targets of an engine, the queries `which` [Q] of the N, into the answers."""
    table = engine.table
    sets = found.sets & table.allowed(found.sets)[..., None]  # [B, T, H]
    others = more_sets(engine, sets)
    answers.sets[which, : sets.shape[-1]] = table.positions(table.row, sets[table.cells])
    answers.proven_below[which] = torch.minimum(found.proven_below, engine.catalogue.undecided)[table.cells]
    answers.ended[which] = (found.ended | engine.spent)[table.cells]
    answers.cost[which] = engine.cost[table.cells]
    for numbers, given in (
        (found.attributions, answers.attributions),
        (found.attribution_errors, answers.attribution_errors),
    ):
        if numbers is not None and given is not None:
            given[which, : numbers.shape[-1]] = numbers[table.cells]
    assert isinstance(answers.others, dict)  # noqa: S101 - of `_not_begun`
    answers.others.update({int(which[query]): these for query, these in others.items()})
