"""What must hold on every engine; the fixture `engine` of a test file is its name, with a session that the test began."""

import os
import signal

from tests.engines.conftest import SHARDS, rows_of, workers_of


class OnEngine:
    def test_the_rows_are_those_of_this_machine_from_two_workers(self, world, engine, tmp_path):
        found = world.run(tmp_path / "why", engine)
        assert (found["done"], found["failed"]) == (SHARDS, [])
        assert rows_of(tmp_path / "why") == world.rows
        assert len({*workers_of(tmp_path / "why")}) >= 2

    def test_a_worker_that_is_killed_is_replaced_and_the_rows_are_the_same(self, world, engine, tmp_path):
        killed, seen = [], []

        def on_shard(summary):
            seen.append(summary["shard"])
            if not killed:
                killed.append(int(summary["worker"].rpartition(":")[2]))
                os.kill(killed[0], signal.SIGKILL)
                assert len(workers_of(tmp_path / "why")) < SHARDS, "the kill must come before the end"

        found = world.run(tmp_path / "why", engine, on_shard=on_shard)
        assert (found["done"], found["failed"], sorted(seen)) == (SHARDS, [], [*range(SHARDS)])
        assert rows_of(tmp_path / "why") == world.rows
        assert len({*workers_of(tmp_path / "why")}) >= 2

    def test_an_address_of_fsspec(self, world, engine, tmp_path):
        address = (
            f"dir::file://{tmp_path}"  # a file system that writes as an object store is written: nothing is renamed
        )
        found = world.run(address, engine)
        assert found["done"] == SHARDS
        (manifest,) = tmp_path.rglob("manifest.json")
        assert rows_of(manifest.parent) == world.rows
        assert not list(tmp_path.rglob(".*.topple"))
