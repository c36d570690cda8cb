"""Kills a batch again and again, and goes on with it, until it is done."""

import os
import random
import re
import signal
import subprocess
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from benchmarks.chaotic.world import World, environment

POINTS = {"parent": 500, "worker": 160}
"""Changes of the file system among which an aimed kill is drawn."""
AIMS = (
    ("parent", "manifest.json", 12),
    ("worker", "write", 30),
    ("worker", "replace", 20),
    ("parent", "write", 30),
    ("parent", "replace", 30),
)
"""What half of the aimed kills are aimed at: the process, the call or the file, and among how many such changes."""
LONGEST = {"local": 8.0, "ray": 40.0, "spark": 30.0}
"""Seconds within which a kill that is not aimed comes, of the parent; of a worker it comes once one has written a shard."""


class Run(NamedTuple):
    """How one run ended: its exit code, what it said, and what was killed, if anything."""

    code: int
    said: str
    hit: str


class Killer:
    """Kills batches of an engine; the draws depend on the seed alone, what they hit on the machine too."""

    def __init__(self, world: World, seed: int, engine: str = "local") -> None:
        self.world, self.engine, self.draw, self.aims = world, engine, random.Random(f"{seed}-{engine}"), 0  # noqa: S311

    def until_done(self, out: Path, most: int) -> Counter[str]:
        """Kill one batch at most so many times, and go on with it to its end; return the kills by what they hit.

        Raises:
            RuntimeError: it ended with an error.
        """
        hits: Counter[str] = Counter()
        while True:
            if hits.total() >= most:
                found = self._run(out)
            elif self.engine != "local":
                found = self._worker_of_engine(out)
            elif self.draw.random() < 0.5:
                found = self._aimed(out)
            else:
                found = self._any_time(out)
            if found.hit:
                hits[found.hit] += 1
            if found.code == 0:
                return hits
            if found.code != -signal.SIGKILL:
                raise RuntimeError(f"{out}: the batch ended with {found.code}: {found.said}")

    def _begun(self, out: Path, **told: str) -> subprocess.Popen[str]:
        command = self.world.arguments(out, self.engine, more=["--resume"])
        return subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment(**told)
        )

    def _run(self, out: Path, **told: str) -> Run:
        process = self._begun(out, **told)
        said = process.communicate()[1]
        return Run(process.returncode, said, "")

    def _aimed(self, out: Path) -> Run:
        """Kill the parent or a worker at a change of the file system."""
        any_change = [(role, "", points) for role, points in POINTS.items()]
        role, aim, points = self.draw.choice(AIMS if self.draw.random() < 0.5 else any_change)
        self.aims += 1
        mark = self.world.folder / f"mark-{self.aims}"
        told = {"CHAOS_ROLE": role, "CHAOS_AIM": aim, "CHAOS_POINT": str(self.draw.randrange(points))}
        found = self._run(out, CHAOS_MARK=str(mark), **told)
        return found._replace(hit=f"{role} at {moment(mark.read_text(), out)}" if mark.exists() else "")

    def _any_time(self, out: Path) -> Run:
        """Kill the parent or a worker after some seconds."""
        role, after = self.draw.choice([*POINTS]), self.draw.uniform(0.5, LONGEST[self.engine])
        process = self._begun(out)
        with suppress(subprocess.TimeoutExpired):
            process.wait(after)
        if process.poll() is None:
            targets = [process.pid] if role == "parent" else workers_of(process.pid)
            for target in self.draw.sample(targets, min(1, len(targets))):
                with suppress(ProcessLookupError):
                    os.kill(target, signal.SIGKILL)
                return Run(*self._ended(process), f"{role} at any time")
        return Run(*self._ended(process), "")

    def _worker_of_engine(self, out: Path) -> Run:
        """Kill the worker of Ray or Spark that wrote a shard last."""
        process, before, hit = self._begun(out), set(out.glob("done/*.json")), ""
        wanted = self.draw.randrange(1, 5)
        while process.poll() is None and not hit:
            time.sleep(0.02)
            fresh = sorted({*out.glob("done/*.json")} - before, key=lambda path: path.stat().st_mtime_ns)
            if len(fresh) >= wanted:
                worker = int(re.findall(r'"worker": "[^"]*:(\d+)"', fresh[-1].read_text())[0])
                with suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGKILL)
                    hit = "worker at any time"
        return Run(*self._ended(process), hit)

    @staticmethod
    def _ended(process: subprocess.Popen[str]) -> tuple[int, str]:
        said = process.communicate()[1]
        return process.returncode, said


def workers_of(parent: int) -> list[int]:
    """Return the worker processes of a batch of the executor `local`."""
    found = []
    for thread in Path(f"/proc/{parent}/task").glob("*/children"):
        with suppress(OSError):
            for child in thread.read_text().split():
                if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text():
                    found.append(int(child))
    return sorted({*found})


def moment(mark: str, out: Path) -> str:
    """Return what a kill was aimed at, in words: the call, and the part of the batch."""
    call, _, paths = mark.partition(" ")
    part = re.search(rf"{re.escape(out.name)}/\.?(\w+)", paths)
    return f"{call} of {part[1]}" if part else call
