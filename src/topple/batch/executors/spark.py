"""Spark: in the session that is active, under spark-submit, or on this machine; its Python workers keep the model between shards."""

import os
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pyarrow as pa

from topple.batch.executors.local import TRIES, explain, one_core
from topple.batch.folder import manifest_of, summaries
from topple.batch.storage import Folder
from topple.errors import CapabilityError
from topple.inputs import json_of
from topple.records.as_json import as_json
from topple.types import JsonObject

PAUSE = 0.5
"""Seconds, at least, after which it is looked again which shards are done."""


def run(job: JsonObject, numbers: Sequence[int], workers: int | None) -> Iterator[JsonObject]:
    """Explain shards with Spark's mapInArrow, a partition a shard; Spark tries a shard again whose worker dies; see `Executor`.

    One Spark job explains them all, and says nothing until its end: which shards are done is read from the folder.

    Raises:
        CapabilityError: Spark is not installed, or does not start.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # that pandas, which is not used here, is newer than Spark knows
        try:
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise CapabilityError(
                "the executor spark needs Spark: pip install 'topple-recsys[spark]', and Java 17 or newer."
            ) from error
        active: Any = SparkSession.getActiveSession()
        session, stop = (active, lambda: None) if active is not None else _started(workers)
    try:
        yield from _explained(session, job, list(numbers))
    finally:
        stop()


def _explained(session: Any, job: JsonObject, numbers: list[int]) -> Iterator[JsonObject]:
    """Yield the summary of each shard as it is done."""
    told, tag, found = as_json(job), f"topple-{uuid4().hex}", list[Any]()

    def unit(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        one_core()
        for batch in batches:
            for place in batch.column(0).to_pylist():
                yield pa.RecordBatch.from_pydict({"summary": [as_json(explain(json_of(told), numbers[place]))]})

    def collect() -> None:
        session.addTag(tag)
        warnings.filterwarnings("ignore", "PySpark does not yet", FutureWarning)
        try:
            frame = session.range(0, len(numbers), 1, len(numbers)).mapInArrow(unit, "summary string")
            found.append([json_of(row["summary"]) for row in frame.collect()])
        except Exception as error:  # noqa: BLE001 # told as the reason of the shards that are left
            found.append(error)

    thread, folder, left = threading.Thread(target=collect, daemon=True), Folder(job["out"]), set(numbers)
    manifest, pause = manifest_of(folder) or {}, PAUSE
    thread.start()
    try:
        while thread.is_alive():
            thread.join(pause)
            began = time.monotonic()
            ready = list(summaries(folder, manifest, left))
            pause = max(PAUSE, 10 * (time.monotonic() - began))
            left -= {each["shard"] for each in ready}
            yield from ready
        ended = found[0]
        if isinstance(ended, Exception):
            reason = f"Spark gave up on it: {str(ended).splitlines()[0]}"
            ended = [{"shard": number, "failed": reason} for number in sorted(left)]
        yield from (each for each in ended if each["shard"] in left)
    finally:
        if thread.is_alive():
            session.interruptTag(tag)
            thread.join()


def _started(workers: int | None) -> tuple[Any, Any]:
    """Return a session that is begun here, and what ends it; under spark-submit it is that of the submitted application."""
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    if "PYSPARK_GATEWAY_PORT" in os.environ or "SPARK_REMOTE" in os.environ:
        session = SparkSession.builder.appName("topple").getOrCreate()
        return session, session.stop
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    conf = SparkConf().setMaster(f"local[{workers or len(os.sched_getaffinity(0))},{TRIES}]").setAppName("topple")
    for name, value in {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}.items():
        conf.set(name, value)
    with tempfile.TemporaryFile() as log:  # what Java says: the terminal is for topple
        try:
            gateway = SparkContext._gateway or launch_gateway(conf, {"stdout": log, "stderr": log})
            context = SparkContext(conf=conf, gateway=gateway)
        except Exception as error:
            log.seek(0)
            said = log.read().decode(errors="replace").strip().splitlines()
            raise CapabilityError(
                f"Spark did not start: {said[-1] if said else error}. It needs Java 17 or newer (JAVA_HOME), or use --executor local."
            ) from error

    def stop() -> None:
        context.stop()
        with suppress(Exception):  # Java ends when its input does
            gateway.shutdown()
            gateway.proc.stdin.close()
            gateway.proc.wait(30)
        SparkContext._gateway = SparkContext._jvm = None

    return SparkSession(context), stop
