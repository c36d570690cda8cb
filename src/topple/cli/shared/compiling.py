"""Have the inner loops compiled before somebody waits for an answer."""

import logging
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

GOALS = ("necessary", "sufficient", "both")
MODELS = ("ease", "bpr", "als", "mult-vae")
"""A model each for rows in double and in single precision, for histories that are folded in, and for networks."""


def compile_loops() -> None:
    """Explain with every kind of model and for every goal, which has the inner loops compiled that are not kept yet.

    Where nothing is kept, the models are asked side by side, in a process for each core: loops are compiled by one thread of a process.
    """
    processes = 1 if _kept() else min(len(MODELS), os.cpu_count() or 1)
    if processes == 1:
        for model in MODELS:
            compile_for(model)
        return
    from topple.compiled import NOTICE

    logging.getLogger("topple.compiled").info(NOTICE)  # the processes have no log
    with ProcessPoolExecutor(processes, get_context("spawn"), _one_thread) as pool:
        list(pool.map(compile_for, MODELS))


def compile_for(model: str) -> None:
    """Fit a model to generated films and explain with it, for every goal."""
    from topple.api.explaining import explain
    from topple.api.fitting import fit
    from topple.data.sources import load_split

    split = load_split("generated")
    histories = split.histories(limit=5)  # with sets that take a proof
    fitted = fit(split, recommender=model, settings={} if model == "ease" else {"epochs": 1}, progress=False)
    for goal in GOALS:
        explain(fitted, histories, k=5, goal=goal, progress=False)


def _kept() -> bool:
    """Return whether one of the loops that are compiled last is kept on disk."""
    from topple.explainers.sums.keeping import find_kept_sets

    stats = getattr(find_kept_sets, "stats", None)  # none with NUMBA_DISABLE_JIT, where nothing is compiled
    return stats is None or any(Path(stats.cache_path).glob("keeping.find_kept_sets-*.nbi"))


def _one_thread() -> None:
    """Leave the other cores to the other processes."""
    import torch

    torch.set_num_threads(1)
