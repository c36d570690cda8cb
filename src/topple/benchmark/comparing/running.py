"""Measuring the cells of a grid one after the other, or in several processes at once."""

import logging
import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from multiprocessing.connection import Connection

import torch

from topple.api.faces.runs import Run
from topple.benchmark.comparing.grid import Cell, Grid
from topple.benchmark.comparing.pieces import measure_cell
from topple.errors import CapabilityError, OutputError, ToppleError
from topple.reports.progress import queries_bar

logger = logging.getLogger(__name__)

_HERE: list[tuple[Grid, Run]] = []
"""In a process of `measure_in_processes`: the grid and the run."""


def measure(grid: Grid, cells: Sequence[Cell], run: Run, *, progress: bool) -> dict[Cell, str]:
    """Measure cells one after the other, and return why some could not be."""
    failed: dict[Cell, str] = {}
    for turn, cell in enumerate(cells):
        logger.info("compare %d of %d: %s on %s, seed %d", turn + 1, len(cells), cell.method, cell.model, cell.seed)
        reason = tried(grid, cell, run, progress=progress)
        if reason:
            failed[cell] = reason
    return failed


def tried(grid: Grid, cell: Cell, run: Run, *, progress: bool) -> str:
    """Measure a cell and return nothing, or return why it could not be: the others go on."""
    try:
        measure_cell(grid, cell, run, progress=progress)
    except Exception as error:  # noqa: BLE001 # whatever a method of another package raises
        reason = reason_of(error)
        logger.warning("%s on %s, seed %d, failed: %s", cell.method, cell.model, cell.seed, reason)
        return reason
    return ""


def reason_of(error: Exception) -> str:
    """Return what an error says, in one line, with the type where it is none of topple's."""
    text = " ".join(str(error).split())
    return text if isinstance(error, ToppleError) and text else f"{type(error).__name__}: {text}"


def measure_in_processes(
    grid: Grid, cells: Sequence[Cell], run: Run, workers: int, *, progress: bool
) -> dict[Cell, str]:
    """Measure cells in so many processes at once, and return why some could not be.

    The processes end when this one ends or is interrupted, however that happens: they hold the other end of a pipe.

    Raises:
        CapabilityError: a model or method that cannot be handed to another process.
        OutputError: a process was ended from outside, such as by a system that ran out of memory.
    """
    try:
        told = pickle.dumps((grid, run.folder))
    except Exception as error:
        raise CapabilityError(
            f"the models or methods cannot be handed to another process: {reason_of(error)}. Compare in this one: workers=1."
        ) from error
    context = multiprocessing.get_context("spawn")
    watched, held = context.Pipe(duplex=False)
    threads = max(1, torch.get_num_threads() // workers)
    failed: dict[Cell, str] = {}
    bar = queries_bar(f"compare ({workers} processes)", len(cells)) if progress else nullcontext(None)
    pool = ProcessPoolExecutor(min(workers, len(cells)), context, _begin, (told, watched, threads))
    try:
        with bar as on_progress:
            tasks = {pool.submit(_task, cell): cell for cell in cells}
            for task in as_completed(tasks):
                if reason := task.result():
                    failed[tasks[task]] = reason
                if on_progress is not None:
                    on_progress(1)
    except BrokenProcessPool as error:
        raise OutputError(
            f"a process of the comparison was ended from outside ({error}); memory may have run out. What is ready is kept; go on "
            "(--resume) with fewer workers."
        ) from error
    finally:
        held.close()
        pool.shutdown(wait=True, cancel_futures=True)
        watched.close()
    return failed


def _begin(told: bytes, watched: Connection, threads: int) -> None:
    """In a new process: take the grid, leave Ctrl-C to the parent, and end when the parent does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(threads)
    grid, folder = pickle.loads(told)  # noqa: S301 # of the process that began this one
    _HERE[:] = [(grid, Run(folder, grid.manifest))]
    threading.Thread(target=_end_with, args=(watched,), daemon=True).start()


def _end_with(watched: Connection) -> None:
    """Wait until nobody holds the other end of a pipe, and end this process."""
    try:
        watched.recv()
    except (EOFError, OSError):
        os._exit(1)


def _task(cell: Cell) -> str:
    grid, run = _HERE[0]
    return tried(grid, cell, run, progress=False)
