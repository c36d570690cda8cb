import os
import subprocess
import sys

import numba
import numpy as np
import pytest

from topple.compiled import compiled, compiled_leaf
from topple.types import FloatArray


@compiled
def total(values):
    out = 0.0
    for value in values:
        out += value
    return out


def test_sums_are_added_up_in_order_to_the_bit():
    values = np.random.default_rng(0).normal(size=1001) * 10.0 ** np.arange(-500, 501).clip(-8, 8)
    assert total(values) == sum(values.tolist(), 0.0)


ASK = """
import logging
import numpy as np
logging.basicConfig(level=logging.INFO)
from topple.scoring.lists.best import tolerances
out = np.zeros(2)
tolerances(np.array([1.0, -3.0]), 0.25, 2.0, out)
print(out.tolist())
"""


@pytest.mark.parametrize("plain", [False, True])
def test_the_log_tells_of_the_first_compilation_alone(tmp_path, plain):
    given = {"NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_DISABLE_JIT": "1" if plain else "0"}
    told = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", ASK], capture_output=True, text=True, env=os.environ | given, check=True
        )
        assert done.stdout.strip() == "[0.5, 1.0]"
        told.append("Compiling the inner loops" in done.stderr)
    assert told == [not plain, False]


def test_a_function_of_no_module_compiles_beside():
    def twice(x):
        return 2 * x

    twice.__module__ = None  # as of what is made from text
    assert numba.njit(twice)(3) == 6


def test_a_leaf_returns_no_array_nor_part_of_one():
    def rest(values: FloatArray) -> FloatArray:
        return values[1:]

    def both(values: FloatArray) -> tuple[int, FloatArray]:
        return len(values), values

    for function in (rest, both):
        with pytest.raises(TypeError, match="returns no numbers alone"):
            compiled_leaf(function)


INNER = "from topple.compiled import compiled\n@compiled\ndef inner(x):\n    return x + {}\n"
OUTER = "from kept.inner import inner\nfrom topple.compiled import compiled\n@compiled\ndef outer(x):\n    return inner(x)\n"
CALL = """
import sys
from pathlib import Path
from topple.compiled import _forget_outdated
if {mend}:
    print(_forget_outdated(Path("kept")), end=" ")
from kept.outer import outer
print(outer(1))
"""


@pytest.mark.parametrize("mend", [False, True])
def test_a_function_is_compiled_anew_where_one_that_it_calls_has_changed(tmp_path, mend):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "outer.py").write_text(OUTER)
    told, environment = [], os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    environment.pop("NUMBA_CACHE_DIR", None)
    for more in (1, 1, 20):
        if more == 20 or not told:
            (tmp_path / "kept" / "inner.py").write_text(INNER.format(more))
        call = [sys.executable, "-c", CALL.format(mend=mend)]
        done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, env=environment, check=True)
        told.append(done.stdout.split())
    # without it numba goes on with what it compiled before the inner function changed
    assert told == ([["0", "2"], ["0", "2"], ["2", "21"]] if mend else [["2"]] * 3)


NUMBER = "from topple.compiled import compiled\n@compiled\ndef double(x):\n    return x + x\n"
SAVE = """
import sys, time
from numba.core.caching import IndexDataCacheFile
load = IndexDataCacheFile._load_index
def slowly(self):
    found = load(self)
    time.sleep(float(sys.argv[2]))
    return found
IndexDataCacheFile._load_index = slowly
from kept.number import double
double(0)
print("ready", flush=True)
sys.stdin.readline()
print([double(eval(value)) for value in sys.argv[1].split()], sum(double.stats.cache_hits.values()))
"""


def test_processes_that_save_signatures_of_a_function_at_once_keep_each_of_them(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "number.py").write_text(NUMBER)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    environment.pop("NUMBA_CACHE_DIR", None)

    def begin(values, seconds):
        call = [sys.executable, "-c", SAVE, values, str(seconds)]
        pipe = subprocess.PIPE
        return subprocess.Popen(call, cwd=tmp_path, env=environment, stdin=pipe, stdout=pipe, text=True)

    at_once = [begin(values, 0.5) for values in ("1.5", "1.5j")]
    for each in at_once:
        assert each.stdout.readline() == "ready\n"
    for each in at_once:
        each.stdin.write("go\n")
        each.stdin.flush()
    assert [each.communicate()[0] for each in at_once] == ["[3.0] 0\n", "[3j] 0\n"]
    assert begin("0 1.5 1.5j", 0).communicate("go\n")[0] == "ready\n[0, 3.0, 3j] 3\n"
