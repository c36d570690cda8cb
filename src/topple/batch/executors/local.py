"""Processes of this machine, one core each; a process that dies is replaced, and its shard done again."""

import logging
import multiprocessing
import os
import queue
import sys
import threading
import types
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing.connection import wait

from topple.errors import ModelFolderError, OutputError, ToppleError
from topple.types import JsonObject

logger = logging.getLogger(__name__)

TRIES = 3
"""Times that a shard is tried whose process dies."""
_STARTING = threading.Lock()
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


def run(job: JsonObject, numbers: Sequence[int], workers: int | None) -> Iterator[JsonObject]:
    """Explain shards in processes of this machine; see `Executor`.

    Each process is a pool of its own, so that it is known which shard it died with.
    """
    left: queue.SimpleQueue[int] = queue.SimpleQueue()
    done: queue.SimpleQueue[JsonObject | BaseException] = queue.SimpleQueue()
    for number in numbers:
        left.put(number)
    stopped = threading.Event()
    count = max(1, min(len(numbers), workers or len(os.sched_getaffinity(0))))
    threads = [threading.Thread(target=_work, args=(job, left, done, stopped), daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        for _ in numbers:
            summary = done.get()
            if isinstance(summary, BaseException):
                raise summary
            yield summary
    finally:
        stopped.set()
        for thread in threads:
            thread.join()


def _work(
    job: JsonObject,
    left: "queue.SimpleQueue[int]",
    done: "queue.SimpleQueue[JsonObject | BaseException]",
    stopped: threading.Event,
) -> None:
    """Take shards until none is left, in one process after the other."""
    pool: ProcessPoolExecutor | None = None
    try:
        while not stopped.is_set():
            number = left.get_nowait()
            for turn in range(TRIES):
                pool = pool or _process()
                try:
                    done.put(pool.submit(explain, job, number).result())
                    break
                except BrokenProcessPool:
                    pool = None
                    if turn == TRIES - 1:
                        reason = (
                            f"the process that worked on it died {TRIES} times: killed from outside, or out of memory"
                        )
                        done.put({"shard": number, "failed": reason})
    except queue.Empty:
        pass
    except BaseException as error:  # noqa: BLE001 - raised again where the summaries are waited for
        done.put(error)
    finally:
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)


def _process() -> ProcessPoolExecutor:
    """Return a pool of one fresh process: not a copy of this one, whose threads of libraries would not be copied.

    It does not run the script that called again, which scripts without `if __name__ == "__main__"` would not bear.
    """
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(1, mp_context=context, initializer=_prepare)
    with _STARTING:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            pool.submit(os.getpid)  # starts the process
        finally:
            sys.modules["__main__"] = main
    return pool


def _prepare() -> None:
    """Take one core, and end with the process that started this one, however that ends."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    one_core()


def one_core() -> None:
    """Compute on one core in this process: each worker of an engine has one."""
    for name in THREADS:
        os.environ[name] = "1"
    import torch

    torch.set_num_threads(1)


def _end_with(sentinel: int) -> None:
    with suppress(OSError):
        wait([sentinel])
    os._exit(1)


def explain(job: JsonObject, number: int) -> JsonObject:
    """Explain one shard; what fails is told in the summary, so that it stops no other shard.

    What fails every shard, as a full disk or a model that was replaced, is told with `error`, the name of the class, and ends the batch.
    """
    from topple.batch.unit import explain_shard  # here, where one thread is set already

    try:
        return explain_shard(job, number)
    except (OutputError, ModelFolderError) as error:
        return {"shard": number, "failed": str(error), "error": type(error).__name__}
    except ToppleError as error:
        return {"shard": number, "failed": str(error)}
    except MemoryError:
        return {
            "shard": number,
            "failed": "there is too little memory for it: give more shards (--shards with --overwrite), or fewer workers",
        }
    except Exception as error:  # a file that was damaged, say: the other shards go on
        logger.exception("shard %d failed", number)
        return {"shard": number, "failed": f"{type(error).__name__}: {error}"}
