import subprocess
import sys

import pytest
import torch

from topple.errors import SettingsError
from topple.scoring import memory
from topple.scoring.memory import (
    CHUNK,
    HELD,
    HISTORIES,
    LARGEST,
    POSITIONS,
    SMALLEST,
    VARIABLE,
    histories_at_once,
    in_chunks,
    may_hold,
    memory_budget,
    positions_at_once,
    rows_at_once,
)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2GB", 2 * 10**9),
        ("512MiB", 2**29),
        (" 1.5 gib ", 3 * 2**29),
        ("64B", 64),
        ("3kB", 3000),
        ("1TiB", 2**40),
    ],
)
def test_the_budget_is_what_the_variable_says(monkeypatch, text, size):
    monkeypatch.setenv(VARIABLE, text)
    assert memory_budget() == size


@pytest.mark.parametrize(
    "text", ["2", "GB", "-1GB", "0MB", "0.4B", "2 GBs", "much", "1e3MB", "2GB 3MB", "9" * 400 + "TB"]
)
def test_what_is_no_amount_of_memory_is_refused(monkeypatch, text):
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(SettingsError, match=r"TOPPLE_MEMORY='.{1,40}' is no amount of memory.*such as 2GB or 512MiB"):
        memory_budget()


@pytest.mark.parametrize(
    ("available", "budget"), [(0, SMALLEST), (2**31, 2**29), (2**30 + 400, 2**28 + 100), (2**40, LARGEST)]
)
def test_without_the_variable_a_part_of_what_is_available_is_the_budget(monkeypatch, available, budget):
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(memory, "_available", lambda: available)
    memory._default.cache_clear()
    assert memory_budget() == budget
    memory._default.cache_clear()


def test_an_empty_variable_is_none(monkeypatch):
    monkeypatch.setenv(VARIABLE, "")
    assert SMALLEST <= memory_budget() <= LARGEST


@pytest.mark.skipif(sys.platform != "linux", reason="read as Linux tells it")
def test_what_is_available_is_looked_up():
    assert memory._available() > 2**20


def test_the_budget_bounds_what_is_worked_on_and_held(set_memory):
    set_memory(1000)
    assert (rows_at_once(10), rows_at_once(10, 50), rows_at_once(0), rows_at_once(2000)) == (100, 5, 1000, 1)
    assert may_hold(1000)
    assert not may_hold(1001)
    assert (histories_at_once(300), histories_at_once(10**6), histories_at_once(1)) == (3, 1, HISTORIES)
    assert positions_at_once() == 1


def test_more_memory_makes_no_chunk_larger_than_is_fast(monkeypatch):
    monkeypatch.setenv(VARIABLE, "10TB")
    assert rows_at_once(1) == CHUNK
    assert may_hold(HELD)
    assert not may_hold(HELD + 1)
    assert positions_at_once() == POSITIONS
    assert histories_at_once(10**6) == HISTORIES


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
torch.set_num_threads(1)  # the threads of a pool would not fit into what is left
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
