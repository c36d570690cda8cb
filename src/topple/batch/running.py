"""A batch from its beginning to its end: the manifest, the first pass, the shards that are left, what came of all."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from hashlib import blake2b
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from topple import __version__
from topple.api.faces.runs import difference
from topple.batch.executors import executor
from topple.batch.folder import manifest_of, missing, summaries, total
from topple.batch.input.events import Part
from topple.batch.input.sharding import shards_for, write_events, write_tables
from topple.batch.job import ASIDE, INPUT, USERS, Job
from topple.batch.storage import Folder
from topple.batch.unit import method_of
from topple.data.vocabulary import Catalogue
from topple.errors import DataError, ModelFolderError, OutputError, OutputExistsError, QueryError, counted
from topple.files import LOCK, hold
from topple.inputs import is_file
from topple.records.as_json import as_json
from topple.records.shards.reading import DONE, EXPLANATIONS, FORMAT, ITEMS, LISTS, MANIFEST
from topple.scoring.recommender import Recommender
from topple.types import JsonObject


class Source(Protocol):
    """Events that a batch is made of."""

    @property
    def identity(self) -> list[JsonObject]:
        """What the events are, as JSON; other events have another."""

    @property
    def rows(self) -> int:
        """About how many events there are."""

    @property
    def logged(self) -> bool:
        """Whether every row is an event of a history, repeats too, unless something else is said."""

    def parts(self) -> Iterator[Part]:
        """Yield all events."""


class Batch:
    """A folder of explanations of every user, which is made by shards and can be gone on with.

    Args:
        job: what is asked.
        recommender: the model of the job.
        source: the events.
        beside: tables with a column of users, by name: `shown`, `candidates`, `exclude` (user, item) and `contexts` (user, context).
        shards: how many shards; None: by the number of events.
        resume: whether to go on with a batch of the same model, data and settings.
        update: whether to explain again only users of whom something changed.
        overwrite: whether to begin anew.

    Raises:
        OutputExistsError: the folder holds something else, or a batch and none of the three is asked for, or another batch.
    """

    def __init__(
        self,
        job: Job,
        recommender: Recommender,
        source: Source,
        beside: Mapping[str, pa.Table] | None = None,
        *,
        shards: int | None = None,
        resume: bool = False,
        update: bool = False,
        overwrite: bool = False,
    ) -> None:
        if resume + update + overwrite > 1:
            raise QueryError(
                "--resume goes on with what is there, --update explains again what changed, --overwrite begins anew. Give one of them."
            )
        if source.logged and job.reading.get("duplicates") is None:
            job = replace(job, reading={**job.reading, "duplicates": "keep"})
        self.recommender, self.source, self.beside = recommender, source, dict(beside or {})
        self.folder, self.shards = Folder(job.out), shards_for(source.rows) if shards is None else shards
        method, budget = method_of(job, recommender)
        k, items = job.asked["k"], len(recommender.catalogue)
        if k is not None and not 1 <= k < items:
            raise QueryError(
                f"k={k} is not from 1 to {items - 1}, one less than the catalogue has items. Choose another length."
            )
        hangs_on = {
            "version": __version__, "model": recommender.fingerprint, "catalogue": recommender.catalogue.fingerprint,
            "explainer": method.name, "settings": method.settings.model_dump(mode="json"), "budget": budget.model_dump(mode="json"),
            "asked": job.asked, "reading": job.reading, "sentences": job.sentences, "pseudonyms": job.pseudonyms is not None,
        }  # fmt: skip
        self.told: JsonObject = {"format": FORMAT, **hangs_on, "data": source.identity, "beside": _hashes(self.beside)}
        identity = blake2b(as_json(hangs_on).encode(), digest_size=12).hexdigest()
        self.overwrite, self.update, self.identity, self.touched = overwrite, update, identity, job.touched
        there = self._there(resume=resume)
        kept = "" if there is None else self._kept(there)
        self.job = replace(job, out=self.folder.anywhere, identity=identity, kept=kept)

    def _there(self, *, resume: bool) -> JsonObject | None:
        """Return the manifest that is there, if it stays; refuse a folder that may not be written to, before any work."""
        if self.folder.local is not None and (not self.folder.address or is_file(self.folder.local)):
            raise OutputExistsError(f"out={self.folder.address!r} is a file, or no path. Choose the path of a folder.")
        there = manifest_of(self.folder)
        if there is None:
            other = [name for name in self.folder.names() if name not in (INPUT, ASIDE, ITEMS, LOCK)]
            if other:
                raise OutputExistsError(
                    f"{self.folder.address} is a folder of something else (it holds {other[0]} and no {MANIFEST}) and is left as it is. "
                    "Choose another path."
                )
            return None
        if self.overwrite:
            return None
        if not (resume or self.update):
            left, shards = len(missing(self.folder, there)), counted(there["input"]["shards"], "shard")
            raise OutputExistsError(
                f"{self.folder.address} holds a batch of {shards}, of which {left:,} are left. Go on with it "
                "(--resume), explain again what changed (--update), begin anew (--overwrite), or choose another path."
            )
        changed = "" if self.update else difference({name: there.get(name) for name in self.told}, self.told)
        if changed:
            raise OutputExistsError(
                f"{self.folder.address} holds another batch ({changed}) and is left as it is. Explain again what changed (--update), begin "
                "anew (--overwrite), or choose another path."
            )
        return there

    def _kept(self, there: JsonObject) -> str:
        """Return the identity of answers that are kept although lists changed, where only users are asked about whom items touch.

        Raises:
            OutputExistsError: something else changed as well.
        """
        if self.touched is None:
            return ""
        old, new = (
            {name: each.get(name) for name in self.told if name not in ("data", "beside", "asked")}
            | {name: value for name, value in each["asked"].items() if name not in ("candidates", "exclude")}
            for each in (there, self.told)
        )
        changed = difference(old, new)
        if changed:
            raise OutputExistsError(
                f"--items explains again those whom items touch, and more than lists changed ({changed}). Leave --items out: then all are "
                "explained again."
            )
        same = there["identity"] == self.identity and there.get("touched") == self.touched
        return str(there.get("kept", "") if same else there["identity"])

    def run(
        self,
        name: str = "local",
        workers: int | None = None,
        on_rows: Callable[[int], None] | None = None,
        on_shard: Callable[[JsonObject], None] | None = None,
    ) -> JsonObject:
        """Explain all users that are left, and return what came of all.

        Args:
            name: of the executor.
            workers: how many; None: as many as there are cores.
            on_rows: called with how many more rows are read in the first pass.
            on_shard: called with the summary of each shard, those that were done before too.
        """
        run = executor(name)
        with _held(self.folder):
            self.folder.repair()
            manifest = self._prepared(on_rows)

            def say(summary: JsonObject) -> None:
                if on_shard is not None:
                    on_shard({**summary, "of": manifest["input"]["shards"]})

            for summary in summaries(self.folder, manifest):
                say(summary)
            left, failed = missing(self.folder, manifest), []
            if left and not self.folder.exists(manifest["where"]):
                raise DataError(
                    f"{self.folder.address} has {len(left):,} shards left and no input for them any more. Begin anew (--overwrite)."
                )
            if left:
                with closing(run(self.job.as_json(), left, workers)) as explained:  # workers end where this does
                    for summary in explained:
                        say(summary)
                        if "failed" in summary:
                            failed.append(_one_of_many(summary))
            found = total(self.folder, manifest, failed)
            if found["done"] == found["shards"]:
                self.folder.remove(INPUT)  # what is known of users stays as hashes
            return found

    def _prepared(self, on_rows: Callable[[int], None] | None) -> JsonObject:
        """Return the manifest of the batch, once what it names is there."""
        if self.overwrite:
            # killed in between, it is a batch that is not done
            for part in (DONE, EXPLANATIONS, LISTS, USERS, ASIDE, INPUT, MANIFEST):
                self.folder.remove(part)
            self.overwrite = False
        there = manifest_of(self.folder)
        begun = there is not None and all(there.get(name) == value for name, value in self.told.items())
        if there is not None and begun and (not self.update or there.get("touched") == self.job.touched):
            return there
        turn = 1 if there is None else int(there["turn"]) + 1
        shards = self.shards if there is None else int(there["input"]["shards"])
        where = f"{INPUT}/{turn}"
        self.folder.remove(where)
        found = write_events(self.folder, where, self.source.parts(), shards, on_rows)
        for table_name, table in self.beside.items():
            write_tables(self.folder, f"{where}/{table_name}", [table], shards)
        self._keep_aside(where)
        _write_items(self.folder, self.recommender.catalogue)
        manifest = {
            **self.told, "identity": self.identity, "touched": self.touched, "kept": self.job.kept, "turn": turn,
            "where": where, "input": found,
        }  # fmt: skip
        with self.folder.write(MANIFEST) as file:
            file.write(as_json(manifest, indent=2).encode())
        return manifest

    def _keep_aside(self, where: str) -> None:
        """Keep the rows that are no events; without users, where these are renamed."""
        with self.folder.open(f"{where}/aside.parquet") as file:
            rows = pq.read_table(file)
        if self.job.pseudonyms is not None:
            rows = rows.set_column(2, rows.schema.field(2), pa.nulls(rows.num_rows, pa.string()))
        with self.folder.write(f"{ASIDE}/input.parquet") as file:
            pq.write_table(rows, file)


def _one_of_many(failed: JsonObject) -> JsonObject:
    """Return the summary of a shard that failed.

    Raises:
        OutputError, ModelFolderError: all others would fail as it did.
    """
    name = failed.get("error")
    if name is None:
        return failed
    kind = ModelFolderError if name == ModelFolderError.__name__ else OutputError
    raise kind(f"{failed['failed']} The shards that are done are kept: --resume goes on with them.")


def _hashes(tables: Mapping[str, pa.Table]) -> dict[str, str]:
    """Return a hash of each table."""
    return {name: _hash(table.to_batches()) for name, table in tables.items()}


def _hash(batches: Iterable[pa.RecordBatch]) -> str:
    whole = blake2b(digest_size=12)
    for batch in batches:
        whole.update(repr(batch.to_pydict()).encode())
    return whole.hexdigest()


def _write_items(folder: Folder, catalogue: Catalogue) -> None:
    """Write the items and titles of the catalogue, for whoever joins them with the explanations."""
    items = catalogue.vocabulary.column
    titles = pa.array([catalogue.title(item) for item in items.to_pylist()], pa.string())
    with folder.write(ITEMS) as file:
        pq.write_table(pa.table({"item": items, "title": titles}), file)


@contextmanager
def _held(folder: Folder) -> Iterator[None]:
    """Keep a folder of this machine for this process."""
    if folder.local is None:
        yield
        return
    try:
        folder.local.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {folder.address}: {error.strerror or error}. Choose another path.") from error
    lock = hold(folder.local)
    try:
        yield
    finally:
        os.close(lock)
