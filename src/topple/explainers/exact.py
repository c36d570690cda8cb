"""Smallest sets with proof, for recommenders that are additive in the history."""

import math
from collections.abc import Callable, Iterator
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from topple.explainers.greedy import GreedySettings
from topple.explainers.proofs.cheapest_removal import CheapestRemoval, Units
from topple.explainers.proofs.evidence import Evidence, least_without_evidence
from topple.explainers.proofs.gaps import DEEP, AdditiveScores, find_gaps
from topple.explainers.proofs.keeping import Keeping
from topple.explainers.proofs.removal_program import Ended
from topple.explainers.proofs.smallest_removal import Settle, SmallestRemoval
from topple.explainers.search.engine import Engine
from topple.explainers.search.explainer import SetSearch
from topple.explainers.search.growing import grow_and_prune
from topple.explainers.search.targets import TargetTable
from topple.explainers.sums.search import can_search, small_sets
from topple.records.claims import Claims
from topple.records.question import Goal
from topple.scoring.encoding import THOUSANDTHS, EncodedQueries
from topple.scoring.memory import rows_at_once
from topple.scoring.pace import TimeIsUpError, go_on
from topple.scoring.recommender import Capability, Recommender
from topple.scoring.variations import HistoryBatch, unchanged
from topple.types import BoolArray


class ExactSettings(GreedySettings):
    """Settings of the exact search: those of the greedy search it starts from, and two limits of the program."""

    nodes: int = Field(default=5_000, ge=1)
    """Branches that the solver tries for one program before it gives up the proof."""
    refuted: int = Field(default=100, ge=0)
    """Sets of one size that re-ranking may refute before the proof is given up."""


class Exact(SetSearch):
    """Find a smallest set and prove it; where there is no set, prove that.

    Greedy search gives a set, the counting bound a size below which there is none. Where the two differ, mixed-integer
    programs decide, over the competitors that could outrank the target alone with one removal less, and of these over the
    coalitions that no bound rules out. With groups or costs a program looks for the cheapest set. What a program finds is
    settled by the full catalogue. What is proven is claimed, and no more.
    Source: the library's own; the solver is HiGHS (Huangfu and Hall, 2018), from scipy.
    Needs: additive.  Cost: that of greedy, the history once more, and one for each solution of the program.  Random: no.
    """

    name = "exact"
    needs: ClassVar = frozenset({Capability.ADDITIVE})
    settings_type: ClassVar = ExactSettings
    goals: ClassVar = frozenset(Goal)
    settings: ExactSettings

    def may_learn(self, recommender: Recommender) -> bool:
        """Return that the method asks for scores alone."""
        return False

    def at_once(self, recommender: Recommender, queries: EncodedQueries) -> int:
        """Return how many histories are held with what each item adds to each score."""
        numbers = max(1, queries.histories.items.shape[1]) * len(recommender.catalogue)
        return min(self.histories_at_once, rows_at_once(numbers))

    def search(self, engine: Engine) -> Claims:
        """Search for the targets of an engine."""
        limits = {"width": self.settings.width, "most": self.settings.largest}
        sets = small_sets(engine, **limits) if can_search(engine) else grow_and_prune(engine, **limits)[0]
        return self.proven(engine, sets & engine.table.allowed(sets)[..., None])

    def proven(self, engine: Engine, sets: Tensor) -> Claims:
        """Claim sets, bool [B, T, H], or smaller ones, with what is proven."""
        table = engine.table
        claims = engine.claims(sets.clone(), table.least_cost(1), torch.zeros_like(table.asked))
        asked = engine.open
        if not asked.any():
            return claims
        try:
            go_on()
            scores = additive_scores(engine)
            if engine.goal is Goal.NECESSARY:
                for cells in _of_like_depth(sets, asked & table.plain):
                    self._by_size(engine, scores, cells, claims)
            self._by_cost(engine, scores, asked, claims)
        except TimeIsUpError:
            # Sets stay. What counting has proven is no proof before `_by_cost` has looked at exits by ties.
            return engine.claims(claims.sets, table.least_cost(1), torch.zeros_like(table.asked))
        return claims

    def _by_size(self, engine: Engine, scores: AdditiveScores, cells: tuple[Tensor, Tensor], claims: Claims) -> None:
        """Settle queries [Q] by counting, and leave the rest to programs; the claims are changed in place."""
        table, size = engine.table, claims.sets[cells].sum(-1)
        free = torch.minimum(table.removable[cells].sum(-1), table.largest[cells])
        most = torch.where(size > 0, size - 1, free)
        go_on()
        found = find_gaps(engine, scores, cells, most)
        for at, gaps, limit, known in zip(_each(cells), found, most.tolist(), (size > 0).tolist(), strict=True):
            bound = 0 if gaps is None else gaps.counting_bound(limit)
            if bound > limit:
                _record(engine, claims, at, Ended.NO_SUCH_SET)
            elif gaps is None or not engine.open[at]:
                _record(engine, claims, at, Ended.STOPPED, bound * THOUSANDTHS)
            else:
                search = SmallestRemoval(gaps, *self._limits(engine, at))
                ended, better = _until_spent(search.search, max(1, bound), limit, by_size=known)
                _record(engine, claims, at, ended, search.proven_below * THOUSANDTHS, better)

    def _by_cost(self, engine: Engine, scores: AdditiveScores, asked: Tensor, claims: Claims) -> None:
        """Ask programs for cheaper sets than are known, where that is left open; the claims are changed in place.

        Open are targets whose sets have to suffice, whose units differ in cost or are groups, and those that could leave
        a list for want of evidence at less than their sets cost.
        """
        table, stays = engine.table, engine.goal is Goal.SUFFICIENT
        cost = table.cost(claims.sets).double().masked_fill(~claims.found, torch.inf)
        unspoken = torch.full_like(cost, torch.inf) if stays else least_without_evidence(engine, scores, cost)
        claims.proven_below.copy_(torch.minimum(claims.proven_below, unspoken))
        open_ = ~table.plain | (unspoken < cost) if engine.goal is Goal.NECESSARY else torch.ones_like(table.asked)
        row, column = (asked & open_).nonzero(as_tuple=True)
        if not len(row):
            return
        cells = row, column
        lengths = table.histories.present[row].sum(-1)
        found = find_gaps(engine, scores, cells, lengths if table.grouped else table.sizes_below(cost)[cells])
        for at, gaps, length in zip(_each(cells), found, lengths.tolist(), strict=True):
            if gaps is None or not engine.open[at]:
                _record(engine, claims, at, Ended.STOPPED)
                continue
            known = int(cost[at]) if cost[at] < math.inf else None
            search = CheapestRemoval(
                gaps.at(np.zeros(0, dtype=np.int64), 0) if stays else gaps,
                *self._limits(engine, at),
                _units(table, at, length),
                None if engine.goal is Goal.NECESSARY else Keeping.of(engine, scores, at, length),
                Evidence.of(engine, scores, at, length) if unspoken[at] < cost[at] else None,
            )
            ended, better = _until_spent(search.search, known)
            _record(engine, claims, at, ended, search.proven_below, better)

    def _limits(self, engine: Engine, at: tuple[int, int]) -> tuple[Settle, int, int, Callable[[], float]]:
        """Return what settles sets of a target, and what a search for it may spend: branches, refuted sets, seconds."""
        return _settler(engine, *at), self.settings.nodes, self.settings.refuted, engine.account.countdown()


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


def _record(
    engine: Engine,
    claims: Claims,
    at: tuple[int, int],
    ended: Ended,
    proven_below: int = 0,
    better: BoolArray | None = None,
) -> None:
    """Record, in place, how a search among all smaller or cheaper sets ended: unless it was stopped, there is none."""
    if ended is Ended.FOUND and better is not None:
        claims.sets[at] = False
        claims.sets[at][: len(better)] = torch.from_numpy(better).to(claims.sets.device)
    found = bool(claims.sets[at].any())
    if ended is Ended.STOPPED:
        claims.proven_below[at].clamp_(min=proven_below)
    else:
        claims.proven_below[at] = float((claims.sets[at] * engine.table.unit_cost[at]).sum()) if found else math.inf
    claims.ended[at] = not found and ended is Ended.STOPPED


def _settler(engine: Engine, row: int, column: int) -> Settle:
    """Return the question to the full catalogue whether sets topple a target; it raises when the budget does not last."""
    at = torch.tensor([row], device=engine.table.row.device), torch.tensor([column], device=engine.table.row.device)

    def settle(sets: BoolArray) -> BoolArray:
        removed = torch.zeros(len(sets), engine.table.removable.shape[-1], dtype=torch.bool, device=at[0].device)
        removed[:, : sets.shape[1]] = torch.from_numpy(sets).to(at[0].device)
        if not engine.can_afford(len(sets))[row, column]:
            raise _BudgetSpentError
        leads = engine.settle(at[0].expand(len(sets)), at[1].expand(len(sets)), removed)
        return np.asarray((leads > 0).cpu().numpy())

    return settle


def additive_scores(engine: Engine) -> AdditiveScores:
    """Return the scores of an engine's histories as sums; each open query is charged with one scored history."""
    histories, recommender = engine.table.histories, engine.recommender
    engine.count(len(histories), engine.table.query[engine.open], 1)
    with torch.no_grad():
        empty = HistoryBatch(histories.items[:, :1], torch.zeros_like(histories.weights[:, :1]))
        constant = recommender.score(empty, unchanged(empty))[:, 0]  # [B, I]
        return AdditiveScores(histories, recommender.contributions(histories), constant)


def _units(table: TargetTable, at: tuple[int, int], length: int) -> Units:
    """Return the units of one target's history, which is so long."""
    return Units(
        unit=table.unit[at[0], :length].cpu().numpy(),
        cost=table.unit_cost[at][:length].cpu().numpy(),
        size=table.unit_size[at[0], :length].cpu().numpy(),
        free=table.removable[at][:length].cpu().numpy(),
        largest=int(table.largest[at]),
    )


def _each(cells: tuple[Tensor, Tensor]) -> list[tuple[int, int]]:
    """Return cells one by one."""
    return list(zip(cells[0].tolist(), cells[1].tolist(), strict=True))


def _of_like_depth(sets: Tensor, asked: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the cells that are asked about, bool [B, T], whose proofs are shallow, and of those that look at large sets."""
    size = sets.sum(-1)
    shallow = (size > 0) & (size <= DEEP)
    for group in (asked & shallow, asked & ~shallow):
        row, column = group.nonzero(as_tuple=True)
        if len(row):
            yield row, column
