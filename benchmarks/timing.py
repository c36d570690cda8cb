"""What every measurement here stands on: one core, time of the processor, medians, memory, and what machine it was.

Time of the processor counts what the process did, whatever else the machine does; with one thread that is the time on a quiet core.
"""

import importlib.metadata
import math
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

HERE = Path(__file__).resolve().parents[1]
PACKAGES = ("torch", "numpy", "scipy", "numba")
Result = TypeVar("Result")


class Timed(NamedTuple):
    """What a call returned and took.

    Args:
        result: what it returned.
        seconds: of the processor.
        clock: of the clock.
    """

    result: Any
    seconds: float
    clock: float


def timed(call: Callable[[], object]) -> Timed:
    """Call and return what came of it."""
    clock, started = time.perf_counter(), time.process_time()
    result = call()
    return Timed(result, time.process_time() - started, time.perf_counter() - clock)


def repeated(call: Callable[[], object], times: int = 5, enough: float = math.inf) -> Timed:
    """Call so often, or until so many seconds were spent, and return the last result with the medians."""
    runs: list[Timed] = []
    while len(runs) < times and sum(run.seconds for run in runs) < enough:
        runs.append(timed(call))
    seconds = statistics.median(run.seconds for run in runs)
    return Timed(runs[-1].result, seconds, statistics.median(run.clock for run in runs))


def one_core() -> None:
    """Let torch compute with one thread; `benchmarks` says the same to BLAS and to compiled loops."""
    import torch

    torch.set_num_threads(1)


def peak() -> float:
    """Return the most memory that this process has held, in GiB.

    Linux hands the number that `getrusage` tells on to started processes; what /proc tells is of the program alone.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 2**20
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)


def mean(values: Iterable[float]) -> float:
    """Return the mean, NaN of nothing."""
    listed = list(values)
    return math.fsum(listed) / len(listed) if listed else math.nan


def ratios(this: Sequence[float], other: Sequence[float]) -> dict[str, float]:
    """Return the median, the least and the most of the ratios of pairs: runs that followed one another."""
    found = [a / b for a, b in zip(this, other, strict=True)]
    return {"ratio": statistics.median(found), "least": min(found), "most": max(found)}


def about(command: str) -> dict[str, Any]:
    """Return when, where and of what version something is measured."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": commit(HERE),
        "command": command,
        "machine": f"{processor()}, {platform.system()}",
        "cores": os.cpu_count(),
        "threads": 1,
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in PACKAGES},
    }


def processor() -> str:
    """Return the name of the processor, as far as it is known."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def commit(folder: Path) -> str:
    """Return the commit that a checkout is of, with a `+` where src differs from it; the name of a folder that is no checkout."""
    if git(folder, "rev-parse", "--show-toplevel") != str(folder.resolve()):
        return folder.name
    changed = git(folder, "status", "--porcelain", "--", "src")
    return git(folder, "rev-parse", "--short=10", "HEAD") + "+" * bool(changed)


def git(folder: Path, *words: str) -> str:
    """Return what git says about a folder, nothing where it fails."""
    try:
        done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=True)  # noqa: S607
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
