"""Batches of every user: explanations a second and core, memory of a worker, workers, and what more users cost.

    python -m benchmarks.scale                                  a generated catalogue, no data needed
    python -m benchmarks.scale --epinions FOLDER --ml-1m FILE --minutes 10 --parts epinions million workers overhead

Epinions: all users of interactions.csv.gz, top-5, item-kNN; 2,000 explanations are judged anew by numpy. Million: generated users on the
catalogue of ML-1M, top-10, in the order of their hashes; a run that the minutes end is extrapolated, and says so. Workers: two processes
beside one, in turn. Overhead: the batch beside `explain_queries` on the same queries. One BLAS thread a process; the load is told.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import topple
from benchmarks import results
from benchmarks.chaotic.world import installed
from benchmarks.large_catalogue import histories, interactions, whole_split
from benchmarks.rejudging import Rejudge
from benchmarks.timing import one_core, timed
from topple.batch.executors import executor
from topple.batch.input.events import EventFiles, Reading
from topple.batch.job import Job
from topple.batch.running import Batch
from topple.records.answer import Explanation, Proof, Status

PARTS = ("epinions", "million", "workers", "overhead")
JUDGED, GENERATED = 2000, 20_000
"""Explanations that are judged anew, and users of the parts that need no data."""
SHARDS = 20
"""Ten for each of two workers, so that none waits long for the last."""


def events_of(users: Mapping[Any, Any], path: Path) -> Path:
    """Write histories as a Parquet file of events, and return it."""
    lengths = [len(history) for history in users.values()]
    names = pa.array(list(users)).take(pa.array(np.repeat(np.arange(len(users)), lengths)))
    pq.write_table(pa.table({"user": names, "item": [item for history in users.values() for item in history]}), path)
    return path


def job_of(model: Path, out: Path, k: int) -> tuple[Job, topple.Recommender]:
    """Return what is asked: the top-k of every user, by the default method."""
    recommender = topple.load_model(model)
    asked = {"k": k, "rule": "unseen_before", "seed": 0}
    return Job(str(out), str(model), recommender.fingerprint, asked), recommender


def batch(
    model: Path,
    events: Path,
    out: Path,
    k: int,
    workers: int,
    shards: int | None = None,
    minutes: float = 1e9,
    engine: str = "local",
) -> dict[str, Any]:
    """Explain every user, or as many as the minutes allow; return what came of it, with the seconds of the clock."""
    job, recommender = job_of(model, out, k)
    columns = {"user": "user_id", "item": "item_id"} if events.suffix == ".gz" else {}
    source = EventFiles([events], Reading(**columns), recommender.catalogue.vocabulary.column.type)
    started, found = time.perf_counter(), []
    whole = Batch(job, recommender, source, shards=shards, overwrite=out.exists())
    manifest = whole._prepared(None)
    first_pass = time.perf_counter() - started
    left = list(range(manifest["input"]["shards"]))
    for summary in executor(engine)(whole.job.as_json(), left, workers):
        found.append(summary)
        if time.perf_counter() - started > 60 * minutes:
            break
    clock = time.perf_counter() - started
    rows, cpu = sum(each["rows"] for each in found), sum(each["cpu_seconds"] for each in found)
    share = len(found) / max(1, len(left))  # of the first pass, which was of all
    return {
        "users": sum(each["users"] for each in found), "rows": rows, "shards_done": len(found), "shards": len(left), "clock_s": clock,
        "first_pass_s": first_pass, "cpu_s": cpu, "a_second_and_core": rows / (cpu + share * first_pass), "workers": workers,
        "peak_gib": max(each["peak_bytes"] or 0 for each in found) / 2**30, "load": os.getloadavg()[0], "k": k,
        "failed": [each for each in found if "failed" in each],
    }  # fmt: skip


def epinions(options: argparse.Namespace, place: Path) -> Iterator[dict[str, Any]]:
    """Yield the row of all users of Epinions, and say what numpy finds wrong."""
    model = place / "epinions-item-knn"
    if not model.is_dir():
        topple.save_model(topple.fit(whole_split(interactions(options.epinions)), "item-knn", progress=False), model)
    out = place / "epinions"
    row = batch(model, options.epinions / "interactions.csv.gz", out, 5, 1)
    chosen = sample(topple.scan_explanations(out))
    recommender = topple.load_model(model)
    wrong = Rejudge(rows_of(recommender), recommender.catalogue.vocabulary.ids).wrong(chosen)
    print("\n".join(wrong[:10]))
    yield {"what": "epinions, item-knn, top-5", "part": "all users", **row, "judged": len(chosen), "wrong": len(wrong)}


def rows_of(recommender: topple.Recommender) -> Any:
    """Return what each item of a history adds to the scores, as a sparse matrix of scipy, from the stored arrays."""
    from scipy import sparse

    arrays = {name: array.numpy() for name, array in recommender.arrays().items()}
    size = len(recommender.catalogue)
    return sparse.csr_matrix(
        (arrays["similarities"].astype(np.float64), arrays["indices"], arrays["indptr"]), shape=(size, size)
    )


def sample(stored: Any) -> list[Explanation]:
    """Return explanations to judge anew: half of them impossible, minimum of several items, or a whole history."""
    hard: list[Explanation] = []
    rest: list[Explanation] = []
    for each in stored:
        if each.status is Status.INVALID:
            continue
        several = each.proof is Proof.MINIMUM and len(each.items) > 1
        whole = len(each.positions) == len(each.query.history)
        (hard if several or whole or each.status is Status.IMPOSSIBLE else rest).append(each)
    draws = np.random.default_rng(0)
    half = JUDGED // 2
    return [group[number] for group in (hard, rest) for number in draws.permutation(len(group))[:half]]


def million(options: argparse.Namespace, place: Path) -> Iterator[dict[str, Any]]:
    """Yield a row for each model of generated users; those that the minutes end are extrapolated."""
    split, users = ml_1m(options.ml_1m), options.users
    events = generated(split, users, place / f"generated-{users}.parquet")
    for name in options.recommenders:
        model = place / f"ml-1m-{name}"
        if not model.is_dir():
            topple.save_model(topple.fit(split, name, progress=False), model)
        out = place / f"million-{name}"
        row = batch(model, events, out, 10, options.workers, options.shards, options.minutes)
        share = row["users"] / users
        hours = (row["clock_s"] - row["first_pass_s"]) / share / 3600 + row["first_pass_s"] / 3600
        yield {
            "what": f"{users:,} generated users, {name}, top-10",
            "part": "extrapolated" if share < 1 else "all users",
            **row,
            "hours_of_all": hours,
        }


def ml_1m(path: Path | None) -> topple.Split:
    """Return ML-1M as a split in which every user trains; generated films without a file."""
    if path is None:
        return topple.load_split("generated")
    read = topple.read_interactions(path, user="user_id", item="movie_id", name="ml-1m")
    return whole_split(read)


def generated(split: topple.Split, users: int, path: Path) -> Path:
    """Write events of so many users: each has the history of a user of the data with a third of the items drawn by popularity."""
    if path.is_file():
        return path
    train, draws = split.train, np.random.default_rng(0)
    popularity = np.asarray(train.sum(0)).ravel() + 1
    ids = split.catalogue.vocabulary.column
    with pq.ParquetWriter(path, pa.schema([("user", pa.int64()), ("item", ids.type)])) as writer:
        for first in range(0, users, 20_000):
            count = min(20_000, users - first)
            rows = train[draws.integers(train.shape[0], size=count)]
            items, lengths = rows.indices.astype(np.int64), np.diff(rows.indptr)
            other = draws.random(len(items)) < 1 / 3
            items[other] = draws.choice(train.shape[1], int(other.sum()), p=popularity / popularity.sum())
            pairs = np.unique(np.repeat(np.arange(first, first + count), lengths) * train.shape[1] + items)
            writer.write_table(
                pa.table({"user": pairs // train.shape[1], "item": ids.take(pa.array(pairs % train.shape[1]))})
            )
    return path


def workers(options: argparse.Namespace, place: Path) -> Iterator[dict[str, Any]]:
    """Yield how much faster two processes are than one, in turn."""
    model, events, k = of_epinions(options, place)
    ratios = []
    for _ in range(options.turns):
        one, two = (batch(model, events, place / "turn", k, count, SHARDS)["clock_s"] for count in (1, 2))
        ratios.append(one / two)
    yield {
        "what": "two processes beside one",
        "part": "epinions" if options.epinions else "generated",
        "ratio": statistics.median(ratios),
        "ratios": ratios,
        "load": os.getloadavg()[0],
    }


def of_epinions(options: argparse.Namespace, place: Path) -> tuple[Path, Path, int]:
    """Return a model folder, events, and k."""
    if options.epinions:
        return place / "epinions-item-knn", options.epinions / "interactions.csv.gz", 5
    model = place / "generated-ease"
    split = topple.load_split("generated")
    if not model.is_dir():
        topple.save_model(topple.fit(split, "ease", progress=False), model, split)
    return model, generated(split, GENERATED, place / f"generated-{GENERATED}.parquet"), 5


def overhead(options: argparse.Namespace, place: Path) -> Iterator[dict[str, Any]]:
    """Yield what a batch takes beside `explain_queries` on the same queries, in one worker.

    Of local processes in time of the processor; of Ray and Spark, where these are installed, in time of the clock, on a cluster of one core
    that is there.
    """
    model, events, k = of_epinions(options, place)
    recommender = topple.load_model(model)
    if options.epinions:
        users = histories(interactions(options.epinions))
    else:
        table = pq.read_table(events).to_pandas()
        users = table.groupby("user")["item"].agg(tuple).to_dict()
    engines = ["local", *filter(installed, ("ray", "spark"))]
    ratios: dict[str, list[float]] = {engine: [] for engine in engines}
    rows = 0
    for _ in range(options.turns):
        queries = topple.top_k_queries(recommender, users, k=k)
        plain = timed(partial(topple.explain_queries, recommender, queries, progress=False))
        del queries
        for engine in engines:
            with cluster(engine):
                found = batch(model, events, place / "overhead", k, 1, engine=engine)
            rows = found["rows"]
            of_processor = (found["cpu_s"] + found["first_pass_s"]) / plain.seconds
            ratios[engine].append(of_processor if engine == "local" else found["clock_s"] / plain.clock)
    for engine in engines:
        yield {
            "what": "batch beside explain_queries", "part": engine, "ratio": statistics.median(ratios[engine]), "ratios": ratios[engine],
            "rows": rows, "load": os.getloadavg()[0],
        }  # fmt: skip


@contextmanager
def cluster(engine: str) -> Iterator[None]:
    """Keep a cluster of one core on this machine, for Ray and Spark."""
    if engine == "ray":
        import ray

        ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        try:
            yield
        finally:
            ray.shutdown()
    elif engine == "spark":
        from pyspark.sql import SparkSession

        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        session = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
        try:
            yield
        finally:
            session.stop()
    else:
        yield


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epinions", type=Path, help="folder with interactions.csv.gz")
    parser.add_argument("--ml-1m", type=Path, help="interactions.csv.gz of ML-1M")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=None)
    parser.add_argument("--users", type=int, default=1_000_000, help="generated users")
    parser.add_argument("--recommenders", nargs="+", default=["ease"])
    parser.add_argument("--minutes", type=float, default=10, help="of a batch of generated users")
    parser.add_argument(
        "--shards", type=int, help="of generated users; more where a shard would take longer than the minutes"
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--place", type=Path, help="folder for models and outputs; a temporary one without it")
    options = parser.parse_args()
    one_core()
    parts = options.parts or [part for part in PARTS if options.epinions or part != "epinions"]
    with tempfile.TemporaryDirectory() as temporary:
        place = options.place or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        for part in parts:
            rows = list(
                {"epinions": epinions, "million": million, "workers": workers, "overhead": overhead}[part](
                    options, place
                )
            )
            for row in rows:
                print(
                    {name: round(value, 4) if isinstance(value, float) else value for name, value in row.items()},
                    flush=True,
                )
            results.keep({"scale": rows})


if __name__ == "__main__":
    main()
