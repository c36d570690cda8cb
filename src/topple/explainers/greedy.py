"""Greedy search over single removals, pruned to a minimal set."""

from typing import ClassVar

from pydantic import Field

from topple.explainers.compiled import compiled_search
from topple.explainers.search.engine import Engine
from topple.explainers.search.explainer import SetSearch
from topple.explainers.search.growing import grow_and_prune
from topple.records.claims import Claims
from topple.records.question import Goal
from topple.scoring.recommender import Recommender
from topple.settings import Settings


class GreedySettings(Settings):
    """Settings of the greedy search."""

    width: int = Field(default=6, ge=1)
    """Items tried in each step; four times as many for goals other than `necessary`."""
    largest: int = Field(default=50, ge=1)
    """Largest set that is tried."""


class Greedy(SetSearch):
    """Name the item that brings the target nearest to its goal, until it is met; then give back what is not needed.

    Every set is settled by the full catalogue in float64 and is minimal: no single item of it can be given back. With
    costs, what an item brings counts by what it costs.
    Needs: nothing.  Cost: the history once, then `width` a step.  Random: no.
    """

    name = "greedy"
    settings_type: ClassVar = GreedySettings
    goals: ClassVar = frozenset(Goal)
    draws: ClassVar = False
    settings: GreedySettings

    def may_learn(self, recommender: Recommender) -> bool:
        """Return that the method asks for scores alone."""
        return False

    def search(self, engine: Engine) -> Claims:
        """Search for the targets of an engine."""
        limits = {"width": self.settings.width, "most": self.settings.largest}
        small_sets = compiled_search(engine)
        return engine.claims(small_sets(engine, **limits) if small_sets else grow_and_prune(engine, **limits)[0])
