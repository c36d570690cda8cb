"""Ray Data: in the session that is there, on the cluster that RAY_ADDRESS names, or on this machine; each actor holds the model."""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from topple.batch.executors.local import explain, one_core
from topple.errors import CapabilityError
from topple.inputs import json_of
from topple.records.as_json import as_json
from topple.types import JsonObject

STARTS = 2
"""Times that Ray is started: on a busy machine it gives up after 30 seconds."""


class Unit:
    """An actor: it explains shards, and keeps the model from one to the next."""

    def __init__(self, job: str) -> None:
        one_core()
        self.job = json_of(job)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Explain the shard of a row."""
        return {"summary": as_json(explain(self.job, int(row["shard"])))}


def run(job: JsonObject, numbers: Sequence[int], workers: int | None) -> Iterator[JsonObject]:
    """Explain shards with Ray Data, which starts an actor again that dies, and gives it the shard again; see `Executor`.

    Raises:
        CapabilityError: Ray is not installed, or there is no cluster at the address.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise CapabilityError("the executor ray needs Ray: pip install 'topple-recsys[ray]'.") from error
    started = not ray.is_initialized()
    if started:
        _start(ray)
    try:
        with _quiet(ray.data.DataContext.get_current()):
            count = max(1, min(len(numbers), workers or int(ray.cluster_resources().get("CPU", 1))))
            shards = ray.data.from_items([{"shard": number} for number in numbers], override_num_blocks=len(numbers))
            explained = shards.map(
                Unit, fn_constructor_args=(as_json(job),), compute=ray.data.ActorPoolStrategy(size=count), num_cpus=1
            )
            for row in explained.iter_rows():
                yield json_of(row["summary"])
    finally:
        if started:
            ray.shutdown()


def _start(ray: Any) -> None:
    """Join the cluster that RAY_ADDRESS names, or start one on this machine, which ends with this process."""
    address = os.environ.get("RAY_ADDRESS")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    told = {} if address else {"include_dashboard": False}
    for turn in range(STARTS):
        try:
            with _unheard():
                ray.init(address=address or "local", log_to_driver=False, logging_level=logging.ERROR, **told)
        except Exception as error:
            ray.shutdown()
            if turn == STARTS - 1:
                raise CapabilityError(
                    f"Ray did not start at {address or 'this machine'}: {error} Check RAY_ADDRESS, or use --executor local."
                ) from error
        else:
            return


@contextmanager
def _unheard() -> Iterator[None]:
    """Keep what Ray's C++ says off the terminal: it writes past all handlers, also that it was told to be silent."""
    heard = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(heard, 2)
        os.close(heard)


@contextmanager
def _quiet(context: Any) -> Iterator[None]:
    """Keep Ray Data's bars and its log off the terminal; the log is in the files of its session."""
    bars, context.enable_progress_bars = context.enable_progress_bars, False
    handlers = [found for found in logging.getLogger("ray.data").handlers if isinstance(found, logging.StreamHandler)]
    levels = [found.level for found in handlers]
    for found in handlers:
        found.setLevel(logging.ERROR)
    try:
        yield
    finally:
        context.enable_progress_bars = bars
        for found, level in zip(handlers, levels, strict=True):
            found.setLevel(level)
