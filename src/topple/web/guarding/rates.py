"""How many requests come from whom: a bucket for each, filled at the rate."""

import time
from collections import OrderedDict
from collections.abc import Callable

REMEMBERED = 10_000
"""Clients that are remembered; who was not seen for longest is forgotten first, and has a full bucket again."""


class Rates:
    """Counts requests by client.

    Args:
        burst: requests that may come at once.
        clock: tells the time in seconds.
    """

    def __init__(self, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.burst, self._clock = burst, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str, rate: float | None) -> float:
        """Count a request of a client, and return 0; where too many came, return the seconds until the next may come."""
        if rate is None:
            return 0.0
        now = self._clock()
        full, seen = self._buckets.pop(client, (float(self.burst), now))
        left = min(float(self.burst), full + (now - seen) * rate)
        wait = 0.0 if left >= 1 else (1 - left) / rate
        self._buckets[client] = (left - 1 if left >= 1 else left, now)
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        return wait
