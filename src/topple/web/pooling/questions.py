"""A question of a client: what is asked, of which model, with which method, and until when."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from topple.api.answers.asked import Asked
from topple.api.effort import with_effort
from topple.api.explaining import fitting_explainer
from topple.explainers.base import Explainer
from topple.records.answer import Explanation
from topple.records.effort import Effort
from topple.scoring.budget import Budget
from topple.web.models import ServedModel

SAME_TIME = 2.0
"""Questions are answered together where the time that one has left is at most so many times that of the other."""


@dataclass(frozen=True, eq=False)
class How:
    """How questions are answered: those of one model with equal keys are answered together.

    Args:
        method: the explainer.
        budget: limits of a query, none in seconds.
        key: equal for equal methods, settings and budgets.
        quick: whether nothing is proven, so that nobody waits long behind it.
    """

    method: Explainer
    budget: Budget
    key: tuple[object, ...]
    quick: bool

    @classmethod
    def of(
        cls,
        model: ServedModel,
        explainer: str = "auto",
        effort: Effort | None = None,
        settings: Mapping[str, Any] | None = None,
        scored: int | None = None,
    ) -> "How":
        """Return how a request is answered; the arguments are those of `topple.explain`.

        Raises:
            UnknownNameError, SettingsError, CapabilityError.
        """
        asked = (explainer, effort)
        remembered = settings is None and scored is None  # of what else a client may ask there is no end
        if remembered and asked in model.ways:
            known: How = model.ways[asked]
            return known
        given, budget = with_effort(effort, explainer, settings, {} if scored is None else {"scored": scored})
        method = fitting_explainer(model.recommender, explainer, given)
        key = (id(model), method.name, json.dumps(method.settings.model_dump(mode="json"), sort_keys=True), budget)
        found = cls(method, budget, key, effort is Effort.INSTANT)
        if remembered:
            model.ways[asked] = found
        return found


@dataclass(eq=False)
class Question:
    """What one client asks, and who waits for the answers.

    Args:
        model: what is asked.
        how: how it is answered.
        asked: a history, or several.
        due: when the answers are due, by `time.perf_counter`; None: no deadline.
        answered: takes the answers.
        left: the client waits no more.
    """

    model: ServedModel
    how: How
    asked: Sequence[Asked]
    due: float | None = None
    answered: "asyncio.Future[list[list[Explanation]]]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    left: bool = False

    @property
    def seconds(self) -> float | None:
        """Seconds that are left, at least a thousandth; None without a deadline."""
        return None if self.due is None else max(0.001, self.due - time.perf_counter())

    def goes_with(self, other: "Question") -> bool:
        """Return whether two questions can be answered together, so that neither is cut short by the deadline of the other."""
        if self.how.key != other.how.key or (self.due is None) != (other.due is None):
            return False
        first, second = self.seconds, other.seconds
        return first is None or second is None or max(first, second) <= SAME_TIME * min(first, second)
