"""`topple bench`: what recommenders and their explanations are worth, measured on a data set."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from topple.cli.shared.compiling import compile_loops
from topple.cli.shared.options import (
    DataChoice,
    Json,
    K,
    Overwrite,
    Seed,
    plainly,
    takes_data,
)
from topple.cli.shared.showing import console, show_json
from topple.records.question import CandidateRule

if TYPE_CHECKING:
    from topple.benchmark.recommenders import RecommendersSettings, Row
    from topple.data.splitting import Split
    from topple.types import JsonObject

app = typer.Typer(help="Measured on a data set, in one table.", no_args_is_help=True)


@app.callback()
def bench() -> None:
    """Measured on a data set, in one table."""


@app.command()
@plainly
@takes_data
def recommenders(
    choice: DataChoice,
    users: Annotated[int, typer.Option(min=1, help="Explain the first N test users.")] = 100,
    k: K = 5,
    rule: Annotated[
        CandidateRule, typer.Option(help="Which items compete after a removal.")
    ] = CandidateRule.UNSEEN_BEFORE,
    only: Annotated[
        list[str] | None, typer.Option(help="A row by name, or a library for all of its rows; repeat for more.")
    ] = None,
    native: Annotated[bool, typer.Option(help="Recommenders of topple's own.")] = True,
    adapters: Annotated[bool, typer.Option(help="Models of other libraries.")] = True,
    max_minutes: Annotated[
        float, typer.Option(min=0.001, help="End a training after this time, where a model can be told so.")
    ] = 2.0,
    budget: Annotated[
        int | None, typer.Option(min=0, help="Work for the proof of a query, in scored histories. (default: auto's)")
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.001, help="Most seconds of a query.")] = 1.0,
    seed: Seed = 0,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A folder for the rows as they come, and the table.")
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Every recommender and a model of every library that can be wrapped: fit, explain with auto, verify, one table.

    A model that fails, or whose library is not installed, becomes a row with its reason. With --out, a run that was
    stopped goes on where it was, and rows that failed are tried again. Exit code 1: a claimed set is not true, or no row
    has figures.

    Example: topple bench recommenders --dataset ml-100k --data-dir ml-100k --users 50 --out table
    """
    from topple.api.faces.runs import Run
    from topple.benchmark.recommenders import RecommendersSettings, Row, compare_recommenders, entrants, manifest

    names = entrants(native=native, adapters=adapters, only=only or ())
    settings = RecommendersSettings(
        users=users, k=k, rule=rule, seed=seed, max_minutes=max_minutes, seconds=seconds, budget=budget
    )
    split = choice.load()
    run = None if out is None else Run(out, manifest(split, settings), overwrite=overwrite)
    kept = {} if run is None else {name: Row.of_json(run.kept(name)) for name in run.finished}
    left = [name for name in names if name not in kept or not kept[name].measured]

    def on_row(row: Row) -> None:
        kept[row.recommender] = row
        if run is not None:
            run.keep(row.recommender, row.as_json())
        _tell(row, f"{left.index(row.recommender) + 1} of {len(left)}")

    if left:
        compile_loops()  # what a machine does once takes none of a query's time
    compare_recommenders(split, left, settings, on_row=on_row)
    rows = [kept[name] for name in dict.fromkeys([*entrants(), *kept]) if name in kept]
    _show(rows, split, settings, out, json=json)
    if any(row.refuted for row in rows) or not any(row.measured for row in rows):
        raise typer.Exit(1)


def _tell(row: "Row", turn: str) -> None:
    """Say on standard error that a row is done."""
    figures = f"{row.queries:,} queries, {row.ms_a_query or 0:.1f} ms each" if row.measured else row.reason
    Console(stderr=True, highlight=False).print(f"{turn}  {row.recommender}: {figures}", markup=False, soft_wrap=True)


def _show(rows: "list[Row]", split: "Split", settings: "RecommendersSettings", out: Path | None, *, json: bool) -> None:
    from topple.files import writing
    from topple.records.as_json import as_json
    from topple.reports.comparison import comparison_markdown, comparison_table, failures

    values = [row.as_json() for row in rows]
    whole: JsonObject = {"data": split.describe(), "settings": settings.model_dump(mode="json"), "rows": values}
    title = f"Recommenders on {split.name}"
    caption = _caption(settings, len(split.histories(limit=settings.users)))
    if out is not None:
        files = {"table.json": as_json(whole, indent=2) + "\n", "table.md": comparison_markdown(values, title, caption)}
        for name, text in files.items():
            with writing(out / name, overwrite=True) as aside:
                aside.write_text(text, encoding="utf-8")
    if json:
        show_json(whole)
        return
    console().print(comparison_table(values, title, caption))
    for line in failures(values):
        console().print(line, markup=False, soft_wrap=True)
    if out is not None:
        console().print(f"Written: {out}/table.md, table.json and the rows in pieces/", markup=False, soft_wrap=True)


def _caption(settings: "RecommendersSettings", users: int) -> str:
    minutes = f"{settings.max_minutes:g} min" if settings.max_minutes is not None else "no time limit"
    limit = f"at most {settings.seconds:g} s a query" if settings.seconds is not None else "no time limit"
    budget = "" if settings.budget is None else f", proof budget {settings.budget:,}"
    return (
        f"The top {settings.k} of the first {users} test users, rule {settings.rule}, seed {settings.seed}; auto, {limit}{budget}; "
        f"trainings: {minutes}, where the model can be told. NDCG@100: all test users. Validity: found and verified, of queries. "
        "PN: verified, of found. Proven: smallest, or impossible, of queries. Times with verification, on this machine."
    )
