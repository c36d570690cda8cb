"""Spark: on the session that is active, or a local one; the Python workers of a node keep the model from one shard to the next."""

import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from topple.batch.executors.local import explain
from topple.errors import CapabilityError
from topple.inputs import json_of
from topple.records.as_json import as_json
from topple.types import JsonObject


def run(job: JsonObject, numbers: Sequence[int], workers: int | None) -> Iterator[JsonObject]:
    """Explain shards with Spark's mapInArrow, a partition a shard; see `Executor`.

    Raises:
        CapabilityError: Spark is not installed.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise CapabilityError(
            "the executor spark needs Spark: pip install 'topple-recsys[spark]', and Java."
        ) from error
    session: Any = SparkSession.getActiveSession()
    started = session is None
    if started:
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        builder = SparkSession.builder.master(f"local[{workers or '*'}]").appName("topple")
        session = builder.config("spark.ui.enabled", "false").config("spark.task.maxFailures", "4").getOrCreate()
    told = as_json(job)

    def explained(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                yield pa.RecordBatch.from_pydict({"summary": [as_json(explain(json_of(told), number))]})

    try:
        rows = session.sparkContext.parallelize([(int(number),) for number in numbers], len(numbers))
        frame = session.createDataFrame(rows, "shard long").mapInArrow(explained, "summary string")
        for row in frame.toLocalIterator(prefetchPartitions=True):
            yield json_of(row["summary"])
    finally:
        if started:
            session.stop()
