import math
import subprocess
import sys
import time

import numpy as np
import pytest

from benchmarks.timing import HERE, about, commit, mean, peak, ratios, repeated, timed


def test_time_of_the_processor_is_apart_from_the_clock():
    result, seconds, clock = timed(lambda: time.sleep(0.05) or 7)
    assert result == 7
    assert seconds < 0.04 <= clock


def test_repetitions_end_with_their_number_or_once_enough_was_spent():
    calls = []
    run = repeated(lambda: calls.append(1) or len(calls), times=3)
    assert (run.result, len(calls)) == (3, 3)
    busy = repeated(lambda: sum(range(10**6)), times=1000, enough=0.05)
    assert 0 < busy.seconds < 1


def test_ratios_are_of_pairs_and_the_median_counts():
    found = ratios([1, 4, 9], [2, 2, 3])
    assert found == {"ratio": 2.0, "least": 0.5, "most": 3.0}
    with pytest.raises(ValueError, match="argument 2 is"):
        ratios([1, 2], [1])


def test_the_mean_of_nothing_is_no_number():
    assert math.isnan(mean([]))
    assert mean(value for value in (1, 2)) == 1.5


def test_memory_is_that_of_this_process_and_not_of_the_one_that_started_it():
    assert peak() > 0.05
    code = "from benchmarks.timing import peak; print(peak())"
    held = np.ones(30 << 20)  # a quarter of a GiB
    done = subprocess.run([sys.executable, "-c", code], cwd=HERE, capture_output=True, text=True, check=True)
    assert held.nbytes / 2**30 < peak()
    assert float(done.stdout) < 0.15


def test_a_run_says_when_where_and_of_what_version():
    told = about("python -m benchmarks.speed")
    assert {"date", "commit", "command", "machine", "cores", "threads", "python", "torch", "numpy", "numba"} <= set(
        told
    )
    assert told["command"] == "python -m benchmarks.speed"


def test_a_folder_that_is_no_checkout_is_called_by_its_name(tmp_path):
    assert commit(tmp_path) == tmp_path.name
    inside = HERE / "docs"
    assert commit(inside) == "docs"


def test_importing_benchmarks_leaves_one_thread_to_linear_algebra():
    code = "import benchmarks, os; print(os.environ['OMP_NUM_THREADS'], os.environ['OPENBLAS_NUM_THREADS'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=HERE, env={}, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1"]
