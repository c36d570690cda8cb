"""The default: a small true set quickly; then what is left of the budget on a smaller one, or on a proof."""

from dataclasses import replace
from math import comb
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from topple.explainers.compiled import compiled_search
from topple.explainers.exact import Exact, ExactSettings
from topple.explainers.greedy import GreedySettings
from topple.explainers.search.around import smaller_around
from topple.explainers.search.engine import Engine
from topple.explainers.search.enumeration import Enumeration
from topple.explainers.search.exchange import small_sets
from topple.explainers.search.explainer import SetSearch
from topple.records.claims import Claims
from topple.records.question import Goal
from topple.scoring.pace import TimeIsUpError, go_on
from topple.scoring.recommender import Capability, Recommender

BUDGET = 20_000
"""Work for the proof of a query by default, in scored histories."""
AGAIN = 6
"""Times as many items are tried in each step of a second search."""


class AutoSettings(GreedySettings):
    """Settings of the default method."""

    swaps: int = Field(default=2, ge=0)
    """Rounds of trying one item in the place of two."""
    tries: int = Field(default=8, ge=1)
    """Exchanges tried in a round."""
    budget: int = Field(default=BUDGET, ge=0)
    """Work for the proof of a query, in scored histories; 0: no proof is tried, and no set is searched for again."""
    again: int = Field(default=6, ge=0)
    """Sets of at least so many items that are not proven are searched for again, wider and around what is known; 0: none.

    Functions that can only be asked are searched around what is known alone, and only where the order of a history counts: there sets
    become a tenth to a fifth smaller, elsewhere 1 %, and a wider search takes a third longer. There targets without a set are looked
    for too, a tenth of which then have one; networks in view gain none.
    """


class Auto(SetSearch):
    """Single items for all targets of a user at once, greedy search, pruning, exchanges; then a proof that none is smaller.

    Every set is settled by the full catalogue and is minimal. Where the recommender is additive, `exact` proves; where its
    layers are in view, bounds with branch and bound do, and may find a smaller set on the way; elsewhere, and for other goals
    than `necessary`, all smaller sets are tried where they fit into the budget. A single item needs no proof. Large sets that
    stay unproven are searched for again, with six times as many items a step, and where the changes of scores around them lead;
    functions that can only be asked in the second way alone, and only where order counts: there targets without a set are too.
    Needs: nothing.  Cost: that of greedy, exchanges, and up to `budget` for the proof.  Random: no.
    """

    name = "auto"
    settings_type: ClassVar = AutoSettings
    goals: ClassVar = frozenset(Goal)
    draws: ClassVar = False
    settings: AutoSettings

    def may_learn(self, recommender: Recommender) -> bool:
        """Return that the method asks for scores alone."""
        return False

    def search(self, engine: Engine) -> Claims:
        """Search for the targets of an engine."""
        settings, additive = self.settings, Capability.ADDITIVE in engine.recommender.capabilities
        if additive and settings.budget and engine.goal is Goal.NECESSARY:
            return self._exact.search(engine)
        sets = self._small_sets(engine)
        if not settings.budget:
            return engine.claims(sets, engine.table.least_cost(1))
        claims = engine.claims(sets, engine.table.least_cost(1), torch.zeros_like(engine.table.asked))
        try:
            claims = self._exact.proven(engine, sets) if additive else self._bounded(engine, sets)
            claims = self._enumerated(engine, claims, engine.table.asked)
            return self._searched_again(engine, claims)
        except TimeIsUpError:  # what is proven by then stays proven
            return claims

    def _searched_again(self, engine: Engine, claims: Claims) -> Claims:
        """Return the claims, with smaller sets where a second search finds some."""
        go_on()
        found = self._again(engine, claims)
        smaller = (found != claims.sets).any(-1)
        if not smaller.any():
            return claims
        return self._enumerated(engine, replace(claims, sets=found, ended=claims.ended & ~smaller), smaller)

    @property
    def _exact(self) -> Exact:
        return Exact(ExactSettings(width=self.settings.width, largest=self.settings.largest))

    def _small_sets(self, engine: Engine) -> Tensor:
        """Return minimal sets, made smaller by exchanges as long as that helps, bool [B, T, H]."""
        sets = self._exchanged(engine, self.settings.width)
        return sets & engine.table.allowed(sets)[..., None]

    def _exchanged(self, engine: Engine, width: int) -> Tensor:
        """Return minimal sets, bool [B, T, H], grown and then exchanged as long as that helps."""
        settings, search = self.settings, compiled_search(engine) or small_sets
        return search(engine, width=width, most=settings.largest, swaps=settings.swaps, tries=settings.tries)

    def _bounded(self, engine: Engine, sets: Tensor) -> Claims:
        """Claim the sets with what bounds rule out, or smaller ones that are found on the way."""
        table, found = engine.table, sets.any(-1)
        limited = table.asked & ~found & (table.largest < table.removable.sum(-1))
        sizes = torch.where(found, table.sizes_below(table.cost(sets)), torch.where(limited, table.largest, 0))
        bounds = self._bounds(engine, sizes)
        return replace(bounds, sets=_cheaper(engine, bounds.sets, sets))

    def _bounds(self, engine: Engine, sizes: Tensor) -> Claims:
        """Rule out so many sizes [B, T], where the layers are in view."""
        if Capability.FEED_FORWARD not in engine.recommender.capabilities:
            return engine.claims(torch.zeros_like(engine.table.removable), engine.table.least_cost(1))
        from topple.explainers.proofs.bounds import lower_bounds  # compiled functions: imported where they are needed

        return lower_bounds(engine, sizes, self.settings.budget)

    def _again(self, engine: Engine, claims: Claims) -> Tensor:
        """Return the sets, smaller or first ones where a second search finds some; what is proven or small is not searched for."""
        settings, table, sets, able = self.settings, engine.table, claims.sets, engine.recommender.capabilities
        in_view = bool(able & {Capability.DIFFERENTIABLE, Capability.FEED_FORWARD})
        if not settings.again or engine.goal is not Goal.NECESSARY or not (in_view or Capability.ORDER_AWARE in able):
            return sets
        units = sets.sum(-1)  # [B, T]
        unproven = table.plain & engine.open & (claims.proven_below < table.cost_or_infinity(sets))
        tried = unproven & ((units >= settings.again) | ((units == 0) & (not in_view)))
        if not tried.any():
            return sets
        part, (row, column) = engine.part(tried), tried.nonzero(as_tuple=True)
        width = part.table.removable.shape[-1]
        known = part.table.arranged_like(table, tried, sets)[..., :width]  # [b, t, h], of the part
        if in_view:
            known = _cheaper(part, self._exchanged(part, AGAIN * settings.width), known)
        new = torch.zeros_like(sets)
        new[row, column, :width] = smaller_around(part, known, most=settings.largest)[part.table.cells]
        return _cheaper(engine, new, sets)

    def _enumerated(self, engine: Engine, claims: Claims, asked: Tensor) -> Claims:
        """Try all smaller sets of the targets that are asked about and still unproven, where they fit into the budget."""
        table, sets = engine.table, claims.sets.clone()
        below, ended = claims.proven_below.clone(), claims.ended.clone()
        cost = table.cost_or_infinity(sets)
        left, sizes = asked & table.asked & (below < cost), table.sizes_below(cost)
        for row in left.any(1).nonzero()[:, 0].tolist():
            for columns in table.with_equal_choices(row, left[row].nonzero()[:, 0]):
                units = int(table.removable[row, columns[0]].sum())
                fits = [_sets_up_to(units, size) <= self.settings.budget for size in sizes[row, columns].tolist()]
                tried = torch.zeros_like(left[row]).index_put((columns,), torch.tensor(fits, device=columns.device))
                done = Enumeration(engine, row, sets[row], tried).run(self.settings.budget)
                sets[row] = torch.where(tried[:, None], done.sets, sets[row])
                below[row] = torch.maximum(below[row], done.proven_below)
                ended[row] |= done.ended
        return engine.claims(sets, below, ended)


def _cheaper(engine: Engine, new: Tensor, old: Tensor) -> Tensor:
    """Return the new sets where they are allowed and cheaper than the old ones, or where there was none, bool [B, T, H]."""
    table = engine.table
    better = new.any(-1) & table.allowed(new) & (~old.any(-1) | (table.cost(new) < table.cost(old)))
    return torch.where(better[..., None], new, old)


def _sets_up_to(units: int, size: int) -> int:
    """Return how many sets of one to `size` units there are."""
    return sum(comb(units, one) for one in range(1, min(size, units) + 1))


def how_it_proves(capabilities: frozenset[Capability]) -> str:
    """Say how the default method proves for a recommender with these capabilities."""
    if Capability.ADDITIVE in capabilities:
        return "proves by counting, branch and bound and integer programs, since scores are sums over the history"
    if Capability.FEED_FORWARD in capabilities:
        return "proves by bounds with branch and bound, since the layers are in view"
    return "needs nothing but scores; proves by trying all smaller sets where they fit into the budget"
