"""Smallest sets with proof, for recommenders that are additive in the history."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from topple.explainers.base import Explainer, OnProgress, Proposals
from topple.explainers.counting_bound import DEEP, AdditiveScores, Rivals, counting_bound, find_rivals
from topple.explainers.engine import SCORES, Engine, engines
from topple.explainers.greedy import Greedy, GreedySettings
from topple.explainers.grid import Grid
from topple.explainers.removal_program import Ended, Gaps
from topple.explainers.smallest_removal import Settle, SmallestRemoval
from topple.explanation import Status
from topple.recommenders.base import Capability, Recommender
from topple.recommenders.encoding import EncodedQueries
from topple.recommenders.what_if import HistoryBatch, unchanged
from topple.types import BoolArray


class ExactSettings(GreedySettings):
    """Settings of the exact search: those of the greedy search it starts from, and two limits of the program."""

    nodes: int = Field(default=100_000, ge=1)
    """Branches that the solver tries for one program before it gives up the proof."""
    refuted: int = Field(default=100, ge=0)
    """Sets of one size that re-ranking may refute before the proof is given up."""


@dataclass(eq=False)
class _Answers:
    """What is known of the N queries so far; filled in place."""

    removed: Tensor
    cost: Tensor
    minimum: Tensor
    status: list[Status]


class Exact(Explainer):
    """Find a smallest set and prove it; where there is no set, prove that.

    Greedy search gives a set, the counting bound a size below which there is none. Where the two differ, mixed-integer
    programs decide, over the competitors that could outrank the target alone with one removal less, and of these over the
    coalitions that no bound rules out. What a program finds is settled by the full catalogue. `minimum` and `impossible`
    are claimed only where they are proven.
    Source: the library's own; the solver is HiGHS (Huangfu and Hall, 2018), from scipy.
    Needs: additive.  Cost: that of greedy, the history twice more, and one for each solution of the program.  Random: no.
    """

    name = "exact"
    needs: ClassVar = frozenset({Capability.ADDITIVE})
    settings_type: ClassVar = ExactSettings
    settings: ExactSettings

    def propose(
        self, recommender: Recommender, queries: EncodedQueries, on_progress: OnProgress | None = None
    ) -> Proposals:
        """Search for all queries, those of a history together."""
        start = Greedy(GreedySettings(width=self.settings.width, largest=self.settings.largest))
        greedy = start.propose(recommender, queries)
        answers = _Answers(
            greedy.removed.clone(),
            greedy.cost.clone(),
            torch.zeros_like(greedy.cost, dtype=torch.bool),
            [Status.FOUND if some else Status.NOT_FOUND for some in greedy.removed.any(1).tolist()],
        )
        places = max(1, queries.histories.items.shape[1])
        at_once = max(1, SCORES // (places * len(recommender.catalogue)))
        for mine, engine in engines(recommender, queries, at_once):
            scores = _scores(recommender, engine)
            for some in _alike(engine, mine, answers):
                self._prove(engine, scores, some, mine, answers)
            answers.cost[mine] += engine.cost[engine.grid.row, engine.grid.slot] + 1
            if on_progress:
                on_progress(len(mine))
        return Proposals(answers.removed, tuple(answers.status), answers.cost, answers.minimum)

    def _prove(self, engine: Engine, scores: AdditiveScores, some: Tensor, mine: Tensor, answers: _Answers) -> None:
        """Settle some of the engine's queries by counting, and leave the rest to programs."""
        grid = replace(engine.grid, row=engine.grid.row[some], slot=engine.grid.slot[some])
        size = answers.removed[mine[some]].sum(1)
        most = torch.where(size > 0, size - 1, grid.removable[grid.row, grid.slot].sum(1))
        rivals = find_rivals(scores, grid, engine.rule, most)
        bound = counting_bound(rivals, grid.k[grid.row, grid.slot], most)
        for place, proven in enumerate((bound > most).tolist()):
            query = int(mine[some[place]])
            if proven:
                _claim(answers, query)
                continue
            search = SmallestRemoval(
                _gaps(scores, grid, rivals, place),
                _settler(engine, grid.row[place], grid.slot[place]),
                self.settings.nodes,
                self.settings.refuted,
            )
            sizes = max(1, int(bound[place])), int(most[place])
            _record(answers, query, *search.search(*sizes, by_size=bool(size[place])))


def _record(answers: _Answers, query: int, ended: Ended, found: BoolArray) -> None:
    """Record how a search among all smaller sets ended."""
    if ended is Ended.FOUND:
        answers.removed[query] = False
        answers.removed[query, : len(found)] = torch.from_numpy(found).to(answers.removed.device)
        answers.status[query] = Status.FOUND
    if ended is not Ended.STOPPED:
        _claim(answers, query)
    elif answers.status[query] is Status.NOT_FOUND:
        answers.status[query] = Status.BUDGET_SPENT


def _gaps(scores: AdditiveScores, grid: Grid, rivals: Rivals, place: int) -> Gaps:
    """Return the competitors of one query, summed over its own history alone, so that no other query changes a number."""
    pairs = rivals.at((rivals.query == place).nonzero()[:, 0])
    row, slot = grid.row[place], grid.slot[place]
    length = int(grid.histories.present[row].sum())
    items = torch.cat([grid.target[row, slot][None], pairs.item])
    parts = scores.contributions[row, :length][:, items].cpu().numpy()
    level = parts.sum(0) + scores.constant[row, items].cpu().numpy()
    return Gaps(
        start=pairs.share.cpu().numpy() * level[1:] - level[0] + pairs.slack.cpu().numpy(),
        gains=pairs.gains[:, :length].cpu().numpy(),
        own=pairs.own.cpu().numpy(),
        fewest=pairs.fewest.cpu().numpy(),
        removable=grid.removable[row, slot, :length].cpu().numpy(),
        needed=int(grid.k[row, slot]),
    )


def _settler(engine: Engine, row: Tensor, slot: Tensor) -> Settle:
    """Return the question to the full catalogue whether sets topple a target."""

    def settle(sets: BoolArray) -> BoolArray:
        removed = torch.zeros(len(sets), engine.grid.removable.shape[-1], dtype=torch.bool, device=row.device)
        removed[:, : sets.shape[1]] = torch.from_numpy(sets).to(row.device)
        leads = engine.settle(row.expand(len(sets)), slot.expand(len(sets)), removed)
        return np.asarray((leads > 0).cpu().numpy())

    return settle


def _claim(answers: _Answers, query: int) -> None:
    """Record that nothing smaller exists than what is known: a minimum, or without a set that there is none."""
    if answers.status[query] is Status.FOUND:
        answers.minimum[query] = True
    else:
        answers.status[query] = Status.IMPOSSIBLE


def _scores(recommender: Recommender, engine: Engine) -> AdditiveScores:
    histories = engine.grid.histories
    with torch.no_grad():
        empty = HistoryBatch(histories.items[:, :1], torch.zeros_like(histories.weights[:, :1]))
        constant = recommender.score(empty, unchanged(empty))[:, 0]
        return AdditiveScores(histories, recommender.contributions(histories), constant)


def _alike(engine: Engine, mine: Tensor, answers: _Answers) -> Iterator[Tensor]:
    """Yield the places of the engine's queries whose proofs are shallow, and of those that look at large sets."""
    size = answers.removed[mine].sum(1)
    shallow = (size > 0) & (size <= DEEP)
    for group in (shallow, ~shallow):
        if group.any():
            yield group.nonzero()[:, 0]
