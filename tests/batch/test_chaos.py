"""A few kills of `make chaos`: a batch that is killed and gone on with has the rows of an undisturbed one."""

from pathlib import Path

import pytest

from benchmarks.chaotic.killing import Killer
from benchmarks.chaotic.world import World


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds workers in /proc")
def test_killed_and_gone_on_with_it_has_the_same_rows(tmp_path):
    world = World(tmp_path, users=60)
    killer, hits, turn = Killer(world, seed=1), 0, 0
    while hits < 2:
        hits += killer.until_done(tmp_path / str(turn), 2 - hits).total()
        assert world.wrong(tmp_path / str(turn)) == []
        turn += 1
