"""`topple batch --executor` begins an engine by itself, says nothing but what came of it, and leaves no process behind."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest

from tests.engines.conftest import SHARDS, needs, rows_of

MARK = "TOPPLE_TEST_OF_ENGINES"


def left(mark):
    """Return the processes that were begun by the command, or by what it began."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return [command for command in found if command]


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks at processes in /proc")
@pytest.mark.parametrize(
    "name", ["local", pytest.param("ray", marks=needs("ray")), pytest.param("spark", marks=needs("pyspark"))]
)
def test_an_engine_is_begun_and_ended_without_noise(world, tmp_path, name):
    mark = uuid4().hex
    command = [
        sys.executable, "-m", "topple", "batch", "--model", str(world.folder), "--events", str(world.events), "--out", "why",
        "--shards", str(SHARDS), "--workers", "2", "--executor", name, "--json",
    ]  # fmt: skip
    environment = {**os.environ, MARK: mark}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (0, "")
    assert json.loads(done.stdout)["done"] == SHARDS
    assert rows_of(tmp_path / "why") == world.rows
    until = time.monotonic() + 60
    while left(mark) and time.monotonic() < until:
        time.sleep(0.5)
    assert left(mark) == []
