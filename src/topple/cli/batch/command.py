"""`topple batch`: every user, on this machine or on many; and `topple erase`."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from topple.cli.batch.options import EventsChoice
from topple.cli.shared.options import Device, Factory, Json, K, ModelFolder, Overwrite, Pairs, Seed, takes
from topple.cli.shared.showing import console, show_json
from topple.errors import QueryError
from topple.records.effort import Effort
from topple.records.question import CandidateRule, Goal, Repeats

if TYPE_CHECKING:
    from topple.batch.running import Batch
    from topple.types import JsonObject

ENGINE, QUESTION = "Engine", "Question"


@takes(EventsChoice, "choice")
def batch(
    choice: EventsChoice,
    model: ModelFolder,
    out: Annotated[str, typer.Option("--out", "-o", help="A folder, or an address such as s3://bucket/why.")],
    k: K = 5,
    rule: Annotated[
        CandidateRule, typer.Option(help="Which items compete after a removal.", rich_help_panel=QUESTION)
    ] = CandidateRule.UNSEEN_BEFORE,
    goal: Annotated[Goal, typer.Option(help="What the set is to do.", rich_help_panel=QUESTION)] = Goal.NECESSARY,
    largest: Annotated[int | None, typer.Option(min=1, help="Most items of a set.", rich_help_panel=QUESTION)] = None,
    sets: Annotated[int, typer.Option(min=1, help="How many different smallest sets.", rich_help_panel=QUESTION)] = 1,
    repeats: Annotated[
        Repeats, typer.Option(help="What is named where an item comes again.", rich_help_panel=QUESTION)
    ] = Repeats.ITEM,
    effort: Annotated[
        Effort | None,
        typer.Option(help="What the answers are for: instant, balanced, proof.", rich_help_panel=QUESTION),
    ] = None,
    scored: Annotated[
        int | None, typer.Option(min=1, help="Most scored histories of a query.", rich_help_panel=QUESTION)
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(help="Most seconds of a query; refused without --may-vary.", rich_help_panel=QUESTION),
    ] = None,
    may_vary: Annotated[
        bool,
        typer.Option(
            "--may-vary", help="Take a budget in seconds: answers may differ from run to run.", rich_help_panel=QUESTION
        ),
    ] = False,
    explainer: Annotated[
        str, typer.Option(help="An explainer by name, or a folder of one.", rich_help_panel=QUESTION)
    ] = "auto",
    settings: Pairs = None,
    seed: Seed = 0,
    sentences: Annotated[
        bool,
        typer.Option(
            "--sentences", help="Write titles and sentences too; they take as long as the rest of a simple model."
        ),
    ] = False,
    because: Annotated[str, typer.Option(help="What people did: liked, bought, played, read, viewed, ...")] = "liked",
    language: Annotated[str, typer.Option(help="The language of the sentences: en or de.")] = "en",
    pseudonyms: Annotated[
        Path | None,
        typer.Option(help="Name users by pseudonyms of the newest key of this file, which `topple audit keys` makes."),
    ] = None,
    executor: Annotated[
        str, typer.Option(help="What runs the shards: local, ray, spark.", rich_help_panel=ENGINE)
    ] = "local",
    workers: Annotated[
        int | None, typer.Option(min=1, help="How many processes. (default: one a core)", rich_help_panel=ENGINE)
    ] = None,
    shards: Annotated[
        int | None,
        typer.Option(min=1, help="How many shards. (default: one a hundred thousand events)", rich_help_panel=ENGINE),
    ] = None,
    device: Device = "cpu",
    factory: Factory = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")] = False,
    update: Annotated[
        bool,
        typer.Option(
            "--update",
            help="Explain again users of whom events, lists, model or settings changed; drop users who are gone.",
        ),
    ] = False,
    items: Annotated[
        Path | None,
        typer.Option(
            help="With --update: items, an id a line; only users whose lists, sets, replacements or histories hold one are explained "
            "again where nothing else of them changed. For items that were delisted, with the new --exclude or --candidates."
        ),
    ] = None,
    overwrite: Overwrite = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say users, shards, hours and bytes, and do nothing else.")
    ] = False,
    json: Json = False,
) -> None:
    """Explain every user: from events to a folder of Parquet shards, which --resume goes on with and --update brings up to date.

    Read it with topple.read_explanations, DuckDB, or topple report. Erase a user with topple erase.

    Example: topple batch --model model --events events.parquet --out why
    """
    from topple.api.faces.parsing import settings_of
    from topple.batch.job import Job
    from topple.batch.running import Batch
    from topple.cli.shared.loading import load_on
    from topple.reports.words import words_in

    words_in(language).verb(because)
    if seconds is not None and not may_vary:
        raise QueryError(
            f"--seconds {seconds:g} gives other answers on another machine, or when it is busy: a batch that is gone on with would mix "
            "them. Give --scored or --effort, or say --may-vary."
        )
    if items is not None and not update:
        raise QueryError("--items says which users --update explains again. Give both.")
    recommender = load_on(model, device, factory)
    beside, shared = choice.beside(recommender)
    asked: dict[str, Any] = {
        "k": k, "rule": rule.value, "goal": goal.value, "largest": largest, "sets": sets, "repeats": repeats.value, "seed": seed,
    }  # fmt: skip
    if choice.shown is not None:
        asked["k"] = None
    budget = settings_of(None, scored=scored, seconds=seconds)
    job = Job(
        out=out, model=str(model.absolute()), fingerprint=recommender.fingerprint, asked={**asked, **shared}, explainer=explainer,
        settings=settings_of(settings), budget=budget, effort=None if effort is None else effort.value, reading=choice.reading,
        sentences={"because": because, "language": language} if sentences else {}, factory=factory, device=device,
        pseudonyms=None if pseudonyms is None else str(pseudonyms.absolute()), touched=_touched(items, recommender.catalogue.vocabulary),
    )  # fmt: skip
    source = choice.source(model, recommender)
    if dry_run:
        from topple.batch.estimate import estimated

        _show_estimate(estimated(job, recommender, source, shards)._asdict(), json=json)
        return
    run = Batch(job, recommender, source, beside, shards=shards, resume=resume, update=update, overwrite=overwrite)
    _show(_run(run, executor, workers), out, json=json)


def _touched(file: Path | None, items: Any) -> list[Any] | None:
    """Return the items of a file that the model knows, sorted."""
    if file is None:
        return None
    from topple.api.faces.parsing import as_known
    from topple.data.ranked import read_items

    found = read_items(file)
    if isinstance(found, dict):
        raise QueryError(f"{file} is a table of users. Give a text file with an item id a line.")
    return sorted(as_known(found, items), key=str)


def _run(batch: "Batch", executor: str, workers: int | None) -> "JsonObject":
    """Run a batch with a bar; on Ctrl-C say what goes on with it."""
    from topple.reports.progress import shards_bar

    try:
        with shards_bar(batch.source.rows) as (on_rows, on_shard):
            return batch.run(executor, workers, on_rows, on_shard)
    except KeyboardInterrupt:
        arguments = [word for word in sys.argv[1:] if word not in ("--resume", "--overwrite")]
        command = shlex.join(["topple", *arguments, *([] if batch.update else ["--resume"])])
        Console(stderr=True, highlight=False).print(
            f"Interrupted: the shards that are done are kept. To go on:\n{command}", markup=False, soft_wrap=True
        )
        raise typer.Exit(130) from None


def _show(found: "JsonObject", out: str, *, json: bool) -> None:
    """Show what came of a batch; exit code 1 where shards failed."""
    if json:
        show_json(found)
    else:
        table = Table(title=f"{found['users']:,} users, {found['rows']:,} explanations")
        for column in ("what", "how many", "of"):
            table.add_column(column, justify="left" if column == "what" else "right")
        for name, count in sorted(found["statuses"].items()):
            table.add_row(name.replace("_", " "), f"{count:,}", f"{found['rows']:,} explanations")
        true = sum(found["proofs"].values())
        for name, count in sorted(found["proofs"].items()):
            table.add_row(
                f"true and {name}" if name != "valid" else "true, no more proven", f"{count:,}", f"{true:,} true sets"
            )
        sizes = {int(size): count for size, count in found["sizes"].items()}
        if true:
            mean = sum(size * count for size, count in sizes.items()) / true
            table.add_row("mean size", f"{mean:.2f}", f"{true:,} true sets")
        for what, count, of in (
            ("users kept, as nothing changed", found["kept"], f"{found['users']:,} users"),
            ("rows set aside", found["aside"]["rows"], f"{found['events'] + found['aside']['rows']:,} rows"),
            ("users set aside", found["aside"]["users"], f"{found['users']:,} users"),
            ("events of unknown items left out", found["left_out"], f"{found['events']:,} events"),
        ):
            if count:
                table.add_row(what, f"{count:,}", of)
        console().print(table)
        console().print(f"Written: {out}", markup=False, soft_wrap=True)
    for failed in found["failed"]:
        Console(stderr=True, highlight=False).print(
            f"shard {failed['shard']} failed: {failed['failed']}", markup=False, soft_wrap=True
        )
    if found["failed"]:
        raise typer.Exit(1)


def _show_estimate(found: "dict[str, Any]", *, json: bool) -> None:
    """Show what a batch will take."""
    if json:
        show_json(found)
        return
    console().print(
        f"{found['events']:,} events of about {found['users']:,} users in {found['shards']:,} shards; {found['aside']:,} rows set aside.\n"
        f"About {found['rows']:,} explanations, {found['core_hours']:.2g} hours of one core, {found['bytes'] / 1e6:,.1f} MB "
        f"(measured on {found['sampled']:,} users).",
        markup=False, soft_wrap=True,
    )  # fmt: skip


def erase(
    folder: Annotated[str, typer.Argument(help="A folder that `topple batch` wrote.")],
    user: Annotated[
        list[str], typer.Option("--user", "-u", help="A user id (or a pseudonym) as the explanations hold it; repeat.")
    ],
) -> None:
    """Erase users from the shards of a batch: explanations, hashes, and what was set aside.

    Example: topple erase why --user 42
    """
    from topple.batch.erasing import erase_users

    found = erase_users(folder, user)
    console().print(f"Erased: {found:,} explanations of {len(set(user)):,} users.", markup=False, soft_wrap=True)
