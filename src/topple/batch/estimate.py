"""What a batch will take, before it is begun: users, shards, hours, bytes, from a first pass and a sample of the first shard."""

import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq

from topple.batch.input.histories import users_of
from topple.batch.input.sharding import shards_for, write_events
from topple.batch.job import Job, shard_name
from topple.batch.running import Source
from topple.batch.storage import Folder
from topple.batch.unit import id_types, method_of
from topple.batch.users import Answers
from topple.scoring.recommender import Recommender

SAMPLE, SECONDS = 400, 10.0
"""Users of the sample at most, and the seconds after which no more are asked about."""


class Estimate(NamedTuple):
    """What a batch will take.

    Args:
        users: about how many.
        events: how many.
        aside: rows that are set aside.
        shards: how many.
        rows: about how many explanations.
        core_hours: of one core.
        bytes: of the explanations.
        sampled: users that this was measured on.
    """

    users: int
    events: int
    aside: int
    shards: int
    rows: int
    core_hours: float
    bytes: int
    sampled: int


def estimated(job: Job, recommender: Recommender, source: Source, shards: int | None = None) -> Estimate:
    """Return what a batch will take; nothing is left behind.

    Args:
        job: what is asked.
        recommender: the model.
        source: the events.
        shards: how many shards; None: by the number of events.
    """
    count = shards_for(source.rows) if shards is None else shards
    with tempfile.TemporaryDirectory(prefix="topple-") as place:
        folder = Folder(Path(place))
        found = write_events(folder, "input", source.parts(), count)
        reading = job.reading
        first = next(number for number in range(count) if folder.exists(f"input/events/{shard_name(number)}"))
        users = users_of(
            folder, "input", first, found["users"], reading.get("duplicates"), ordered=bool(reading.get("ordered"))
        )
        method, budget = method_of(job, recommender)
        answers = Answers(job, recommender, method, budget, id_types(job, recommender, found["users"]), None)
        list(answers.tables(users[:1]))  # what is compiled or made once
        spent, asked, rows, size = 0.0, 0, 0, 0
        step = max(1, len(users) // SAMPLE)
        sample = users[::step][:SAMPLE]
        while asked < len(sample) and spent < SECONDS:
            part = sample[asked : asked + 50]
            began = time.process_time()
            for table in answers.tables(part):
                with folder.write("sample.parquet") as file:
                    pq.write_table(table, file, compression="zstd")
                rows += table.num_rows
                size += len(folder.read("sample.parquet"))
            spent += time.process_time() - began
            asked += len(part)
    users_in_all = round(found["events"] * len(users) / max(1, sum(len(known.history) for known in users)))
    per_user = users_in_all / asked
    return Estimate(
        users_in_all, found["events"], found["aside"], count, round(rows * per_user), spent * per_user / 3600,
        round(size * per_user), asked,
    )  # fmt: skip
