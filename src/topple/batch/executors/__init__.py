"""What runs the shards of a batch, by name: processes of this machine, Ray, Spark."""

from collections.abc import Callable, Generator, Sequence
from typing import TypeAlias

from topple import registry
from topple.types import JsonObject

Executor: TypeAlias = Callable[[JsonObject, Sequence[int], int | None], Generator[JsonObject, None, None]]
"""From a job, the numbers of shards, and how many workers (None: as many as there are), to the summary of each shard as it is ready.

A shard that failed has in its summary `failed`, the reason.
"""


def executor(name: str) -> Executor:
    """Return an executor by name.

    Raises:
        UnknownNameError: no such name.
    """
    found: Executor = registry.load("executors", name)
    return found
