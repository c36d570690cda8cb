"""How a case ended, and the clock that ends one that hangs."""

import contextlib
import re
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from typer.testing import CliRunner

from topple.cli.app import app
from topple.cli.shared.guarding import FAULT
from topple.errors import LONGEST, ToppleError

FINE, REFUSED, MEMORY, LAST_LINE, HANG, TEXT = (
    "fine",
    "refused",
    "memory",
    "last line of defence",
    "hang",
    "unreadable text",
)
BAD = (LAST_LINE, HANG, TEXT)
SECONDS = 60
"""After so many seconds, a case hangs."""
UNREADABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass
class Tally:
    """Counts of outcomes, and what went wrong."""

    counts: Counter[str] = field(default_factory=Counter)
    bad: list[tuple[str, str, str]] = field(default_factory=list)
    """Outcome, case, and what was said."""

    def add(self, outcome: str, case: str, said: str) -> None:
        self.counts[outcome] += 1
        if outcome in BAD:
            self.bad.append((outcome, case, said))


class Hang(BaseException):
    """Raised by the clock; no `except Exception` stops it."""


@contextlib.contextmanager
def clock(seconds: int = SECONDS):
    def ring(*_: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def command(arguments: list[str]) -> tuple[str, str]:
    """Run a command line in this process."""
    try:
        with clock():
            result = CliRunner().invoke(app, arguments)
    except Hang:
        return HANG, f"more than {SECONDS} s"
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        if isinstance(result.exception, Hang):
            return HANG, f"more than {SECONDS} s"
        return LAST_LINE, f"not guarded: {type(result.exception).__name__}: {result.exception}"
    return judged(result.exit_code, result.output)


def judged(code: int, output: str) -> tuple[str, str]:
    """Return how a command ended that left this code and this output."""
    told = next((line for line in output.splitlines() if FAULT in line), "")
    if told or "Traceback (most recent call last)" in output:
        return LAST_LINE, told or output[-300:]
    found = UNREADABLE.search(output)
    if found:
        return TEXT, f"{found[0]!r} in the output"
    if code == 2 and len(output) > 5 * LONGEST:
        return TEXT, f"a message of {len(output):,} characters"
    if "memory ran out" in output:
        return MEMORY, ""
    return {0: FINE, 2: REFUSED}.get(code, FINE), ""


def call(ask: Callable[[], Any]) -> tuple[str, str]:
    """Call something of the API."""
    try:
        with clock():
            ask()
    except ToppleError as error:
        long = len(str(error)) > LONGEST + 100
        return (TEXT, f"a message of {len(str(error)):,} characters") if long else (REFUSED, "")
    except Hang:
        return HANG, f"more than {SECONDS} s"
    except MemoryError:
        return MEMORY, ""
    except Exception as error:  # noqa: BLE001 # what is looked for
        return LAST_LINE, f"{type(error).__name__}: {error}"
    return FINE, ""
