"""The job files of the docs run as they are documented."""

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.engines.conftest import SHARDS, needs, rows_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "batch-on-clusters.md"
RAY, SPARK = re.findall(
    r"^```{code-block} python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
)


@pytest.mark.parametrize(
    ("job", "launch"),
    [
        pytest.param(RAY, [sys.executable], id="ray", marks=needs("ray")),
        pytest.param(
            SPARK,
            [str(Path(sysconfig.get_path("scripts")) / "spark-submit"), "--master", "local[2,4]"],
            id="spark",
            marks=needs("pyspark"),
        ),
    ],
)
def test_a_job_file_runs(world, tmp_path, job, launch):
    (tmp_path / "job.py").write_text(job)
    told = ["--model", str(world.folder), "--events", str(world.events), "--out", "why", "--shards", str(SHARDS)]
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable}
    done = subprocess.run(
        [*launch, str(tmp_path / "job.py"), *told],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert rows_of(tmp_path / "why") == world.rows
