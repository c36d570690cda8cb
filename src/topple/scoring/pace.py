"""Keeping to a deadline while a model is asked: how many histories go into the next call, and when no call is begun any more.

Without a deadline, and without anybody who may stop the work, nothing here is in force.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from torch import Tensor

SHARE = 0.5
"""Share of the time that is left that one call may be expected to take."""
WORTH_BEGINNING = 0.5
"""Share of the time of a history that must be left for one more to be begun."""
GROWTH = 8
"""A call holds at most so many times the histories of the largest before: small calls tell little of the time of large ones."""


class TimeIsUpError(Exception):
    """The time is over before histories are scored; searches and the judge end with what they have. It never leaves the library."""


@dataclass(eq=False)
class Pace:
    """What scoring a history takes, and until when histories are scored.

    Args:
        ends: when no call is begun any more, by `time.perf_counter`; infinite: whenever.
        a_history: seconds that a history took when it was last measured; 0: not known, and the next call holds one history.
        most: how many histories the largest call held.
        stopped: says whether nobody waits for the answers any more, which ends the work as the end of the time does.
    """

    ends: float
    a_history: float = 0.0
    most: int = 1
    stopped: Callable[[], bool] | None = None

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self.ends - time.perf_counter()

    def histories(self, wanted: int) -> int:
        """Return how many of the histories that are wanted go into the next call.

        Raises:
            TimeIsUpError: no time is left, or clearly less than a history takes, or nobody waits.
        """
        if self.stopped is not None and self.stopped():
            raise TimeIsUpError
        if math.isinf(self.ends):
            return wanted
        left = self.left
        if left <= 0 or left < WORTH_BEGINNING * self.a_history:
            raise TimeIsUpError
        fit = int(SHARE * left / self.a_history) if self.a_history > 0 else 1
        return max(1, min(wanted, fit, GROWTH * self.most))

    def took(self, histories: int, seconds: float) -> None:
        """Take note of what a call of so many histories took."""
        self.a_history, self.most = seconds / histories, max(self.most, histories)


_CURRENT: ContextVar[Pace | None] = ContextVar("pace", default=None)


def current_pace() -> Pace | None:
    """Return the pace that this thread keeps; None without a deadline."""
    return _CURRENT.get()


@contextmanager
def paced(pace: Pace | None) -> Iterator[None]:
    """Keep a pace while the block runs; None: no deadline."""
    token = _CURRENT.set(pace)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def in_time(cells: Tensor) -> Iterator[Tensor]:
    """Yield the histories of a table, numbers [R, S], as many columns at a time as the time allows; all without a deadline.

    Raises:
        TimeIsUpError: there is a deadline, and it is over.
    """
    pace, start = _CURRENT.get(), 0
    while start < cells.shape[1]:
        rows, left = len(cells), cells.shape[1] - start
        fit = left if pace is None else max(1, pace.histories(rows * left) // max(1, rows))
        yield cells[:, start : start + fit]
        start += fit


def go_on() -> None:
    """End here where the time is over.

    Raises:
        TimeIsUpError: no time is left.
    """
    pace = _CURRENT.get()
    if pace is not None:
        pace.histories(1)
