"""Exhaustive search by size: the smallest set, and the proof that there is none smaller."""

from typing import ClassVar

import torch
from pydantic import Field

from topple.explainers.base import Explainer, OnProgress, Proposals
from topple.explainers.search.by_history import Answers, propose_by_history
from topple.explainers.search.engine import Engine
from topple.explainers.search.enumeration import Enumeration
from topple.records.question import Goal
from topple.scoring.budget import Meter
from topple.scoring.encoding import EncodedQueries
from topple.scoring.recommender import Recommender
from topple.settings import Settings


class ExhaustiveSettings(Settings):
    """Settings of the exhaustive search."""

    largest: int | None = Field(default=3, ge=1)
    """Most items (or groups) of a set that is tried; None for all sizes."""
    whole: int = Field(default=15, ge=0)
    """Histories of up to this many items are enumerated whole, whatever `largest` says."""
    budget: int = Field(default=1_000_000, ge=1)
    """Scored histories a history; a size that does not fit into what is left is not begun."""


class Exhaustive(Explainer):
    """Try every set of one item, of two, and so on, all targets of a user at once, among the full catalogue in float64.

    The first size at which a set meets the goal is the smallest there is: a minimum (with costs, the sizes that could still
    hold a cheaper one are tried too). A history enumerated whole proves that there is none. Of equals the one with the
    largest margin is returned.
    Needs: nothing.  Cost: all sets of the sizes tried.  Random: no.
    """

    name = "exhaustive"
    settings_type: ClassVar = ExhaustiveSettings
    goals: ClassVar = frozenset(Goal)
    settings: ExhaustiveSettings

    def propose(
        self,
        recommender: Recommender,
        queries: EncodedQueries,
        on_progress: OnProgress | None = None,
        meter: Meter | None = None,
    ) -> Proposals:
        """Enumerate for each history."""
        return propose_by_history(recommender, queries, 1, self.search, on_progress, meter)

    def search(self, engine: Engine) -> Answers:
        """Enumerate for the one history of an engine."""
        grid, settings = engine.grid, self.settings
        sets, no = torch.zeros_like(grid.removable), torch.zeros_like(grid.asked)
        proven, spent = no.clone(), no.clone()
        for slots in grid.alike(0, grid.asked[0].nonzero()[:, 0]):
            enumeration = Enumeration(engine, 0, torch.zeros_like(sets[0]), no[0].index_fill(0, slots, True))
            units = len(enumeration.free)
            limits = (2**units, None) if units <= settings.whole else (settings.budget, settings.largest)
            done = enumeration.run(*limits)
            sets[0, slots], proven[0, slots], spent[0, slots] = done.sets[slots], done.proven[slots], done.spent[slots]
        return Answers(sets, proven, proven & ~sets.any(-1), spent)
