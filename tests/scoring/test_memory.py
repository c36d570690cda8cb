import subprocess
import sys

import pytest
import torch

from topple.scoring.memory import in_chunks

TOO_LITTLE = [
    MemoryError("no"),
    torch.cuda.OutOfMemoryError("CUDA out of memory"),
    RuntimeError(
        "[enforce fail at alloc_cpu.cpp:1] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."
    ),
]


def run(total, at_once, room, error):
    """Return which rows were done in which order, when only `room` rows fit at a time."""
    done, tried = [], []

    def work(rows):
        tried.append(rows.stop - rows.start)
        if rows.stop - rows.start > room:
            raise error
        done.extend(range(total)[rows])

    in_chunks(total, at_once, work)
    return done, tried


@pytest.mark.parametrize("error", TOO_LITTLE, ids=["numpy", "cuda", "cpu"])
def test_chunks_halve_until_they_fit_and_stay_so(error):
    done, tried = run(20, 16, 3, error)
    assert done == list(range(20))
    assert tried == [16, 8, 4, 2, *[2] * 9]


@pytest.mark.parametrize("error", TOO_LITTLE, ids=["numpy", "cuda", "cpu"])
def test_where_one_row_does_not_fit_the_error_is_told(error):
    with pytest.raises(type(error)) as raised:
        run(4, 4, 0, error)
    assert raised.value is error


@pytest.mark.parametrize("error", [RuntimeError("mat1 and mat2 shapes cannot be multiplied"), ValueError("no")])
def test_other_errors_pass_at_once(error):
    with pytest.raises(type(error), match=str(error)):
        run(4, 4, 1, error)


def test_with_room_nothing_is_done_twice():
    assert run(7, 3, 9, MemoryError()) == ([0, 1, 2, 3, 4, 5, 6], [3, 3, 1])
    assert run(0, 3, 9, MemoryError()) == ([], [])


SCRIPT = """
import resource, torch
from topple.scoring.memory import in_chunks
torch.zeros(1)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**27, used + 2**27))
out, sizes = torch.zeros(64), []
def work(rows):
    out[rows] = torch.ones(rows.stop - rows.start, 2**20, dtype=torch.float64).mean(1).float()
    sizes.append(rows.stop - rows.start)
in_chunks(64, 64, work)
print(bool((out == 1).all()), max(sizes) < 64)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits the memory of a process as Linux does")
def test_memory_that_really_runs_out():
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False, timeout=120)
    assert ran.stdout.split() == ["True", "True"], ran.stderr
