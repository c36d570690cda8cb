"""The unit of a batch: one shard of events becomes one shard of explanations; done again, it comes to the same."""

import gc
import os
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from topple.api.effort import with_effort
from topple.api.explaining import fitting_explainer
from topple.api.learning.folders import load_explainer
from topple.batch.earlier import IDENTITY, KNOWN, Earlier
from topple.batch.input.events import ASIDE
from topple.batch.input.histories import users_of
from topple.batch.input.sharding import WHOLE_NUMBERS
from topple.batch.job import ASIDE as ASIDE_FOLDER
from topple.batch.job import USERS, Job, shard_name
from topple.batch.storage import Folder
from topple.batch.users import Answers
from topple.errors import ModelFolderError
from topple.explainers.base import Explainer
from topple.inputs import json_of
from topple.recommenders.saving.folders import load_model
from topple.records.as_json import as_json
from topple.records.kinds import IdTypes
from topple.records.shards.columns import schema_of
from topple.records.shards.reading import DONE, EXPLANATIONS, LISTS, MANIFEST
from topple.scoring.budget import Budget
from topple.scoring.devices import device_of, on_device
from topple.scoring.recommender import Recommender
from topple.types import JsonObject

ROW_GROUP = 2**24
"""Bytes of explanations that are written together."""


def explain_shard(told: JsonObject, number: int) -> JsonObject:
    """Explain every user of a shard, write the answers, and return the summary, which is written last: what it names is whole.

    Answers of an earlier run are kept of users of whom nothing changed.

    Args:
        told: the job, as JSON.
        number: of the shard.

    Raises:
        ToppleError: the model is another one, or a file cannot be read or written.
    """
    job, started, spent = Job.of(told), time.perf_counter(), time.process_time()
    folder = Folder(job.out)
    manifest = json_of(folder.read(MANIFEST))
    recommender, method, budget = _loaded(as_json(told))
    kind, reading = manifest["input"]["users"], job.reading
    users = users_of(
        folder, manifest["where"], number, kind, reading.get("duplicates"), ordered=bool(reading.get("ordered"))
    )
    ids = id_types(job, recommender, kind)
    earlier = Earlier.read(folder, number, [job.identity, *([job.kept] if job.kept else [])], job.touched)
    answers = Answers(job, recommender, method, budget, ids, earlier)
    name = f"{shard_name(number)}.parquet"
    with (
        folder.write(f"{EXPLANATIONS}/{name}") as file,
        # neighbours repeat what they share, which zstd finds: with dictionaries besides, files are a half larger
        pq.ParquetWriter(file, schema_of(ids), compression="zstd", use_dictionary=False) as writer,
    ):
        for table in _row_groups(answers.tables(users)):
            writer.write_table(table)
    known = pa.Table.from_pylist(answers.known, KNOWN.with_metadata({IDENTITY: job.identity.encode()}))
    _write(folder, f"{USERS}/{name}", known)
    lists = answers.lists()
    if lists:
        with folder.write(f"{LISTS}/{shard_name(number)}.json") as file:
            file.write(as_json(lists).encode())
    if answers.aside:
        _write(folder, f"{ASIDE_FOLDER}/{name}", pa.Table.from_pylist(answers.aside, ASIDE))
    else:
        folder.remove(f"{ASIDE_FOLDER}/{name}")
    summary = {
        "shard": number, "where": manifest["where"], **answers.summary(), "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - spent, "worker": f"{socket.gethostname()}:{os.getpid()}",
        "peak_bytes": peak_bytes(),
    }  # fmt: skip
    with folder.write(f"{DONE}/{shard_name(number)}.json") as file:
        file.write(as_json(summary).encode())
    return summary


def _row_groups(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Yield tables together, so that each is large enough to be read by itself."""
    held: list[pa.Table] = []
    for table in tables:
        held.append(table)
        if sum(each.nbytes for each in held) >= ROW_GROUP:
            yield pa.concat_tables(held)
            held = []
    if held:
        yield pa.concat_tables(held)


def peak_bytes() -> int | None:
    """Return the most memory that this process has held; None where the system does not tell."""
    with suppress(OSError):
        told = Path("/proc/self/status").read_text(encoding="utf-8").split()
        if "VmHWM:" in told:
            return 1024 * int(told[told.index("VmHWM:") + 1])
    return None


@lru_cache(maxsize=1)
def _loaded(told: str) -> tuple[Recommender, Explainer, Budget]:
    """Return the model of a job, the method and the budget; kept for the next shard of this process."""
    gc.unfreeze()  # what another job of this process loaded
    gc.collect()
    job = Job.of(json_of(told))
    recommender = on_device(load_model(job.model, factory=job.factory), device_of(job.device))
    if recommender.fingerprint != job.fingerprint:
        raise ModelFolderError(
            f"{job.model} holds another model ({recommender.fingerprint}) than the batch was begun with ({job.fingerprint}). Put the model "
            "back, or begin anew with --overwrite."
        )
    found = recommender, *method_of(job, recommender)
    gc.freeze()  # what stays is not looked through with every collection of answers: a tenth of the time
    return found


def id_types(job: Job, recommender: Recommender, users: str) -> IdTypes:
    """Return the types of the ids in the explanations, given what user ids are; pseudonyms are texts."""
    whole = users == WHOLE_NUMBERS and job.pseudonyms is None
    return IdTypes(recommender.catalogue.vocabulary.column.type, pa.int64() if whole else pa.string())


def method_of(job: Job, recommender: Recommender) -> tuple[Explainer, Budget]:
    """Return the method of a job, and what a query may spend.

    Raises:
        UnknownNameError, SettingsError, CapabilityError.
    """
    settings, budget = with_effort(job.effort, job.explainer, job.settings or None, job.budget)
    named = load_explainer(job.explainer, recommender) if os.sep in job.explainer else job.explainer
    return fitting_explainer(recommender, named, settings), budget


def _write(folder: Folder, name: str, table: pa.Table) -> None:
    """Write a Parquet file."""
    with folder.write(name) as file:
        pq.write_table(table, file, compression="zstd")
