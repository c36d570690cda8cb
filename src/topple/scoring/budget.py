"""What a search may spend, and what it has spent."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from pydantic import Field
from torch import Tensor

from topple.scoring.pace import Pace
from topple.settings import Settings


class Budget(Settings):
    """What explaining may cost; when it is spent, a search ends with the best set that it has.

    A limit in scored histories gives the same answers on every machine; one in seconds, or one in all, does not, and with
    these an answer depends on what else is asked.
    """

    scored: int | None = Field(default=None, ge=1)
    """Scored histories of a query; one that serves several queries counts for each. It may be passed by one step."""
    seconds: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Seconds of a query, with the list, the search and the verification: those that are answered together share the sum."""
    total_scored: int | None = Field(default=None, ge=1)
    """Scored histories in all, each counted once."""
    total_seconds: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Seconds in all."""


@dataclass(eq=False)
class Meter:
    """Counts what a run spends, and says when it is over.

    Args:
        budget: the limits.
        scored: histories that were scored.
        started: when the run was begun.
    """

    budget: Budget = field(default_factory=Budget)
    scored: int = 0
    started: float = field(
        default_factory=lambda: time.perf_counter()
    )  # looked up late, so that a test can set the clock
    searches_end: float = math.inf
    """When the searches in progress end: what verifying takes is kept back until then."""
    a_history: float = 0.0
    """Seconds that scoring an unchanged history took; 0: not known."""
    stopped: Callable[[], bool] | None = None
    """Asked now and then whether nobody waits for the answers any more; searches then end with what they have."""

    @property
    def limited(self) -> bool:
        """Whether there is any limit on what may be spent, or somebody who may stop it."""
        return self.stopped is not None or self.budget != Budget()

    @property
    def over(self) -> bool:
        """Whether the budget in all is spent, or nobody waits any more."""
        if self.stopped is not None and self.stopped():
            return True
        budget = self.budget
        late = budget.total_seconds is not None and time.perf_counter() - self.started >= budget.total_seconds
        return late or (budget.total_scored is not None and self.scored >= budget.total_scored)

    @property
    def timed(self) -> bool:
        """Whether there is a limit in seconds."""
        return self.budget.seconds is not None or self.budget.total_seconds is not None

    def pace(self, ends: float) -> Pace | None:
        """Return the pace to score with until the time is over; None without a limit, and where nobody may stop it."""
        ends = ends if self.timed else math.inf
        return Pace(ends, self.a_history, stopped=self.stopped) if self.timed or self.stopped is not None else None

    @property
    def late(self) -> bool:
        """Whether the budget in all, or the time for the searches in progress, is spent."""
        return self.over or (self.timed and time.perf_counter() >= self.searches_end)

    def account(self, queries: int, device: torch.device | None = None) -> "Account":
        """Open the account of queries that are answered together, and start to take their time."""
        return Account(self, torch.zeros(queries + 1, dtype=torch.int64, device=device), time.perf_counter())


@dataclass(frozen=True, eq=False)
class Account:
    """What N queries that are answered together have spent: each query as if it were alone, the run what was scored.

    Args:
        meter: of the run.
        cost: scored histories of each query, int64 [N + 1]; the last number is of no query and is never read.
        started: when the queries were begun.
    """

    meter: Meter
    cost: Tensor
    started: float

    def charge(self, query: Tensor, scored: Tensor | int) -> None:
        """Charge queries, by number [M], with so many scored histories each [M]; a query may be there more than once."""
        amounts = scored if isinstance(scored, Tensor) else torch.full_like(query, scored)
        self.cost.index_add_(0, query, amounts)

    @property
    def late(self) -> bool:
        """Whether the time of the queries, or what is left in all, is spent."""
        return self.meter.late or (self.meter.timed and time.perf_counter() >= self._ends)

    @property
    def _ends(self) -> float:
        """When the time for the queries is over; infinite without a limit."""
        budget, ends = self.meter.budget, [self.meter.searches_end]
        if budget.seconds is not None:
            ends.append(self.started + budget.seconds * (len(self.cost) - 1))
        if budget.total_seconds is not None:
            ends.append(self.meter.started + budget.total_seconds)
        return min(ends)

    def pace(self) -> Pace | None:
        """Return the pace to score with until the time for the queries is over; None without a limit."""
        return self.meter.pace(self._ends)

    def spent(self, query: Tensor, more: Tensor | int = 0) -> Tensor:
        """Return which queries, by number, may spend no more once they have spent so much more; bool, of their shape."""
        if self.late:
            return torch.ones_like(query, dtype=torch.bool)
        scored = self.meter.budget.scored
        return torch.zeros_like(query, dtype=torch.bool) if scored is None else self.cost[query] + more >= scored

    def left(self, query: int) -> float:
        """Return how many scored histories a query may still spend; infinite without a limit."""
        scored = self.meter.budget.scored
        return math.inf if scored is None else scored - int(self.cost[query])

    def countdown(self) -> Callable[[], float]:
        """Return a countdown for one query that begins now: seconds left of its own, and in all; infinite without a limit.

        For work that cannot be asked in between whether it is late: one hard query then leaves the others their time.
        """
        seconds = self.meter.budget.seconds
        end = self._ends if seconds is None else min(self._ends, time.perf_counter() + seconds)
        return lambda: end - time.perf_counter()
