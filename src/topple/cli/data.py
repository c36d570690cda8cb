"""`topple data`: the data sets by name, and any table of your own."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from topple import registry
from topple.cli.shared.options import DataChoice, Json, plainly, takes_data
from topple.cli.shared.showing import console, show_json
from topple.errors import DataError, DataNotFoundError, SettingsError, counted, escaped

if TYPE_CHECKING:
    from topple.data.interactions import Interactions
    from topple.data.rows.columns import Columns

app = typer.Typer(help="The data sets: list, fetch, describe.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="A data set by name.")]
FIRST = 5
"""Rows that are shown."""
DataDir = Annotated[Path | None, typer.Option(help="Folder with the published files.")]


@app.command("list")
@plainly
def list_(json: Json = False) -> None:
    """List the data sets: what they are, where they come from, their licence."""
    from topple.data.download import cache_folder
    from topple.data.sources import source

    sources = [source(name) for name in registry.names("datasets")]
    if json:
        show_json(
            [
                {
                    "name": s.name,
                    "title": s.title,
                    "about": s.__doc__,
                    "homepage": s.homepage,
                    "licence": s.licence,
                    "citation": s.citation,
                    "files": list(s.files),
                    "download": None if s.archive is None else s.archive.url,
                }
                for s in sources
            ]
        )
        return
    table = Table(
        title="data sets", caption=f"downloads are kept in {cache_folder()}; --data-dir reads a folder instead"
    )
    for column in ("name", "what", "download", "licence"):
        table.add_column(column, overflow="fold")
    for s in sources:
        how = "made on the spot" if not s.files else "yes" if s.archive else "no: put the files into a folder"
        table.add_row(s.name, f"{s.title}. {s.__doc__}", how, s.licence)
    console().print(table)


@app.command()
@plainly
def fetch(name: Name, data_dir: DataDir = None) -> None:
    """Download a data set where its owner publishes it, check its checksum, and say where it is."""
    from topple.data.sources import source

    found = source(name)
    folder = found.folder(data_dir)
    if not found.files:
        console().print(f"{found.title} is made on the spot: there is nothing to fetch.")
        return
    console().print(f"{found.title} is in {folder}\nLicence: {found.licence}\nCite: {found.citation}", soft_wrap=True)


@app.command()
@plainly
@takes_data
def describe(
    choice: DataChoice,
    name: Annotated[str, typer.Argument(help="A data set by name, or a table (CSV, TSV, JSON Lines, Parquet).")],
    json: Json = False,
) -> None:
    """Say how a table is read, what would be left out and why, and the split to come; or all that is wrong with it at once.

    The options are those of `topple fit`. Exit code 2: the table cannot be read as it is.
    """
    from topple.cli.shared import reading
    from topple.data.sources import source
    from topple.data.sources.alishop import Alishop
    from topple.inputs import MISSING, problem

    if choice.dataset is not None or choice.interactions is not None:
        raise DataError("name the data set or the table as the argument, and not by --dataset or --interactions.")
    named = name in registry.names("datasets")
    if not named and problem(name) == MISSING:
        names = ", ".join(registry.names("datasets"))
        raise DataNotFoundError(
            f"{name} is neither a data set nor a file. Data sets: {names}; `topple data list` tells more. Or give the path of a table."
        )
    chosen = replace(choice, dataset=name) if named else replace(choice, interactions=Path(name))
    reading.check(chosen)
    if not named:
        columns = reading.columns_of(chosen)
        found = reading.problems(chosen, columns)
        if found:
            _tell_problems(columns, name, found, json=json)
            raise typer.Exit(2)
        read: Interactions | None = reading.read_table(chosen, columns)
    else:
        alishop = isinstance(source(name), Alishop)
        read = None if alishop else source(name).load(chosen.data_dir)
    _tell(chosen, name, read, json=json)


def _tell_problems(columns: "Columns", name: str, problems: Sequence[str], *, json: bool) -> None:
    """Show the first rows as they are written, and all that is wrong."""
    rows = columns.first_rows(FIRST)
    if json:
        show_json({"problems": list(problems), "first rows": rows})
        return
    if rows:
        console().print(f"{name}, the first rows as they are written:", markup=False, soft_wrap=True)
        console().print(_rows_table(rows))
    screen = Console(stderr=True, highlight=False)
    screen.print(f"[bold red]error:[/] {counted(len(problems), 'problem')}:", soft_wrap=True)
    for number, problem in enumerate(problems, start=1):
        screen.print(f"{number}. {escaped(problem)}", markup=False, soft_wrap=True)


def _tell(choice: DataChoice, name: str, read: "Interactions | None", *, json: bool) -> None:
    """Show the first rows as they were understood, what was left out and why, and the split to come."""
    from topple.cli.shared import reading
    from topple.reports.fitting import lengths_sentence, split_sentences

    split, reason = None, ""
    try:
        split = choice.load() if read is None else reading.prepared(choice, read)
    except (DataError, SettingsError) as error:
        reason = str(error)
    rows = {} if read is None else _first_rows(read)
    if json:
        told: dict[str, object] = {} if read is None else {"as published": read.describe(), "first rows": rows}
        account = split.account if split is not None else read.account if read is not None else None
        told["account"] = None if account is None else account.as_json()
        show_json({**told, "problems": [], "prepared": {"not possible": reason} if split is None else split.describe()})
        return
    screen = console()
    if rows:
        screen.print(f"{name}, the first rows as they are understood:", markup=False, soft_wrap=True)
        screen.print(_rows_table(rows))
    lines = [] if read is None else (split or read).account.sentences()
    if read is not None:
        lines.insert(1, lengths_sentence(read))
    lines += [f"Split: not possible. {reason}"] if split is None else split_sentences(split)
    for line in lines:
        screen.print(line, markup=False, soft_wrap=True)
    if split is not None:
        data = ["--dataset" if choice.dataset else "--interactions", name, *reading.as_options(choice)]
        command = shlex.join(["topple", "fit", *data, "--out", "model"])
        screen.print(f"Next: {command}", markup=False, soft_wrap=True)


def _first_rows(read: "Interactions") -> Mapping[str, Mapping[str, object]]:
    """Return the first rows as they were understood, by number."""
    from topple.data.dates import written
    from topple.data.rows.account import Order

    users, items = read.users.decode(read.user_index[:FIRST]), read.catalogue.vocabulary.decode(read.item_index[:FIRST])
    columns: dict[str, Sequence[object]] = {"user": users, "item": items}
    if read.catalogue.titles is not None:
        columns["title"] = [read.catalogue.title(item) for item in items]
    for name, values in (("rating", read.ratings), ("weight", read.weights)):
        if values is not None:
            columns[name] = values[:FIRST].tolist()
    if read.timestamps is not None:
        in_time = read.order is Order.TIMES
        columns["time" if in_time else "order"] = written(read.timestamps, read.account.unit if in_time else "")[:FIRST]
    return {str(row + 1): {name: values[row] for name, values in columns.items()} for row in range(len(users))}


def _rows_table(rows: Mapping[str, Mapping[str, object]]) -> Table:
    """Return rows by number as a table; ids that are texts stand between quotation marks, so that they are told from numbers."""
    table = Table()
    table.add_column("row", justify="right")
    for name in next(iter(rows.values()), {}):
        table.add_column(Text(escaped(name)), overflow="fold")
    for number, row in rows.items():
        table.add_row(number, *(Text(escaped(_cell(name, value))) for name, value in row.items()))
    return table


def _cell(name: str, value: object) -> str:
    """Return a value as text; ids that are texts in quotation marks."""
    if isinstance(value, str):
        return repr(value) if name in ("user", "item") else value
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
