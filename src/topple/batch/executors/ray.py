"""Ray Data: on the cluster that RAY_ADDRESS names, or on this machine; each actor holds the model."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

from topple.batch.executors.local import explain
from topple.errors import CapabilityError
from topple.inputs import json_of
from topple.records.as_json import as_json
from topple.types import JsonObject


class Unit:
    """An actor: it explains shards, and keeps the model from one to the next."""

    def __init__(self, job: str) -> None:
        self.job = json_of(job)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Explain the shard of a row."""
        return {"summary": as_json(explain(self.job, int(row["shard"])))}


def run(job: JsonObject, numbers: Sequence[int], workers: int | None) -> Iterator[JsonObject]:
    """Explain shards with Ray Data; see `Executor`.

    Raises:
        CapabilityError: Ray is not installed.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise CapabilityError("the executor ray needs Ray: pip install 'topple-recsys[ray]'.") from error
    started = not ray.is_initialized()
    if started:
        ray.init(
            address=os.environ.get("RAY_ADDRESS"), log_to_driver=False, include_dashboard=False, logging_level="ERROR"
        )
    try:
        ray.data.DataContext.get_current().enable_progress_bars = False
        count = max(1, min(len(numbers), workers or int(ray.cluster_resources().get("CPU", 1))))
        shards = ray.data.from_items([{"shard": number} for number in numbers], override_num_blocks=len(numbers))
        explained = shards.map(
            Unit, fn_constructor_args=(as_json(job),), compute=ray.data.ActorPoolStrategy(size=count), num_cpus=1,
            max_restarts=-1, max_task_retries=-1,
        )  # fmt: skip
        for row in explained.iter_rows():
            yield json_of(row["summary"])
    finally:
        if started:
            ray.shutdown()
