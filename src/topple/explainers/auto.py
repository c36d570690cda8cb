"""The default: a small true set quickly; then what is left of the budget on a smaller one, or on a proof."""

from dataclasses import dataclass, replace
from math import comb
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from topple.explainers.base import Explainer, OnProgress, Proposals
from topple.explainers.exact import Exact, ExactSettings, at_once
from topple.explainers.greedy import HISTORIES_AT_ONCE, GreedySettings
from topple.explainers.lcer_rank import LcerRank
from topple.explainers.proofs.bounds import BUDGET, lower_bounds
from topple.explainers.search.by_history import Answers, propose_by_history
from topple.explainers.search.engine import Engine
from topple.explainers.search.enumeration import Enumeration
from topple.explainers.search.subset_search import grow_and_prune, prune, swap, wide
from topple.records.question import Goal
from topple.scoring.budget import Meter
from topple.scoring.encoding import EncodedQueries
from topple.scoring.recommender import Capability, Recommender


class AutoSettings(GreedySettings):
    """Settings of the default method."""

    swaps: int = Field(default=2, ge=0)
    """Rounds of trying one item in the place of two."""
    tries: int = Field(default=48, ge=1)
    """Exchanges tried in a round."""
    budget: int = Field(default=BUDGET, ge=0)
    """Work for the proof of a query, in scored histories; 0: no proof is tried, and nothing is learned."""
    learned: int = Field(default=6, ge=0)
    """Sets of at least so many items that are not proven are held against `lcer-rank`; 0: none."""


class Auto(Explainer):
    """Single items for all targets of a user at once, greedy search, pruning, swaps; then a proof that none is smaller.

    Every set is settled by the full catalogue and is minimal. Where the recommender is additive, `exact` proves; where its
    layers are in view, bounds with branch and bound do, and may find a smaller set on the way; elsewhere, and for other goals
    than `necessary`, all smaller sets are tried where they fit into the budget. A single item needs no proof. For large sets
    that stay unproven the learned method is asked too, where there are gradients.
    Needs: nothing.  Cost: that of greedy, swaps, and up to `budget` for the proof.  Random: seed of the query, where learned.
    """

    name = "auto"
    settings_type: ClassVar = AutoSettings
    goals: ClassVar = frozenset(Goal)
    settings: AutoSettings

    def propose(
        self,
        recommender: Recommender,
        queries: EncodedQueries,
        on_progress: OnProgress | None = None,
        meter: Meter | None = None,
    ) -> Proposals:
        """Search for all queries, those of a history together."""
        histories = HISTORIES_AT_ONCE
        if Capability.ADDITIVE in recommender.capabilities and self.settings.budget:
            histories = at_once(recommender, queries)
        return propose_by_history(recommender, queries, histories, self.search, on_progress, meter)

    def search(self, engine: Engine) -> Answers:
        """Search for the targets of an engine."""
        additive = Capability.ADDITIVE in engine.recommender.capabilities
        if additive and self.settings.budget and engine.goal is Goal.NECESSARY:
            return Exact(ExactSettings(width=self.settings.width, largest=self.settings.largest)).search(engine)
        settings, grid = self.settings, engine.grid
        found, alone = grow_and_prune(engine, width=settings.width, most=settings.largest)
        cost, hopeful = grid.cost(found.removed), found.toppled
        for _ in range(settings.swaps):
            exchanged = swap(engine, found, hopeful, alone, width=wide(engine, settings.width), tries=settings.tries)
            found = prune(engine, exchanged, hopeful)
            hopeful = grid.cost(found.removed) < cost
            cost = grid.cost(found.removed)
        sets = found.removed & grid.allowed(found.removed)[..., None]
        if not settings.budget:
            return Answers(sets, grid.sizes_below(grid.cost(sets)) == 1)
        return self._improve(engine, sets)

    def _improve(self, engine: Engine, sets: Tensor) -> Answers:
        """Look for smaller sets and proofs with what the budget is for."""
        grid = engine.grid
        some = sets.any(-1)
        sizes = torch.where(some, grid.sizes_below(grid.cost(sets)), 0)
        limited = grid.asked & ~some & (grid.largest < grid.removable.sum(-1))
        bounds = lower_bounds(engine, torch.where(limited, grid.largest + 1, sizes), self.settings.budget)
        sets = torch.where(_cheaper(engine, bounds.removed, sets)[..., None], bounds.removed, sets)
        impossible = limited & ~sets.any(-1) & (bounds.ruled_out >= grid.largest)
        known = self._enumerate(engine, _known(engine, sets, bounds.ruled_out, impossible), grid.asked)
        learned = self._learn(engine, known.removed, bounds.ruled_out, ~known.minimum)
        smaller = (learned != known.removed).any(-1)
        if not smaller.any():
            return known
        better = _known(engine, learned, torch.where(smaller, bounds.ruled_out, 0), known.impossible)
        better = replace(better, minimum=better.minimum | known.minimum, spent=known.spent & ~smaller)
        return self._enumerate(engine, better, smaller)

    def _learn(self, engine: Engine, sets: Tensor, ruled_out: Tensor, asked: Tensor) -> Tensor:
        """Return the sets, smaller where the learned method finds smaller ones; only what is asked is looked at."""
        grid, size = engine.grid, sets.sum(-1)
        able = Capability.DIFFERENTIABLE in engine.recommender.capabilities and engine.goal is Goal.NECESSARY
        large = (size >= max(1, self.settings.learned)) & (ruled_out < size - 1) & asked & engine.open & grid.plain
        if not able or not self.settings.learned or not large.any():
            return sets
        narrow, row, slot = grid.narrow(large)
        learning = Engine(engine.recommender, narrow, engine.rule, engine.goal, engine.meter)
        learning.clock = engine.clock
        learning.cost[narrow.row, narrow.slot] += engine.cost[row, slot]
        learned = prune(learning, LcerRank().learn(learning)).removed[narrow.row, narrow.slot]
        engine.cost[row, slot] = learning.cost[narrow.row, narrow.slot]
        new = torch.zeros_like(sets)
        new[row, slot, : learned.shape[-1]] = learned
        return torch.where(_cheaper(engine, new, sets)[..., None], new, sets)

    def _enumerate(self, engine: Engine, known: "_Known", asked: Tensor) -> "_Known":
        """Try all smaller sets of the targets that are asked about and still open, where they fit into the budget."""
        grid, sets = engine.grid, known.removed.clone()
        proven, impossible, spent = known.minimum.clone(), known.impossible.clone(), known.spent.clone()
        left, smaller = asked & grid.asked & ~proven & ~impossible, grid.sizes_below(grid.cost(sets)) - 1
        for row in left.any(1).nonzero()[:, 0].tolist():
            for slots in grid.alike(row, left[row].nonzero()[:, 0]):
                units, its = int(grid.removable[row, slots[0]].sum()), sets[row]
                sizes = torch.where(its.any(-1), smaller[row], units)[slots]
                fits = [_sets_up_to(units, size) <= self.settings.budget for size in sizes.tolist()]
                tried = torch.zeros_like(left[row]).index_put((slots,), torch.tensor(fits, device=slots.device))
                done = Enumeration(engine, row, its, tried).run(self.settings.budget)
                sets[row] = torch.where(tried[:, None], done.sets, its)
                proven[row] |= done.proven & done.sets.any(-1)
                impossible[row] |= done.proven & ~done.sets.any(-1)
                spent[row] |= done.spent
        return _Known(sets, proven, impossible, spent)


@dataclass(frozen=True, eq=False)
class _Known(Answers):
    """Answers that claim something of every target."""

    minimum: Tensor
    impossible: Tensor
    spent: Tensor


def _known(engine: Engine, sets: Tensor, ruled_out: Tensor, impossible: Tensor) -> _Known:
    """Return what follows where all sets of up to `ruled_out` units [B, T] are ruled out."""
    proven = sets.any(-1) & (ruled_out >= engine.grid.sizes_below(engine.grid.cost(sets)) - 1)
    return _Known(sets, proven, impossible, torch.zeros_like(proven))


def _cheaper(engine: Engine, new: Tensor, old: Tensor) -> Tensor:
    """Return where a new set is cheaper than the old one, or is one where there was none, bool [B, T]."""
    grid = engine.grid
    return new.any(-1) & grid.allowed(new) & (~old.any(-1) | (grid.cost(new) < grid.cost(old)))


def _sets_up_to(units: int, size: int) -> int:
    """Return how many sets of one to `size` units there are."""
    return sum(comb(units, one) for one in range(1, min(size, units) + 1))


def how_it_proves(capabilities: frozenset[Capability]) -> str:
    """Say how the default method proves for a recommender with these capabilities."""
    if Capability.ADDITIVE in capabilities:
        return "proves by counting and mixed-integer programs, since scores are sums over the history"
    if Capability.FEED_FORWARD in capabilities:
        return "proves by bounds with branch and bound, since the layers are in view"
    return "needs nothing but scores; proves by trying all smaller sets where they fit into the budget"
