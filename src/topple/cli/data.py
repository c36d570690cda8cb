"""`topple data`: the data sets by name, and any table of your own."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from topple import registry
from topple.cli.shared.options import DataChoice, Json, plainly, takes_data
from topple.cli.shared.showing import console, show_json
from topple.errors import DataError

if TYPE_CHECKING:
    from topple.data.interactions import Interactions
    from topple.data.splitting import Split

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
    """Count users, items and interactions, before and after preparation, with the options that `topple fit` takes."""
    from topple.data.sources import source
    from topple.data.sources.alishop import Alishop
    from topple.reports.tables import facts_table

    if choice.dataset is not None or choice.interactions is not None:
        raise DataError("name the data set or the table as the argument, and not by --dataset or --interactions.")
    facts: dict[str, object] = {}
    if name not in registry.names("datasets"):
        chosen = replace(choice, interactions=Path(name))
        read = chosen.read()
        facts["as published"] = read.describe()
        facts["first rows"] = _first_rows(read)
    else:
        chosen, found = replace(choice, dataset=name), source(name)
        if not isinstance(found, Alishop):
            facts["as published"] = found.load(choice.data_dir).describe()
    facts["prepared"] = _prepared(chosen.load)
    if json:
        show_json(facts)
        return
    for title, values in facts.items():
        console().print(facts_table(f"{name}, {title}", values))  # type: ignore[arg-type] # both are objects


def _first_rows(read: "Interactions") -> Mapping[str, object]:
    """Show the first rows as they were understood, by number."""
    users, items = read.users.decode(read.user_index[:FIRST]), read.catalogue.vocabulary.decode(read.item_index[:FIRST])
    others = {"rating": read.ratings, "weight": read.weights, "time": read.timestamps}
    return {
        str(row + 1): {"user": user, "item": item}
        | {name: float(values[row]) for name, values in others.items() if values is not None}
        for row, (user, item) in enumerate(zip(users, items, strict=True))
    }


def _prepared(make: Callable[[], "Split"]) -> Mapping[str, object]:
    """Describe the split, or say why there is none: a table can be described before it can be split."""
    try:
        return make().describe()
    except DataError as error:
        return {"not possible": str(error)}
