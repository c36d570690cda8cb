"""The default: a small true set quickly; then what is left of the budget on a smaller one, or on a proof."""

from typing import ClassVar

import torch
from pydantic import Field

from topple.explainers.base import Explainer, OnProgress, Proposals
from topple.explainers.bounds import BUDGET, lower_bounds
from topple.explainers.by_history import Answers, propose_by_history
from topple.explainers.engine import Engine
from topple.explainers.exact import Exact, ExactSettings
from topple.explainers.exhaustive import Exhaustive, ExhaustiveSettings
from topple.explainers.greedy import HISTORIES_AT_ONCE, GreedySettings
from topple.explainers.subset_search import grow_and_prune, prune, swap
from topple.explanation import Status
from topple.recommenders.base import Capability, Recommender
from topple.recommenders.encoding import EncodedQueries

SHORT = 10
"""Histories of up to this many items are enumerated whole where greedy search finds nothing."""


class AutoSettings(GreedySettings):
    """Settings of the default method."""

    swaps: int = Field(default=2, ge=0)
    """Rounds of trying one item in the place of two."""
    budget: int = Field(default=BUDGET, ge=0)
    """Work for the proof of a query, in scored histories; 0: no proof is tried."""


class Auto(Explainer):
    """Single items for all targets of a user at once, greedy search, pruning, swaps; then a proof that none is smaller.

    Every set is settled by the full catalogue and is minimal. Where the recommender is additive, `exact` proves; where its
    layers are in view, bounds with branch and bound do, and may find a smaller set on the way. A single item needs no
    proof. A short history for which nothing is found is enumerated whole.
    Needs: nothing.  Cost: that of greedy, swaps, and up to `budget` for the proof.  Random: no.
    """

    name = "auto"
    settings_type: ClassVar = AutoSettings
    settings: AutoSettings

    def propose(
        self, recommender: Recommender, queries: EncodedQueries, on_progress: OnProgress | None = None
    ) -> Proposals:
        """Search for all queries, those of a history together."""
        if Capability.ADDITIVE in recommender.capabilities and self.settings.budget:
            exact = ExactSettings(width=self.settings.width, largest=self.settings.largest)
            return Exact(exact).propose(recommender, queries, on_progress)
        proposals = propose_by_history(recommender, queries, HISTORIES_AT_ONCE, self._search, on_progress)
        return _enumerate_short(recommender, queries, proposals) if self.settings.budget else proposals

    def _search(self, engine: Engine) -> Answers:
        settings = self.settings
        found, leads = grow_and_prune(engine, width=settings.width, most=settings.largest)
        sizes, hopeful = found.removed.sum(-1), found.toppled
        for _ in range(settings.swaps):
            swapped = prune(engine, swap(engine, found, leads, hopeful, width=settings.width), hopeful)
            hopeful = swapped.removed.sum(-1) < sizes
            sizes, found = swapped.removed.sum(-1), swapped
        if not settings.budget:
            return Answers(found.removed, sizes == 1)
        bounds = lower_bounds(engine, sizes, settings.budget)
        smaller = bounds.removed.any(-1, keepdim=True)
        return Answers(torch.where(smaller, bounds.removed, found.removed), bounds.minimum(sizes))


def _enumerate_short(recommender: Recommender, queries: EncodedQueries, proposals: Proposals) -> Proposals:
    """Enumerate the short histories for which nothing was found: they are impossible, or greedy search missed a set."""
    missed = torch.tensor([status is Status.NOT_FOUND for status in proposals.status], device=queries.row.device)
    few = (missed & (queries.removable.sum(1) <= SHORT)).nonzero()[:, 0]
    if not len(few):
        return proposals
    whole = Exhaustive(ExhaustiveSettings(whole=SHORT)).propose(recommender, queries.select(few))
    removed, cost, status = proposals.removed.clone(), proposals.cost.clone(), list(proposals.status)
    minimum = torch.zeros_like(missed) if proposals.minimum is None else proposals.minimum.clone()
    removed[few], minimum[few] = whole.removed, whole.removed.any(1)
    cost[few] += whole.cost
    for place, its in zip(few.tolist(), whole.status, strict=True):
        status[place] = its
    return Proposals(removed, tuple(status), cost, minimum)
