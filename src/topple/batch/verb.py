"""The verb of the library for every user: what `topple batch` does."""

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from topple.batch.input.events import EventFiles, Reading
from topple.batch.input.matrices import MatrixEvents
from topple.batch.job import Job
from topple.batch.running import Batch, Source
from topple.data.merging import Duplicates
from topple.errors import DataError
from topple.inputs import path_of
from topple.recommenders.saving.folders import load_model, load_model_split
from topple.records.effort import Effort
from topple.records.question import CandidateRule, Goal
from topple.records.shards.reading import StoredExplanations
from topple.reports.progress import shards_bar
from topple.scoring.recommender import Recommender
from topple.types import FilePath, ItemId


def explain_all(
    model: FilePath,
    out: FilePath,
    events: FilePath | Sequence[FilePath] | None = None,
    *,
    user: str = "user",
    item: str = "item",
    weight: str | None = "auto",
    timestamp: str | None = None,
    duplicates: Duplicates | None = None,
    ordered: bool = False,
    k: int = 5,
    rule: CandidateRule | str = CandidateRule.UNSEEN_BEFORE,
    goal: Goal | str = Goal.NECESSARY,
    exclude: Iterable[ItemId] = (),
    effort: Effort | str | None = None,
    seed: int = 0,
    executor: str = "local",
    workers: int | None = None,
    resume: bool = False,
    update: bool = False,
    overwrite: bool = False,
    progress: bool = True,
) -> StoredExplanations:
    """Explain every user, from events to a folder of Parquet shards; `topple batch` has more options.

    Args:
        model: a model folder.
        out: the folder to make.
        events: tables of events (CSV, TSV, JSON Lines, Parquet, a folder of Parquet files), or a CSR file .npz; None: the users of the
            model folder.
        user: column of user ids.
        item: column of item ids.
        weight: column of weights; "auto": one with such a name; None: none.
        timestamp: column of times.
        duplicates: what becomes of rows that repeat a (user, item) pair, as `read_interactions` has it.
        ordered: whether the rows of a user are in order, oldest first.
        k: length of the list.
        rule: which items compete after a removal.
        goal: what a set is to do.
        exclude: items that may not be listed.
        effort: what the answers are for: "instant", "balanced", "proof".
        seed: of the run.
        executor: what runs the shards: "local", "ray", "spark".
        workers: how many processes; None: one a core.
        resume: whether to go on with a run that was stopped.
        update: whether to explain again only users of whom something changed.
        overwrite: whether to begin anew.
        progress: whether to show a bar.

    Returns:
        The explanations, read when they are asked for.

    Raises:
        OutputExistsError: the folder is there, and none of the three is asked for.
        DataError, DataNotFoundError: events that cannot be read, or shards that failed; the others stay, and `resume` tries again.

    Example:
        >>> stored = explain_all("model", "why", "events.parquet")  # doctest: +SKIP
        >>> stored.of("42")  # doctest: +SKIP
    """
    folder, recommender = path_of(model), load_model(model)
    asked: dict[str, Any] = {"k": k, "rule": str(CandidateRule(rule)), "goal": str(Goal(goal)), "seed": seed}
    gone = sorted({*exclude}, key=str)
    job = Job(
        str(out), str(folder.absolute()), recommender.fingerprint, {**asked, **({"exclude": gone} if gone else {})},
        effort=None if effort is None else str(effort), reading={"duplicates": duplicates, "ordered": ordered},
    )  # fmt: skip
    paths = [events] if isinstance(events, str | Path) else list(events or ())
    source = source_of(folder, recommender, [path_of(path) for path in paths], Reading(user, item, weight, timestamp))
    batch = Batch(job, recommender, source, resume=resume, update=update, overwrite=overwrite)
    with shards_bar(source.rows) if progress else nullcontext((None, None)) as (on_rows, on_shard):
        found = batch.run(executor, workers, on_rows, on_shard)
    if found["failed"]:
        first = found["failed"][0]
        raise DataError(
            f"{len(found['failed']):,} of {found['shards']:,} shards failed, shard {first['shard']}: {first['failed']} The others are "
            "kept: mend it, and go on with resume=True."
        )
    return StoredExplanations(out)


def source_of(model: Path, recommender: Recommender, paths: Sequence[Path], reading: Reading) -> Source:
    """Return the events of files, or of the users of a model folder where none is given.

    Raises:
        DataError: a CSR file among others, or a model folder that holds no users.
        DataNotFoundError: no such file.
    """
    items = recommender.catalogue.vocabulary
    if not paths:
        split = load_model_split(model)
        if split is None:
            raise DataError("this model folder holds no users. Give their events (events=, --events).")
        return MatrixEvents.of_split(split)
    packed = [path for path in paths if path.suffix == ".npz"]
    if packed and len(paths) > 1:
        raise DataError("a CSR file holds all users. Give it alone.")
    return MatrixEvents.of_csr(packed[0], items) if packed else EventFiles(paths, reading, items.column.type)
