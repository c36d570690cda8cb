"""`topple compare`: methods x models x seeds in one table."""

from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from topple import registry
from topple.cli.shared.loading import load_on, split_of
from topple.cli.shared.options import Device, Factory, Json, K, Overwrite
from topple.cli.shared.showing import console, show_json
from topple.errors import QueryError
from topple.records.question import CandidateRule

if TYPE_CHECKING:
    from topple.benchmark.comparing.comparison import Comparison
    from topple.benchmark.comparing.paired import PairedTest
    from topple.data.splitting import Split
    from topple.scoring.recommender import Recommender


class Format(StrEnum):
    """How the table is printed."""

    TERMINAL = "terminal"
    MARKDOWN = "markdown"
    LATEX = "latex"
    CSV = "csv"


def compare(
    model: Annotated[
        list[str],
        typer.Option("--model", "-m", help="A model folder, made by `topple fit`; repeat. NAME=FOLDER names it."),
    ],
    method: Annotated[
        list[str],
        typer.Option("--method", help="An explainer by name; repeat. NAME=EXPLAINER names it in the table."),
    ],
    users: Annotated[int, typer.Option(min=1, help="Explain the top-k of the first N test users.")] = 100,
    all_users: Annotated[bool, typer.Option("--all", help="Explain every test user.")] = False,
    k: K = 5,
    rule: Annotated[
        CandidateRule, typer.Option(help="Which items compete after a removal.")
    ] = CandidateRule.UNSEEN_BEFORE,
    seeds: Annotated[str, typer.Option(help="Seeds of the methods that draw, separated by commas.")] = "0",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting of a method, METHOD.KEY=VALUE, such as lcer.steps=500; repeat."),
    ] = None,
    scored: Annotated[int | None, typer.Option(help="Most scored histories of a query.")] = None,
    seconds: Annotated[float | None, typer.Option(help="Most seconds of a query.")] = None,
    metric: Annotated[list[str] | None, typer.Option(help="A metric to show; repeat. (default: the usual)")] = None,
    test: Annotated[
        list[str] | None,
        typer.Option(help="A metric in which one method is tested against each other, query by query; repeat."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(help="The method that others are tested against. (default: the first that has figures)"),
    ] = None,
    table_format: Annotated[Format, typer.Option("--format", help="How the table is printed.")] = Format.TERMINAL,
    picture: Annotated[
        Path | None,
        typer.Option(help="Draw size against validity, deletion curves and cost to a .png, .svg or .pdf."),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes that measure at once; times are then those of a shared machine.")
    ] = 1,
    device: Device = "cpu",
    factory: Factory = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A folder for the answers, what is measured, and the tables.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in --out; models, methods and seeds may join.")
    ] = False,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Compare methods on models: the same questions, judged and measured the same way, in one table.

    Means over the seeds, with the spread. With --out, answers are kept as they are ready; a run that was stopped or killed goes on
    with --resume. Exit code 1: a method has no figures.

    Example: topple compare --model model --method auto --method leave-one-out --method lime-rs --seeds 0,1,2 --out compared
    """
    from topple.api.faces.parsing import settings_of
    from topple.benchmark.compare import compare as compare_methods
    from topple.reports.pictures import check_picture

    if resume and out is None:
        raise QueryError("--resume goes on with a run in --out. Give the --out of that run.")
    if picture is not None:
        check_picture(picture, overwrite=overwrite or resume)
    methods, models = _named(method, "method"), _named(model, "model")
    told = _settings(settings or (), methods)
    for name in (*(metric or ()), *(test or ())):
        registry.load("metrics", name)
    if against is not None and against not in methods:
        raise QueryError(f"--against {against!r} is not one of the methods: {', '.join(methods)}. Name one of them.")
    recommenders = _loaded(models, device, factory)
    comparison = compare_methods(
        recommenders,
        methods,
        split=_split(list(models.values())),
        users=None if all_users else users,
        k=k,
        rule=rule,
        seeds=_seeds(seeds),
        settings=told,
        budget=settings_of(None, scored=scored, seconds=seconds),
        out=out,
        resume=resume,
        overwrite=overwrite,
        workers=workers,
    )
    tests = [one for name in recommenders for one in comparison.tests(test or (), against=against, model=name)]
    _show(comparison, tests, metric, table_format, json=json)
    _write(comparison, tests, metric, out, picture, replace=overwrite or resume, tell=not json)
    if comparison.failures:
        raise typer.Exit(1)


def _named(given: Sequence[str], what: str) -> dict[str, str]:
    """Return models or methods by the name in the table, NAME=VALUE or VALUE alone.

    Raises:
        QueryError: the same name twice, or nothing behind the =.
    """
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        name, value = (name.strip(), value.strip()) if equals and not Path(text).is_dir() else (text, text)
        if not name or not value:
            raise QueryError(
                f"--{what} {text!r} lacks a name or a {what}. Write --{what} NAME={what.upper()}, or no =."
            )
        if name in found:
            raise QueryError(f"--{what} {name!r} is given twice. Name one of them: --{what} NAME={value}.")
        found[name] = value
    return found


def _loaded(models: dict[str, str], device: str, factory: str | None) -> "dict[str, Recommender]":
    """Return the models of folders by the name in the table: one that was not named is called what it calls itself."""
    from topple.benchmark.comparing.grid import numbered

    loaded = [(name, folder, load_on(Path(folder), device, factory)) for name, folder in models.items()]
    return numbered([(model.name if name == folder else name, model) for name, folder, model in loaded])


def _split(folders: Sequence[str]) -> "Split":
    """Return the data of the first model folder that holds any.

    Raises:
        QueryError: none does.
    """
    split = next((split for folder in folders if (split := split_of(Path(folder))) is not None), None)
    if split is None:
        raise QueryError("no model folder holds the data whose users could be explained. Fit with `topple fit`.")
    return split


def _seeds(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise QueryError(
            f"--seeds {text!r} are not whole numbers separated by commas. Write for example 0,1,2."
        ) from error


def _settings(pairs: Sequence[str], methods: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Return the settings by method of texts METHOD.KEY=VALUE.

    Raises:
        SettingsError: a text of another form, or of no method that is compared.
    """
    from topple.api.faces.parsing import settings_of
    from topple.errors import SettingsError

    found: dict[str, dict[str, Any]] = {}
    for pair in pairs:
        left, equals, value = pair.partition("=")
        name, point, key = left.strip().rpartition(".")
        if not (equals and point) or name not in methods:
            raise SettingsError(
                f"--set {pair!r} is not METHOD.KEY=VALUE of one of the methods: {', '.join(methods)}. Write for example "
                f"--set {next(iter(methods))}.budget=0."
            )
        found.setdefault(name, {}).update(settings_of([f"{key}={value}"]))
    return found


def _show(
    comparison: "Comparison", tests: "list[PairedTest]", metrics: list[str] | None, chosen: Format, *, json: bool
) -> None:
    """Print the tables, and the tests where there are some."""
    if json:
        show_json(comparison.as_json() | {"tests": [asdict(each) for each in tests]})
        return
    if chosen is not Format.TERMINAL:
        typer.echo(_text(comparison, tests, metrics, chosen), nl=False)
        return
    for table in comparison.to_tables(metrics, tests):
        console().print(table)
    for line in comparison.failures:
        console().print(line, markup=False, soft_wrap=True)


def _text(comparison: "Comparison", tests: "list[PairedTest]", metrics: list[str] | None, chosen: Format) -> str:
    """Return the tables as text of a format; CSV holds the rows alone."""
    if chosen is Format.CSV:
        return comparison.to_csv()
    return comparison.to_latex(metrics, tests) if chosen is Format.LATEX else comparison.to_markdown(metrics, tests)


def _write(
    comparison: "Comparison",
    tests: "list[PairedTest]",
    metrics: list[str] | None,
    out: Path | None,
    picture: Path | None,
    *,
    replace: bool,
    tell: bool,
) -> None:
    """Write the tables into the folder of the run, and the picture."""
    from topple.files import writing
    from topple.records.as_json import as_json

    if out is not None:
        whole = comparison.as_json() | {"tests": [asdict(each) for each in tests]}
        texts = {"table.json": as_json(whole, indent=2) + "\n"}
        formats = {"md": Format.MARKDOWN, "tex": Format.LATEX, "csv": Format.CSV}
        texts |= {f"table.{suffix}": _text(comparison, tests, metrics, each) for suffix, each in formats.items()}
        for name, text in texts.items():
            with writing(out / name, overwrite=True) as aside:
                aside.write_text(text, encoding="utf-8")
    if picture is not None:
        figure = comparison.draw()
        with writing(picture, overwrite=replace) as aside:
            figure.savefig(aside, dpi=130)
    written = [f"{out}/table.md, .tex, .csv and .json"] * (out is not None) + [str(picture)] * (picture is not None)
    if written and tell:
        Console(stderr=True, highlight=False).print(f"Written: {', '.join(written)}", markup=False, soft_wrap=True)
