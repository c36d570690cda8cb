"""One budget of memory for all that works on many numbers at a time; chunks become smaller where it runs out all the same.

The budget is an upper bound: no answer depends on it. Below it, chunks have the sizes that were measured to be fast.
"""

import os
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import torch

from topple.errors import SettingsError
from topple.inputs import bytes_of
from topple.scoring.pace import current_pace

VARIABLE = "TOPPLE_MEMORY"
"""The environment variable that sets the budget, such as `2GB` or `512MiB`."""
SHARE = 4
"""Without the variable, one part in so many of the memory that is available is the budget, within the next two bounds."""
SMALLEST, LARGEST = 2**28, 2**32
"""256 MiB and 4 GiB: the bounds of a budget that nobody set."""
NUMBER = 8
"""Bytes of a number: all are counted as float64."""
TOGETHER = 8
"""Arrays as large as the one that is asked about, that are alive together: sorted, compared, masked, and what they come from."""
CHUNK = 4_000_000
"""Numbers of an array that is worked on at a time: with more, nothing measured was faster."""
CACHED = 131_072
"""Numbers of an array that stays in the cache over several steps."""
HELD = 16_000_000
"""Numbers of a table that is held dense for what follows: a larger one is slower to read than its parts are to make anew."""
POSITIONS = 16_384
"""Padded positions of histories that are worked on at a time."""
A_POSITION = 600
"""Numbers that are expected of a padded position: a hidden layer."""
HISTORIES = 128
"""Histories that are answered together: with more, nothing is faster, and the first answer comes later."""

_UNITS = {"B": 1} | {
    name: base**power
    for letters, base in (("kB MB GB TB", 1000), ("KiB MiB GiB TiB", 1024))
    for power, name in enumerate(letters.split(), 1)
}


def memory_budget() -> int:
    """Return the budget in bytes: what `TOPPLE_MEMORY` says, or else a quarter of what was available, 256 MiB to 4 GiB.

    Raises:
        SettingsError: a value that is no amount of memory.
    """
    text = os.environ.get(VARIABLE, "")
    return parsed(text) if text else _default()


@cache
def parsed(text: str) -> int:
    """Return an amount of memory in bytes: a number above 0 and a unit, B, kB, MB, GB, TB, KiB, MiB, GiB or TiB.

    Raises:
        SettingsError: anything else.

    Example:
        >>> parsed("512MiB"), parsed("1.5 GB")
        (536870912, 1500000000)
    """
    size = bytes_of(text.lower(), {unit.lower(): base for unit, base in _UNITS.items()})
    if size is None:
        raise SettingsError(
            f"{VARIABLE}={text[:40]!r} is no amount of memory: a number above 0 and one of the units {', '.join(_UNITS)}. Set "
            f"it to an amount such as 2GB or 512MiB, or unset it: then a part of what is available is taken."
        )
    return size


def rows_at_once(numbers: int, most: int = CHUNK) -> int:
    """Return how many rows of so many numbers are worked on at a time: at least 1, `most` numbers in all, within the budget."""
    return max(1, min(most, memory_budget() // (NUMBER * TOGETHER)) // max(1, numbers))


def may_hold(numbers: int) -> bool:
    """Return whether a table of so many numbers is held for what follows."""
    return numbers <= min(HELD, memory_budget() // (NUMBER * TOGETHER))


def positions_at_once() -> int:
    """Return how many padded positions of histories are worked on at a time."""
    return min(POSITIONS, rows_at_once(A_POSITION, POSITIONS * A_POSITION))


def histories_at_once(items: int) -> int:
    """Return how many histories are answered together, each with a score for every item of the catalogue."""
    return min(HISTORIES, rows_at_once(items, HISTORIES * items))


def in_chunks(total: int, at_once: int, work: Callable[[slice], None], histories: int = 0) -> None:
    """Do a few rows at a time; where memory runs out, do the same rows again in halves, down to one row.

    Args:
        total: how many rows there are.
        at_once: how many to begin with, at least 1.
        work: called with the rows to do; doing a row twice must do no harm.
        histories: how many histories a row scores; 0: none, and no deadline is kept.

    Raises:
        TimeIsUpError: there is a deadline, and it is over before all histories are scored.
    """
    start, pace = 0, current_pace() if histories else None
    while start < total:
        fit = at_once if pace is None else max(1, pace.histories((total - start) * histories) // histories)
        rows, began = slice(start, min(start + at_once, start + fit, total)), time.perf_counter()
        try:
            work(rows)
            start = rows.stop
            if pace is not None:
                pace.took((rows.stop - rows.start) * histories, time.perf_counter() - began)
        except (MemoryError, RuntimeError) as error:
            at_once = (rows.stop - rows.start) // 2
            if not at_once or not is_out_of_memory(error):
                raise
            torch.cuda.empty_cache()


def is_out_of_memory(error: Exception) -> bool:
    """Return whether memory ran out; on a CPU, torch says so in the text of a RuntimeError alone."""
    return isinstance(error, MemoryError | torch.cuda.OutOfMemoryError) or "can't allocate memory" in str(error)


@cache
def _default() -> int:
    """Return the budget that nobody set; looked up once a process."""
    return min(max(_available() // SHARE, SMALLEST), LARGEST)


def _available() -> int:
    """Return the bytes that this process may still take, as far as the system tells; 0 where it tells nothing."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        available = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        try:
            available = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        except (AttributeError, OSError, ValueError):  # Windows
            return 0
    try:  # a container
        return min(available, int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    except (OSError, ValueError):  # none, or "max"
        return available
