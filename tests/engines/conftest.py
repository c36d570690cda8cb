"""The batch on Ray and Spark: `make test-engines` installs them; elsewhere these tests are skipped."""

import json
import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import topple
from topple.batch.input.events import EventFiles, Reading
from topple.batch.job import Job
from topple.batch.running import Batch
from topple.batch.storage import Folder
from topple.records.io import canonical_json

SHARDS, USERS = 16, 1200


def needs(package):
    """Skip where a package is not installed; under TOPPLE_NO_SKIPS_OF_ENGINES=1 its tests fail there."""
    missing = find_spec(package) is None and os.environ.get("TOPPLE_NO_SKIPS_OF_ENGINES") != "1"
    return pytest.mark.skipif(missing, reason=f"{package} is not installed: make test-engines")


class World:
    """Events, a model folder, and the rows of an undisturbed run on this machine."""

    def __init__(self, folder: Path) -> None:
        draw = np.random.default_rng(0)
        pairs = [(user, int(item)) for user in range(USERS) for item in draw.choice(60, 8, replace=False)]
        users, items = zip(*pairs, strict=True)
        table = pa.table({"user": [*users], "item": [*items]})
        self.events, self.folder, self.local = folder / "events.parquet", folder / "model", folder / "local"
        pq.write_table(table, self.events)
        split = topple.prepare(
            topple.read_interactions(table, user="user", item="item"), topple.Preparation(held_out_users=20)
        )
        topple.save_model(topple.fit(split, "ease", progress=False), self.folder, split)
        self.model = topple.load_model(self.folder)
        self.run(self.local, "local", 2)
        self.rows = rows_of(self.local)

    def run(self, out, name, workers=2, on_shard=None, **flags):
        asked = {"k": 5, "rule": "unseen_before", "seed": 0}
        job = Job(str(out), str(self.folder), self.model.fingerprint, asked)
        source = EventFiles([self.events], Reading(), self.model.catalogue.vocabulary.column.type)
        return Batch(job, self.model, source, shards=SHARDS, **flags).run(name, workers, on_shard=on_shard)


def rows_of(out):
    return sorted(map(canonical_json, topple.scan_explanations(out)))


def workers_of(out):
    folder = Folder(out)
    return [json.loads(folder.read(f"done/{name}"))["worker"] for name in folder.names("done")]


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("engines"))
