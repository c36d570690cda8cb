"""Greedy search over single removals, pruned to a minimal set."""

from typing import ClassVar

from pydantic import Field

from topple.explainers.base import Explainer, OnProgress, Proposals
from topple.explainers.search.by_history import Answers, propose_by_history
from topple.explainers.search.engine import Engine
from topple.explainers.search.subset_search import grow_and_prune
from topple.records.question import Goal
from topple.scoring.budget import Meter
from topple.scoring.encoding import EncodedQueries
from topple.scoring.recommender import Recommender
from topple.settings import Settings

HISTORIES_AT_ONCE = 64


class GreedySettings(Settings):
    """Settings of the greedy search."""

    width: int = Field(default=12, ge=1)
    """Items tried in each step; twice as many for goals other than `necessary`."""
    largest: int = Field(default=50, ge=1)
    """Largest set that is tried."""


class Greedy(Explainer):
    """Name the item that brings the target nearest to its goal, until it is met; then give back what is not needed.

    Every set is settled by the full catalogue in float64 and is minimal: no single item of it can be given back. With
    costs, what an item brings counts by what it costs.
    Needs: nothing.  Cost: the history once, then `width` a step.  Random: no.
    """

    name = "greedy"
    settings_type: ClassVar = GreedySettings
    goals: ClassVar = frozenset(Goal)
    settings: GreedySettings

    def propose(
        self,
        recommender: Recommender,
        queries: EncodedQueries,
        on_progress: OnProgress | None = None,
        meter: Meter | None = None,
    ) -> Proposals:
        """Search for all queries, those of a history together."""

        def search(engine: Engine) -> Answers:
            found, _ = grow_and_prune(engine, width=self.settings.width, most=self.settings.largest)
            return Answers(found.removed)

        return propose_by_history(recommender, queries, HISTORIES_AT_ONCE, search, on_progress, meter)
