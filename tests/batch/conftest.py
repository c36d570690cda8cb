from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import topple
from topple.batch import running
from topple.batch.executors.local import explain
from topple.batch.input.events import EventFiles, Reading
from topple.batch.job import Job
from topple.batch.running import Batch
from topple.records.io import canonical_json
from topple.testing.worlds import tiny_split


@pytest.fixture(scope="session")
def world(tmp_path_factory) -> tuple[Path, topple.Recommender, topple.Split]:
    """A model folder with its data, the model, and the data."""
    folder = tmp_path_factory.mktemp("batch") / "model"
    split = tiny_split()
    model = topple.fit(split, "ease", progress=False)
    topple.save_model(model, folder, split)
    return folder, topple.load_model(folder), split


@pytest.fixture
def histories(world) -> dict[Any, topple.History]:
    return world[2].training_histories(limit=24)


@pytest.fixture
def inline(monkeypatch) -> None:
    """Shards are explained in this process, one after the other."""
    monkeypatch.setattr(
        running, "executor", lambda name: lambda job, numbers, workers: (explain(job, n) for n in numbers)
    )


def write_events(histories: dict[Any, Any], path: Path) -> Path:
    rows = [
        (user, item, weight)
        for user, history in histories.items()
        for item, weight in zip(history, history.weights or [1.0] * len(history), strict=True)
    ]
    users, items, weights = zip(*rows, strict=True)
    pq.write_table(pa.table({"user": [*users], "item": [*items], "weight": [*weights]}), path)
    return path


def job_of(world, out: Path, **fields: Any) -> Job:
    folder, model, _ = world
    asked = {"k": 3, "rule": "unseen_before", "seed": 0, **fields.pop("asked", {})}
    return Job(str(out), str(folder), model.fingerprint, asked, **fields)


def source_of(world, *paths: Path, **reading: Any) -> EventFiles:
    return EventFiles([*paths], Reading(**reading), world[1].catalogue.vocabulary.column.type)


def run_batch(world, out: Path, *paths: Path, beside=None, shards: int = 3, **how: Any) -> dict[str, Any]:
    flags = {name: how.pop(name) for name in ("resume", "update", "overwrite") if name in how}
    reading = how.pop("reading_columns", {})
    batch = Batch(
        job_of(world, out, **how), world[1], source_of(world, *paths, **reading), beside, shards=shards, **flags
    )
    return batch.run()


def canonical(explanations) -> list[str]:
    return sorted(map(canonical_json, explanations))
