"""Smallest sets with proof, for recommenders that are additive in the history."""

import math
from collections.abc import Callable
from typing import ClassVar, TypeAlias

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from topple.explainers.compiled import compiled_search
from topple.explainers.greedy import GreedySettings
from topple.explainers.proofs.additive_scores import AdditiveScores
from topple.explainers.proofs.cheapest_removal import CheapestRemoval, Units
from topple.explainers.proofs.evidence import Evidence, least_without_evidence
from topple.explainers.proofs.keeping import Keeping
from topple.explainers.proofs.removal_program import Ended
from topple.explainers.proofs.smallest_removal import Settle, SmallestRemoval
from topple.explainers.removals.counting import SummedScores
from topple.explainers.search.engine import Engine
from topple.explainers.search.exchange import small_sets
from topple.explainers.search.explainer import SetSearch
from topple.explainers.search.targets import TargetTable
from topple.explainers.sums.search import can_prove
from topple.records.claims import Claims
from topple.records.question import Goal
from topple.scoring.encoding import THOUSANDTHS
from topple.scoring.memory import rows_at_once
from topple.scoring.pace import TimeIsUpError, go_on
from topple.scoring.recommender import Capability, Recommender
from topple.types import BoolArray

Scores: TypeAlias = AdditiveScores | SummedScores


class ExactSettings(GreedySettings):
    """Settings of the exact search: those of the greedy search it starts from, and two limits of the program."""

    nodes: int = Field(default=5_000, ge=1)
    """Branches that the solver tries for one program before it gives up the proof."""
    refuted: int = Field(default=100, ge=0)
    """Sets of one size that re-ranking may refute before the proof is given up."""


class Exact(SetSearch):
    """Find a smallest set and prove it; where there is no set, prove that.

    Greedy search gives a set, the counting bound a size below which there is none. Where the two differ, branch and bound decides
    over the competitors that could outrank the target alone with one removal less; a mixed-integer program decides what that
    leaves open. With groups or costs the cheapest set is looked for. What is found is settled by the full catalogue. What is
    proven is claimed, and no more.
    Source: the library's own; the solver is HiGHS (Huangfu and Hall, 2018), from scipy.
    Needs: additive.  Cost: that of greedy, the history once more, and one for each solution.  Random: no.
    """

    name = "exact"
    needs: ClassVar = frozenset({Capability.ADDITIVE})
    settings_type: ClassVar = ExactSettings
    goals: ClassVar = frozenset(Goal)
    draws: ClassVar = False
    settings: ExactSettings

    def may_learn(self, recommender: Recommender) -> bool:
        """Return that the method asks for scores alone."""
        return False

    def search(self, engine: Engine) -> Claims:
        """Search for the targets of an engine."""
        limits = {"width": self.settings.width, "most": self.settings.largest}
        sets = (compiled_search(engine) or small_sets)(engine, **limits)
        return self.proven(engine, sets & engine.table.allowed(sets)[..., None])

    def proven(self, engine: Engine, sets: Tensor) -> Claims:
        """Claim sets, bool [B, T, H], or smaller ones, with what is proven."""
        table = engine.table
        claims = engine.claims(sets.clone(), table.least_cost(1), torch.zeros_like(table.asked))
        if not engine.open.any():
            return claims
        numbers = 0 if can_prove(engine) else table.histories.items.shape[1] * len(engine.recommender.catalogue)
        for rows in torch.split(torch.arange(len(table.histories), device=table.row.device), rows_at_once(numbers)):
            if len(rows) == len(table.histories):
                return self._proven(engine, claims)
            chosen = torch.zeros_like(table.asked).index_fill(0, rows, value=True) & table.asked
            part, (row, column) = engine.part(chosen), chosen.nonzero(as_tuple=True)
            units, cells = part.table.removable.shape[-1], part.table.cells
            known = part.table.arranged_like(table, chosen, sets)[..., :units]
            found = self._proven(part, part.claims(known, part.table.least_cost(1), torch.zeros_like(part.table.asked)))
            claims.sets[row, column, :units] = found.sets[cells]
            claims.proven_below[row, column], claims.ended[row, column] = found.proven_below[cells], found.ended[cells]
            undecided = engine.catalogue.undecided
            undecided[row, column] = torch.minimum(undecided[row, column], part.catalogue.undecided[cells])
        return claims

    def _proven(self, engine: Engine, claims: Claims) -> Claims:
        """Return claims with what is proven, and smaller sets where these are found; they are changed in place."""
        table, asked = engine.table, engine.open
        try:
            go_on()
            engine.count(len(table.histories), table.query[asked], 1)
            scores = (
                SummedScores(engine.sums)
                if engine.sums is not None and can_prove(engine)
                else AdditiveScores.of(engine)
            )
            if engine.goal is Goal.NECESSARY:
                self._by_size(engine, scores, _cells(asked & table.plain), claims)
            self._by_cost(engine, scores, asked, claims)
        except TimeIsUpError:
            # Sets stay. What counting has proven is no proof before `_by_cost` has looked at exits by ties.
            return engine.claims(claims.sets, table.least_cost(1), torch.zeros_like(table.asked))
        return claims

    def _by_size(self, engine: Engine, scores: Scores, cells: tuple[Tensor, Tensor], claims: Claims) -> None:
        """Settle queries [Q] by counting, and leave the rest to searches; the claims are changed in place."""
        table, size = engine.table, claims.sets[cells].sum(-1)
        free = torch.minimum(table.removable[cells].sum(-1), table.largest[cells])
        most = torch.where(size > 0, size - 1, free)
        go_on()
        counted = scores.counted(engine, cells, most, every=False)
        bound = torch.from_numpy(counted.bound).to(most.device)
        least, cost = (
            claims.proven_below[cells],
            table.cost(claims.sets)[cells].double().masked_fill(size == 0, torch.inf),
        )
        claims.proven_below[cells] = torch.where(bound > most, cost, least.maximum(bound * THOUSANDTHS))
        for number in (bound <= most).nonzero()[:, 0].tolist():
            at, limit = (int(cells[0][number]), int(cells[1][number])), int(most[number])
            gaps = counted.gaps(number)
            if gaps is None or not engine.open[at]:
                _record(engine, claims, at, Ended.STOPPED)
                continue
            search = SmallestRemoval(gaps, *self._limits(engine, scores, at))
            known = bool(size[number] > 0)
            ended, better = _until_spent(search.search, max(1, int(bound[number])), limit, by_size=known)
            _record(engine, claims, at, ended, search.proven_below * THOUSANDTHS, better)

    def _by_cost(self, engine: Engine, scores: Scores, asked: Tensor, claims: Claims) -> None:
        """Search for cheaper sets than are known, where that is left open; the claims are changed in place.

        Open are targets whose sets have to suffice, whose units differ in cost or are groups, and those that could leave
        a list for want of evidence at less than their sets cost.
        """
        table, stays = engine.table, engine.goal is Goal.SUFFICIENT
        cost = table.cost(claims.sets).double().masked_fill(~claims.found, torch.inf)
        sizes = table.sizes_below(cost)
        unspoken = torch.full_like(cost, torch.inf)
        if not stays:
            speaking = scores.speaking(engine, sizes)
            unspoken = least_without_evidence(engine, speaking, cost, sizes)
        claims.proven_below.copy_(torch.minimum(claims.proven_below, unspoken))
        open_ = ~table.plain | (unspoken < cost) if engine.goal is Goal.NECESSARY else torch.ones_like(table.asked)
        cells = _cells(asked & open_)
        if not len(cells[0]):
            return
        lengths = table.histories.present[cells[0]].sum(-1)
        counted = scores.counted(engine, cells, lengths if table.grouped else sizes[cells], every=True)
        for number, at in enumerate(_each(cells)):
            gaps, length = counted.gaps(number), int(lengths[number])
            if gaps is None or not engine.open[at]:
                _record(engine, claims, at, Ended.STOPPED)
                continue
            known = int(cost[at]) if cost[at] < math.inf else None
            search = CheapestRemoval(
                gaps.at(np.zeros(0, dtype=np.int64), 0) if stays else gaps,
                *self._limits(engine, scores, at),
                _units(table, at, length),
                Keeping.of(engine, scores, at, length)
                if isinstance(scores, AdditiveScores) and engine.goal is not Goal.NECESSARY
                else None,
                Evidence.of(engine, speaking, at, length) if unspoken[at] < cost[at] else None,
            )
            ended, better = _until_spent(search.search, known)
            _record(engine, claims, at, ended, search.proven_below, better)

    def _limits(
        self, engine: Engine, scores: Scores, at: tuple[int, int]
    ) -> tuple[Settle, int, int, Callable[[], float]]:
        """Return what settles sets of a target, and what a search for it may spend: branches, refuted sets, seconds."""
        return _settler(engine, scores, at), self.settings.nodes, self.settings.refuted, engine.account.countdown()


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
    """Record, in place, how a search among all smaller or cheaper sets ended: unless it was stopped, there is none but `better`."""
    if better is not None and better.any():
        claims.sets[at] = False
        claims.sets[at][: len(better)] = torch.from_numpy(better).to(claims.sets.device)
    found = bool(claims.sets[at].any())
    if ended is Ended.STOPPED:
        claims.proven_below[at].clamp_(min=proven_below)
    else:
        claims.proven_below[at] = float((claims.sets[at] * engine.table.unit_cost[at]).sum()) if found else math.inf
    claims.ended[at] = not found and ended is Ended.STOPPED


def _settler(engine: Engine, scores: Scores, at: tuple[int, int]) -> Settle:
    """Return the question to the full catalogue whether sets topple a target; it raises when the budget does not last."""

    def settle(sets: BoolArray) -> BoolArray:
        if not engine.can_afford(len(sets))[at]:
            raise _BudgetSpentError
        return scores.settled(engine, at, sets)

    return settle


def _units(table: TargetTable, at: tuple[int, int], length: int) -> Units:
    """Return the units of one target's history, which is so long."""
    return Units(
        unit=table.unit[at[0], :length].cpu().numpy(),
        cost=table.unit_cost[at][:length].cpu().numpy(),
        size=table.unit_size[at[0], :length].cpu().numpy(),
        free=table.removable[at][:length].cpu().numpy(),
        largest=int(table.largest[at]),
    )


def _cells(chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Return the rows and columns of the chosen cells, bool [B, T]."""
    row, column = chosen.nonzero(as_tuple=True)
    return row, column


def _each(cells: tuple[Tensor, Tensor]) -> list[tuple[int, int]]:
    """Return cells one by one."""
    return list(zip(cells[0].tolist(), cells[1].tolist(), strict=True))
