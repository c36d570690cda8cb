"""Smallest sets with proof, for recommenders that are additive in the history."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from topple.explainers.base import Explainer, OnProgress, Proposals
from topple.explainers.greedy import HISTORIES_AT_ONCE, GreedySettings
from topple.explainers.proofs.cheapest_removal import CheapestRemoval
from topple.explainers.proofs.counting_bound import DEEP, AdditiveScores, Rivals, counting_bound, find_rivals
from topple.explainers.proofs.removal_program import Ended, Gaps
from topple.explainers.proofs.smallest_removal import Settle, SmallestRemoval
from topple.explainers.search.by_history import Answers, propose_by_history
from topple.explainers.search.engine import SCORES, Engine
from topple.explainers.search.grid import Grid
from topple.explainers.search.subset_search import grow_and_prune
from topple.scoring.budget import Meter
from topple.scoring.encoding import EncodedQueries
from topple.scoring.recommender import Capability, Recommender
from topple.scoring.variations import HistoryBatch, unchanged
from topple.types import BoolArray


class ExactSettings(GreedySettings):
    """Settings of the exact search: those of the greedy search it starts from, and two limits of the program."""

    nodes: int = Field(default=5_000, ge=1)
    """Branches that the solver tries for one program before it gives up the proof."""
    refuted: int = Field(default=100, ge=0)
    """Sets of one size that re-ranking may refute before the proof is given up."""


class Exact(Explainer):
    """Find a smallest set and prove it; where there is no set, prove that.

    Greedy search gives a set, the counting bound a size below which there is none. Where the two differ, mixed-integer
    programs decide, over the competitors that could outrank the target alone with one removal less, and of these over the
    coalitions that no bound rules out. With groups or costs a program looks for the cheapest set. What a program finds is
    settled by the full catalogue. `minimum` and `impossible` are claimed only where they are proven.
    Source: the library's own; the solver is HiGHS (Huangfu and Hall, 2018), from scipy.
    Needs: additive.  Cost: that of greedy, the history once more, and one for each solution of the program.  Random: no.
    """

    name = "exact"
    needs: ClassVar = frozenset({Capability.ADDITIVE})
    settings_type: ClassVar = ExactSettings
    settings: ExactSettings

    def propose(
        self,
        recommender: Recommender,
        queries: EncodedQueries,
        on_progress: OnProgress | None = None,
        meter: Meter | None = None,
    ) -> Proposals:
        """Search for all queries, those of a history together."""
        return propose_by_history(recommender, queries, at_once(recommender, queries), self.search, on_progress, meter)

    def search(self, engine: Engine) -> Answers:
        """Search for the targets of an engine."""
        found, _ = grow_and_prune(engine, width=self.settings.width, most=self.settings.largest)
        sets, no = engine.grid.allowed(found.removed)[..., None] & found.removed, torch.zeros_like(engine.grid.asked)
        answers = Answers(sets, no.clone(), no.clone(), no.clone())
        scores = _scores(engine)
        engine.cost += 1
        for some in _alike(engine, sets):
            plain = engine.grid.plain[engine.grid.row[some], engine.grid.slot[some]]
            for prove, its in ((self._prove, some[plain]), (self._prove_cheapest, some[~plain])):
                if len(its):
                    prove(engine, scores, its, answers)
        return answers

    def _prove(self, engine: Engine, scores: AdditiveScores, some: Tensor, answers: Answers) -> None:
        """Settle some of the engine's queries by counting, and leave the rest to programs."""
        grid = replace(engine.grid, row=engine.grid.row[some], slot=engine.grid.slot[some])
        size = answers.removed[grid.row, grid.slot].sum(1)
        free = torch.minimum(grid.removable[grid.row, grid.slot].sum(1), grid.largest[grid.row, grid.slot])
        most = torch.where(size > 0, size - 1, free)
        rivals = find_rivals(scores, grid, engine.rule, most)
        bound = counting_bound(rivals, grid.k[grid.row, grid.slot], most)
        for place, proven in enumerate((bound > most).tolist()):
            at = int(grid.row[place]), int(grid.slot[place])
            if rivals.crowded[place]:
                _record(answers, at, Ended.STOPPED)
            elif proven:
                _record(answers, at, Ended.NO_SUCH_SET)
            elif not engine.open[at]:
                _record(answers, at, Ended.STOPPED)
            else:
                search = SmallestRemoval(
                    _gaps(scores, grid, rivals, place),
                    _settler(engine, grid.row[place], grid.slot[place]),
                    self.settings.nodes,
                    self.settings.refuted,
                    engine.clock.countdown(),
                )
                sizes = max(1, int(bound[place])), int(most[place])
                _record(answers, at, *_until_spent(search.search, *sizes, by_size=bool(size[place])))

    def _prove_cheapest(self, engine: Engine, scores: AdditiveScores, some: Tensor, answers: Answers) -> None:
        """Ask a program for a cheaper set than the one that is known, where units differ in cost or are groups."""
        grid, every = engine.grid, torch.arange(len(engine.grid.histories), device=some.device)
        removable = grid.members(every, grid.removable)
        grid = replace(grid, row=grid.row[some], slot=grid.slot[some], removable=removable)
        rivals = find_rivals(scores, grid, engine.rule, grid.histories.present[grid.row].sum(1))
        for place, at in enumerate(zip(grid.row.tolist(), grid.slot.tolist(), strict=True)):
            if rivals.crowded[place] or not engine.open[at]:
                _record(answers, at, Ended.STOPPED)
                continue
            gaps, known = _gaps(scores, grid, rivals, place), answers.removed[at]
            length = gaps.gains.shape[1]
            search = CheapestRemoval(
                gaps,
                _settler(engine, grid.row[place], grid.slot[place]),
                unit=grid.unit[at[0], :length].cpu().numpy(),
                cost=grid.unit_cost[at][:length].cpu().numpy(),
                places=grid.unit_size[at[0], :length].cpu().numpy(),
                free=engine.grid.removable[at][:length].cpu().numpy(),
                largest=int(grid.largest[at]),
                nodes=self.settings.nodes,
                most_refuted=self.settings.refuted,
                left=engine.clock.countdown(),
            )
            price = int(grid.unit_cost[at][known].sum()) if known.any() else None
            _record(answers, at, *_until_spent(search.search, price))


class _BudgetSpentError(Exception):
    """The budget does not last for the sets that a proof wants settled; never leaves this file."""


def _until_spent(
    search: Callable[..., tuple[Ended, BoolArray]], *limits: object, **how: object
) -> tuple[Ended, BoolArray | None]:
    """Return what a search does, or that it was stopped by the budget."""
    try:
        return search(*limits, **how)
    except _BudgetSpentError:
        return Ended.STOPPED, None


def at_once(recommender: Recommender, queries: EncodedQueries) -> int:
    """Return how many histories are held with what each item adds to each score."""
    places = max(1, queries.histories.items.shape[1])
    return max(1, min(HISTORIES_AT_ONCE, SCORES // (places * len(recommender.catalogue))))


def _record(answers: Answers, at: tuple[int, int], ended: Ended, found: BoolArray | None = None) -> None:
    """Record how a search among all smaller or cheaper sets ended; nothing smaller exists unless it was stopped."""
    assert answers.minimum is not None and answers.impossible is not None and answers.spent is not None  # noqa: S101, PT018
    if ended is Ended.FOUND and found is not None:
        answers.removed[at] = False
        answers.removed[at][: len(found)] = torch.from_numpy(found).to(answers.removed.device)
    some, proven = bool(answers.removed[at].any()), ended is not Ended.STOPPED
    answers.minimum[at] = some and proven
    answers.impossible[at] = not some and proven
    answers.spent[at] = not some and not proven


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
    """Return the question to the full catalogue whether sets topple a target; it raises when the budget does not last."""

    def settle(sets: BoolArray) -> BoolArray:
        removed = torch.zeros(len(sets), engine.grid.removable.shape[-1], dtype=torch.bool, device=row.device)
        removed[:, : sets.shape[1]] = torch.from_numpy(sets).to(row.device)
        if not engine.lasts(len(sets))[row, slot]:
            raise _BudgetSpentError
        leads = engine.settle(row.expand(len(sets)), slot.expand(len(sets)), removed)
        return np.asarray((leads > 0).cpu().numpy())

    return settle


def _scores(engine: Engine) -> AdditiveScores:
    histories, recommender = engine.grid.histories, engine.recommender
    with torch.no_grad():
        empty = HistoryBatch(histories.items[:, :1], torch.zeros_like(histories.weights[:, :1]))
        constant = recommender.score(empty, unchanged(empty))[:, 0]
        return AdditiveScores(histories, recommender.contributions(histories), constant)


def _alike(engine: Engine, sets: Tensor) -> Iterator[Tensor]:
    """Yield the places of the engine's queries whose proofs are shallow, and of those that look at large sets."""
    size = sets[engine.grid.row, engine.grid.slot].sum(1)
    shallow = (size > 0) & (size <= DEEP)
    for group in (shallow, ~shallow):
        if group.any():
            yield group.nonzero()[:, 0]
