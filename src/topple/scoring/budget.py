"""What a search may spend, and what it has spent."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from pydantic import Field
from torch import Tensor

from topple.settings import Settings


class Budget(Settings):
    """What explaining may cost; when it is spent, a search ends with the best set that it has.

    A limit in scored histories gives the same answers on every machine; one in seconds, or one in all, does not, and with
    these an answer depends on what else is asked.
    """

    scored: int | None = Field(default=None, ge=1)
    """Scored histories of a query; one that serves several queries counts for each. It may be passed by one step."""
    seconds: float | None = Field(default=None, gt=0)
    """Seconds of a query: those that are answered together share the sum."""
    total_scored: int | None = Field(default=None, ge=1)
    """Scored histories in all, each counted once."""
    total_seconds: float | None = Field(default=None, gt=0)
    """Seconds in all."""


@dataclass(eq=False)
class Meter:
    """Counts what a run spends, and says when it is over.

    Args:
        budget: the limits.
    """

    budget: Budget = field(default_factory=Budget)
    scored: int = 0
    started: float = field(default_factory=time.perf_counter)

    @property
    def over(self) -> bool:
        """Whether the budget in all is spent."""
        budget = self.budget
        late = budget.total_seconds is not None and time.perf_counter() - self.started >= budget.total_seconds
        return late or (budget.total_scored is not None and self.scored >= budget.total_scored)

    def begin(self, queries: int) -> "Clock":
        """Start the clock of some queries that are answered together."""
        return Clock(self, queries, time.perf_counter())


@dataclass(frozen=True, eq=False)
class Clock:
    """The time of some queries that are answered together."""

    meter: Meter
    queries: int
    started: float

    @property
    def late(self) -> bool:
        """Whether their time, or what is left in all, is spent."""
        seconds = self.meter.budget.seconds
        passed = seconds is not None and time.perf_counter() - self.started >= seconds * self.queries
        return passed or self.meter.over

    def countdown(self) -> Callable[[], float]:
        """Return a countdown for one query that begins now: seconds left of its own, and in all; infinite without a limit.

        For work that cannot be asked in between whether it is late: one hard query then leaves the others their time.
        """
        budget, now = self.meter.budget, time.perf_counter()
        ends = [] if budget.seconds is None else [now + budget.seconds, self.started + budget.seconds * self.queries]
        if budget.total_seconds is not None:
            ends.append(self.meter.started + budget.total_seconds)
        end = min(ends, default=math.inf)
        return lambda: end - time.perf_counter()

    def spent(self, cost: Tensor) -> Tensor:
        """Return which queries may spend no more, given what each has cost in scored histories."""
        if self.late:
            return torch.ones_like(cost, dtype=torch.bool)
        scored = self.meter.budget.scored
        return torch.zeros_like(cost, dtype=torch.bool) if scored is None else cost >= scored
