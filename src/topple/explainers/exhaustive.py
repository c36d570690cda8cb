"""Exhaustive search by size: the smallest set, and the proof that there is none smaller."""

from typing import ClassVar

import torch
from pydantic import Field

from topple.explainers.search.engine import Engine
from topple.explainers.search.enumeration import Enumeration
from topple.explainers.search.explainer import SetSearch
from topple.records.claims import Claims
from topple.records.question import Goal
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


class Exhaustive(SetSearch):
    """Try every set of one item, of two, and so on, all targets of a user at once, among the full catalogue in float64.

    The first size at which a set meets the goal is the smallest there is: a minimum (with costs, the sizes that could still
    hold a cheaper one are tried too). A history enumerated whole proves that there is none. Of equals the one with the
    largest margin is returned.
    Needs: nothing.  Cost: all sets of the sizes tried.  Random: no.
    """

    name = "exhaustive"
    settings_type: ClassVar = ExhaustiveSettings
    goals: ClassVar = frozenset(Goal)
    draws: ClassVar = False
    histories_at_once: ClassVar = 1
    settings: ExhaustiveSettings

    def may_learn(self, recommender: Recommender) -> bool:
        """Return that the method asks for scores alone."""
        return False

    def search(self, engine: Engine) -> Claims:
        """Enumerate for the one history of an engine."""
        table, settings = engine.table, self.settings
        claims = engine.claims(torch.zeros_like(table.removable))
        for columns in table.with_equal_choices(0, table.asked[0].nonzero()[:, 0]):
            asked = torch.zeros_like(table.asked[0]).index_fill(0, columns, True)
            enumeration = Enumeration(engine, 0, torch.zeros_like(table.removable[0]), asked)
            units = len(enumeration.free)
            limits = (2**units, None) if units <= settings.whole else (settings.budget, settings.largest)
            done = enumeration.run(*limits)
            claims.sets[0, columns] = done.sets[columns]
            claims.proven_below[0, columns] = done.proven_below[columns]
            claims.ended[0, columns] = done.ended[columns]
        return claims
