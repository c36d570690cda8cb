"""The deadline of a call: what part of the time goes to the list, to the search and to verification."""

import math
import time

from topple.scoring.budget import Meter
from topple.scoring.pace import Pace

FOR_LISTS = 0.25
"""Share of the time that the lists of histories answered together may be expected to take; the first is answered alone."""
ROWS_A_QUERY = 2
"""Changed histories a query that the judge is expected to score: the search has scored most of what the judge asks for."""
MOST_RESERVED, FOR_THE_REST = 0.5, 0.2
"""Shares of the time that is left: what is kept back for verification at most, and for what takes time there besides scoring."""
TIMES_THE_LIST = 6
"""What takes time besides scoring is expected to take so many times what it took to make the list, at most."""


class Deadline:
    """When the answers of a call are due, by `time.perf_counter`; without a limit in seconds nothing is ever due.

    The queries of a call have `seconds` each, in sum; those that are answered together have their part, and what is left of it in
    the call.

    Args:
        meter: of the run; the end of the searches is set there.
        queries: how many the call asks.
        since: when the call was begun.
    """

    def __init__(self, meter: Meter, queries: int, since: float) -> None:
        self.meter, self._began, self._start = meter, since, since
        self._due = self._call_due = min(self._after(since, queries), self._total())

    def _after(self, start: float, queries: int) -> float:
        seconds = self.meter.budget.seconds
        return math.inf if seconds is None else start + seconds * queries

    def _total(self) -> float:
        seconds = self.meter.budget.total_seconds
        return math.inf if seconds is None else self.meter.started + seconds

    @property
    def over(self) -> bool:
        """Whether the time of the call is over, or nobody waits for the answers any more."""
        stopped = self.meter.stopped
        return time.perf_counter() >= self._call_due or (stopped is not None and stopped())

    def histories(self, most: int, queries_each: int) -> int:
        """Return how many of the next histories are answered together; 1 before it is known what scoring one takes."""
        meter = self.meter
        if not meter.timed:
            return most
        if not meter.a_history:
            return 1
        total = (self._call_due - time.perf_counter()) * FOR_LISTS / meter.a_history
        seconds = meter.budget.seconds
        if seconds is not None and meter.a_history > FOR_LISTS * seconds * queries_each:
            return 1
        return max(1, min(most, int(total) if math.isfinite(total) else most))

    def begin(self, queries: int) -> None:
        """Begin queries that are answered together."""
        if self.meter.timed:
            self._start = self._began if not self.meter.a_history else time.perf_counter()
            self._due = min(self._after(self._start, queries), self._call_due)

    def listed(self, histories: int, seconds: float, queries: int) -> None:
        """Take note of what scoring the unchanged histories took, and keep back what verifying the answers will take."""
        if not self.meter.timed:
            return
        self.meter.a_history = seconds / histories
        now = time.perf_counter()
        left = max(0.0, self._due - now)
        rest = min(FOR_THE_REST * left, TIMES_THE_LIST * (now - self._start))
        reserved = ROWS_A_QUERY * queries * self.meter.a_history + rest
        capped = max(min(reserved, MOST_RESERVED * left), min(self.meter.a_history, left))  # a history at least
        self.meter.searches_end = self._due - capped

    def pace(self) -> Pace | None:
        """Return the pace of verification; None without a limit."""
        return self.meter.pace(self._due)
