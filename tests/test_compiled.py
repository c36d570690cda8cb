import os
import subprocess
import sys

import numpy as np
import pytest

from topple.compiled import compiled


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
