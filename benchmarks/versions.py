"""Versions of topple that stand ready, each in a process of its own, and are asked in turn."""

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks import VARIABLES
from benchmarks.timing import HERE, commit, git

KEPT = HERE / "build" / "versions"
"""Where the source of earlier versions is kept, with what numba compiled of it."""


class VersionError(RuntimeError):
    """A version that is not there, or that failed at what it was asked."""


class Version:
    """A running process of one version.

    Args:
        checkout: a folder with src/topple.
    """

    def __init__(self, checkout: Path) -> None:
        self.name = commit(checkout)
        paths = os.pathsep.join([str(checkout / "src"), str(HERE)])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker"],
            cwd=HERE,
            env={**os.environ, **VARIABLES, "PYTHONPATH": paths},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.started = self.ask("start")
        if Path(self.started["source"]) != checkout.resolve() / "src" / "topple":
            raise VersionError(
                f"{self.started['source']} was loaded, wanted {checkout}/src/topple. Uninstall the other."
            )

    def ask(self, do: str, **what: Any) -> dict[str, Any]:
        """Have something done and return what is answered.

        Raises:
            VersionError: it failed, or the process ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **what}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError:
            line = ""
        if not line:
            raise VersionError(f"the process of {self.name} ended during {do!r}. What it said is above.")
        told: dict[str, Any] = json.loads(line)
        if "error" in told:
            raise VersionError(f"{self.name} failed at {do!r}: {told['error']}")
        return told

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(OSError):  # what was not sent any more
                pipe.close()


@contextmanager
def running(checkouts: Mapping[str, Path]) -> Iterator[dict[str, Version]]:
    """Start a process a version, and end them all."""
    found: dict[str, Version] = {}
    try:
        for name, checkout in checkouts.items():
            found[name] = Version(checkout)
        yield found
    finally:
        for version in found.values():
            version.close()


def checkout_of(version: str) -> Path:
    """Return a folder with the source of a version: a checkout, or a revision of this repository.

    A revision is unpacked once, under build/versions, so that compiled loops stay compiled.

    Raises:
        VersionError: it is neither.
    """
    folder = Path(version)
    if folder.is_dir():
        if not (folder / "src" / "topple").is_dir():
            raise VersionError(
                f"{version} has no src/topple. Give a checkout of topple, or a revision such as a commit."
            )
        return folder.resolve()
    revision = git(HERE, "rev-parse", "--verify", "--quiet", f"{version}^{{commit}}")
    if not revision:
        raise VersionError(f"{version!r} is neither a folder nor a revision of {HERE}. See `git log`.")
    kept = KEPT / revision[:10]
    if not kept.is_dir():
        _unpack(revision, kept)
    return kept


def _unpack(revision: str, into: Path) -> None:
    """Unpack src of a revision; what is half done has another name."""
    packed = subprocess.run(
        ["git", "-C", str(HERE), "archive", revision, "src"],  # noqa: S607
        capture_output=True,
        check=True,
    )
    aside = into.with_suffix(".part")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(aside, filter="data")
    aside.rename(into)


def in_turn(versions: Sequence[Version], pairs: int, do: str, **what: Any) -> list[list[dict[str, Any]]]:
    """Ask each version so often, one after the other, and return what each answered; every other time in the other order."""
    told: list[list[dict[str, Any]]] = [[] for _ in versions]
    for turn in range(pairs):
        order = range(len(versions)) if turn % 2 == 0 else reversed(range(len(versions)))
        for number in order:
            told[number].append(versions[number].ask(do, **what))
    return told
