"""Adapters of libraries that want numpy below 2 or pandas below 3, tested with the real library in a separate environment.

It is a virtual environment under build/ that holds tests/older.txt and, below it, everything of this environment
(torch above all). It is made once and kept until older.txt or this environment changes.
"""

import hashlib
import os
import subprocess
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

import pytest

from topple.benchmark.zoo import ZOO

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).parent
ZOO_TESTS = "tests/benchmark/zoo/test_zoo.py"
PINS = ROOT / "tests" / "older.txt"
NO_NETWORK = ("connection", "temporary failure", "name resolution", "network is unreachable", "timed out", "retries")


@pytest.fixture(scope="session")
def older():
    """Return the Python of the environment, or skip with the reason why there is none."""
    if sys.version_info >= (3, 13):
        pytest.skip(f"numpy below 2 has no wheels for Python {sys.version_info.major}.{sys.version_info.minor}")
    below = sysconfig.get_path("purelib")
    mark = hashlib.blake2b(f"{PINS.read_text()}{sys.version}{below}".encode(), digest_size=6).hexdigest()
    folder = ROOT / "build" / f"older-{mark}"
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not (folder / "ready").is_file():
        make = [sys.executable, "-m", "venv", "--clear", folder]
        if find_spec("pip"):
            make.append("--without-pip")  # that of this environment will do
        subprocess.run(make, check=True, timeout=120)
        where = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
        purelib = subprocess.run(where, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
        Path(purelib, "below.pth").write_text(below + "\n")
        install(python)
        (folder / "ready").touch()
    return python


def install(python):
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
    command.append("--no-compile")  # the little that is imported is compiled then
    done = subprocess.run(
        [*command, "--retries", "1", "--timeout", "15", "-r", PINS], capture_output=True, text=True, timeout=600
    )
    if done.returncode and any(sign in done.stderr.lower() for sign in NO_NETWORK):
        pytest.skip(f"no network to install tests/older.txt with: {done.stderr.strip().splitlines()[-1]}")
    assert not done.returncode, done.stderr


@pytest.mark.parametrize("library", ["lenskit", "rectools", "recbole"])
def test_the_adapter_in_an_environment_with_its_library(older, library):
    command = [older, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "-W", "default"]
    tests = [*map(str, sorted(HERE.glob(f"test_{library}*.py"))), f"tests/test_guides.py::test_guide[{library}]"]
    tests += [str(path) for path in (ROOT / "tests" / "benchmark" / "zoo").glob(f"test_{library}.py")]
    rows = [name for name in ZOO if name.startswith(f"{library}:")]
    tests += [f"{ZOO_TESTS}::test_every_model_speaks_of_the_splits_items_and_knows_something[{name}]" for name in rows]
    limits = f"{ZOO_TESTS}::test_sequence_models_draw_by_the_seed_and_keep_their_time_limit"
    tests += [f"{limits}[{name}]" for name in rows if name.endswith(":sasrec")]
    done = subprocess.run(
        [*command, *tests],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=480,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
    assert "SKIPPED" not in done.stdout, done.stdout[-2000:]
