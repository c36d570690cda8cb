import pytest
import torch

from topple.scoring.memory import NUMBER, TOGETHER, VARIABLE

# The tensors of the tests are tiny: a second thread costs more than it brings, and on a busy machine fifty times as much.
torch.set_num_threads(1)


@pytest.fixture
def set_memory(monkeypatch):
    """A function that sets the budget of memory so that an array may have so many numbers."""
    return lambda numbers: monkeypatch.setenv(VARIABLE, f"{NUMBER * TOGETHER * numbers}B")
