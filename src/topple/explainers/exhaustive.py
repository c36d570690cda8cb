"""Exhaustive search by size: the smallest set, and the proof that there is none smaller."""

from collections.abc import Iterator
from itertools import combinations, islice
from math import comb
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from topple.explainers.base import Explainer, OnProgress, Proposals
from topple.explainers.by_history import Answers, propose_by_history
from topple.explainers.engine import Engine
from topple.explanation import Status
from topple.recommenders.base import Recommender
from topple.recommenders.encoding import EncodedQueries
from topple.settings import Settings

SETS_AT_ONCE = 2048


class ExhaustiveSettings(Settings):
    """Settings of the exhaustive search."""

    largest: int | None = Field(default=3, ge=1)
    """Largest set that is tried; None for all sizes."""
    whole: int = Field(default=15, ge=0)
    """Histories of up to this many items are enumerated whole, whatever `largest` says."""
    budget: int = Field(default=1_000_000, ge=1)
    """Scored histories a history; a size that does not fit into what is left is not begun."""


class Exhaustive(Explainer):
    """Try every set of one item, of two, and so on, all targets of a user at once, among the full catalogue in float64.

    The first size at which a set topples the target is the smallest there is: a minimum. A history enumerated whole
    proves that nothing topples it. Of the sets of that size the one with the largest lead is returned.
    Needs: nothing.  Cost: all sets of the sizes tried.  Random: no.
    """

    name = "exhaustive"
    settings_type: ClassVar = ExhaustiveSettings
    settings: ExhaustiveSettings

    def propose(
        self, recommender: Recommender, queries: EncodedQueries, on_progress: OnProgress | None = None
    ) -> Proposals:
        """Enumerate for each history."""

        def search(engine: Engine) -> Answers:
            found, ended = self._enumerate(engine)
            return Answers(found, found.any(-1), ended)

        return propose_by_history(recommender, queries, 1, search, on_progress)

    def _enumerate(self, engine: Engine) -> tuple[Tensor, Status]:
        """Return the smallest sets of one history's targets, bool [1, T, H], and how the search ended for the others."""
        grid, settings = engine.grid, self.settings
        free = (grid.removable[0] & grid.asked[0, :, None]).any(0).nonzero()[:, 0]
        found = torch.zeros_like(grid.removable)
        whole = len(free) <= settings.whole
        last = len(free) if whole or settings.largest is None else min(settings.largest, len(free))
        left = settings.budget
        for size in range(1, last + 1):
            left -= comb(len(free), size)
            if left < 0 and not whole:
                return found, Status.BUDGET_SPENT
            open_ = grid.asked[0] & ~found[0].any(-1)
            if not open_.any():
                break
            self._try_size(engine, free, size, open_, found)
        return found, Status.IMPOSSIBLE if last == len(free) else Status.NOT_FOUND

    def _try_size(self, engine: Engine, free: Tensor, size: int, open_: Tensor, found: Tensor) -> None:
        """Try all sets of a size; write the best that topples each open target into `found`."""
        grid = engine.grid
        best = torch.zeros(len(open_), dtype=grid.histories.weights.dtype, device=free.device)
        row = torch.zeros(1, dtype=torch.int64, device=free.device)
        for sets in _sets(free, size, found.shape[-1]):
            leads = engine.leads(row, sets[None], full=True)[0]  # [S, T]
            barred = (sets[:, None] & ~grid.removable[0]).any(-1)
            lead, which = leads.masked_fill(barred | ~open_, -torch.inf).max(0)
            better = lead > best
            found[0, better] = sets[which[better]]
            best = torch.where(better, lead, best)
            engine.cost[0, open_] += len(sets)


def _sets(free: Tensor, size: int, places: int) -> Iterator[Tensor]:
    """Yield all sets of `size` of the free places, bool [sets, H], some at a time."""
    every = combinations(free.tolist(), size)
    while chosen := list(islice(every, SETS_AT_ONCE)):
        yield torch.zeros(len(chosen), places, dtype=torch.bool).scatter(1, torch.tensor(chosen), True).to(free.device)
