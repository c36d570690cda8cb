"""Arrays that the compiled functions make are freed: those that count no references neither make nor return any."""

import os
import subprocess
import sys

import numba
import pytest

COUNT = """
import gc
import numpy as np
from numba.core.runtime import rtsys
import topple
from tests.explainers.sums.parity import GOALS, RULES, draw_model, draw_queries
random, asked = np.random.default_rng(3), []
for kind in ("real", "few"):
    for which in range(3):
        model = draw_model(random, kind)
        for rule in RULES:
            asked.append((model, draw_queries(random, model, 3, rule, longest=30, goals=("necessary", *GOALS))))
def left():
    gc.collect()
    stats = rtsys.get_allocation_stats()
    return stats.mi_alloc, stats.mi_alloc - stats.mi_free
counts = []
for turn in range(2):
    for model, queries in asked:
        topple.explain_queries(model, queries, progress=False)
    counts.append(left())
(made, left_over), (made_again, left_again) = counts
assert made_again - made > 1000 and left_again == left_over, counts
"""


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")
def test_what_the_compiled_functions_make_is_freed():
    environment = {**os.environ, "NUMBA_NRT_STATS": "1"}
    subprocess.run([sys.executable, "-c", COUNT], check=True, env=environment, timeout=600)
