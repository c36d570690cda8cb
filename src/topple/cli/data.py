"""`topple data`: the data sets by name, and any table of your own."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from topple import registry
from topple.cli.shared.options import Json, plainly
from topple.cli.shared.showing import console, show_json
from topple.errors import DataError

if TYPE_CHECKING:
    from topple.data.splitting import Split

app = typer.Typer(help="The data sets: list, fetch, describe.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="A data set by name.")]
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
def describe(
    name: Annotated[str, typer.Argument(help="A data set by name, or a table (CSV, TSV, Parquet).")],
    data_dir: DataDir = None,
    user_column: Annotated[str, typer.Option(help="Column of user ids, for a table.")] = "user",
    item_column: Annotated[str, typer.Option(help="Column of item ids, for a table.")] = "item",
    rating_column: Annotated[str | None, typer.Option(help="Column of ratings, for a table.")] = None,
    json: Json = False,
) -> None:
    """Count users, items and interactions, before and after preparation."""
    from topple.data.preparation import prepare
    from topple.data.reading import read_interactions
    from topple.data.sources import source
    from topple.data.sources.alishop import Alishop
    from topple.reports.tables import facts_table

    facts: dict[str, object] = {}
    if name not in registry.names("datasets"):
        read = read_interactions(Path(name), user=user_column, item=item_column, rating=rating_column)
        facts["as published"] = read.describe()
        facts["prepared"] = _prepared(lambda: prepare(read))
    else:
        found = source(name)
        if not isinstance(found, Alishop):
            facts["as published"] = found.load(data_dir).describe()
        facts["prepared"] = _prepared(lambda: found.split(data_dir))
    if json:
        show_json(facts)
        return
    for title, values in facts.items():
        console().print(facts_table(f"{name}, {title}", values))  # type: ignore[arg-type] # both are objects


def _prepared(make: Callable[[], "Split"]) -> Mapping[str, object]:
    """Describe the split, or say why there is none: a table can be described before it can be split."""
    try:
        return make().describe()
    except DataError as error:
        return {"not possible": str(error)}
