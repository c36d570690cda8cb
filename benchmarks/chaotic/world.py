"""A model folder, its events, and the rows of an undisturbed run."""

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import topple
from topple.records.io import canonical_json

SHARDS = 12


class World:
    """What is explained, and how.

    Args:
        folder: for all files.
        model: a model folder with its users; None: one is made.
        users: of the one that is made.
    """

    def __init__(self, folder: Path, model: Path | None = None, users: int = 600) -> None:
        self.folder, self.events, self.model = folder, folder / "events.parquet", model
        if model is None:
            self.model = folder / "model"
            draw = np.random.default_rng(0)
            pairs = [(user, int(item)) for user in range(users) for item in draw.choice(60, 8, replace=False)]
            ids, items = zip(*pairs, strict=True)
            table = pa.table({"user": [*ids], "item": [*items]})
            pq.write_table(table, self.events)
            read = topple.read_interactions(table, user="user", item="item")
            split = topple.prepare(read, topple.Preparation(held_out_users=20))
            topple.save_model(topple.fit(split, "ease", progress=False), self.model, split)
        self.undisturbed = folder / "undisturbed"
        done = self.command(self.undisturbed)
        if done.returncode:
            raise RuntimeError(f"the undisturbed run failed: {done.stderr}")
        self.rows = rows_of(self.undisturbed)

    def arguments(
        self, out: Path, engine: str = "local", events: Path | None = None, more: Sequence[str] = ()
    ) -> list[str]:
        """Return the command line of a batch of two workers."""
        given = events or (self.events if self.events.exists() else None)
        told = [] if given is None else ["--events", str(given)]
        return [
            sys.executable, "-m", "topple", "batch", "--model", str(self.model), *told, "--out", str(out),
            "--shards", str(SHARDS), "--workers", "2", "--executor", engine, "--json", *more,
        ]  # fmt: skip

    def command(self, out: Path, *more: str, events: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a batch to its end."""
        command = self.arguments(out, events=events, more=more)
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment())

    def wrong(self, out: Path) -> list[str]:
        """Return what is wrong with the rows of a batch that is done, and what is left of kills."""
        found, rows = rows_of(out), len(self.rows)
        wrong = (
            []
            if found == self.rows
            else [f"{len(found)} rows, {rows} undisturbed, {len({*found} & {*self.rows})} equal"]
        )
        left = [str(path.relative_to(out)) for path in [*out.rglob(".*.topple"), *out.glob("input")]]
        return wrong + ([f"left over: {left[:3]}"] if left else [])


def installed(engine: str) -> bool:
    """Return whether an engine is installed."""
    return find_spec({"spark": "pyspark"}.get(engine, engine)) is not None


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a batch: one core a process."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [f"{root}/benchmarks/chaotic/start", root, f"{root}/src", os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, paths)), **more}


def rows_of(out: Path) -> list[str]:
    """Return the canonical rows of a batch."""
    return sorted(map(canonical_json, topple.scan_explanations(out)))
