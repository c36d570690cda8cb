"""Speed and quality on real data, and searches for faults; not part of the tests. Each is run as `python -m benchmarks.NAME`.

One thread, whatever library computes, unless the environment says otherwise: libraries of linear algebra read this when they are
loaded, so it is said before. With several threads, time of the processor counts all of them.
"""

import os

VARIABLES = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
for _name, _value in VARIABLES.items():
    os.environ.setdefault(_name, _value)
os.environ.setdefault("KINETO_LOG_LEVEL", "9")  # torch's profiler would tell of every start and stop
