import os

import pytest
import torch
from hypothesis import settings

from topple.scoring.memory import NUMBER, TOGETHER, VARIABLE

# How long a case takes depends on what else the machine does, and is measured in benchmarks.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# The tensors of the tests are tiny: a second thread costs more than it brings, and on a busy machine fifty times as much.
torch.set_num_threads(1)
os.environ.setdefault("OMP_NUM_THREADS", "1")  # of the processes that tests start

LONG = (
    "adapters/test_older.py", "contracts/test_outside_package.py", "docs/test_build.py", "docs/test_pages.py",
    "notebook/test_browser.py", "web/test_described.py",
)  # fmt: skip
"""Files with single tests that take long: they are begun first, so that no process waits for the last of them."""


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: not item.path.as_posix().endswith(LONG))


@pytest.fixture
def set_memory(monkeypatch):
    """A function that sets the budget of memory so that an array may have so many numbers."""
    return lambda numbers: monkeypatch.setenv(VARIABLE, f"{NUMBER * TOGETHER * numbers}B")
