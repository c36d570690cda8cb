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
        seconds = self.meter.budget.seconds
        passed = seconds is not None and time.perf_counter() - self.started >= seconds * (len(self.cost) - 1)
        return passed or self.meter.over

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
        budget, now = self.meter.budget, time.perf_counter()
        queries = len(self.cost) - 1
        ends = [] if budget.seconds is None else [now + budget.seconds, self.started + budget.seconds * queries]
        if budget.total_seconds is not None:
            ends.append(self.meter.started + budget.total_seconds)
        end = min(ends, default=math.inf)
        return lambda: end - time.perf_counter()
