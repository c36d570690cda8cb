"""`topple keys`: who may ask the service, and what."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from topple.cli.shared.options import plainly
from topple.cli.shared.showing import console

app = typer.Typer(help="API keys of the service: who may ask, and what.", no_args_is_help=True)
File = Annotated[Path, typer.Option("--file", "-f", help="File of the keys; it holds hashes, and no key.")]
DEFAULT = Path("topple-keys.json")


@app.command()
@plainly
def add(
    name: Annotated[str, typer.Argument(help="Who will ask with the key: letters, digits, - and _.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="What the key may ask: explain, what-if, audit, admin. Repeat. (default: explain and what-if)"
        ),
    ] = None,
    rate: Annotated[
        float | None, typer.Option(min=0.001, help="Most requests a second. (default: that of the service)")
    ] = None,
    file: File = DEFAULT,
) -> None:
    """Make a key and print it: this once, as only a hash of it is kept.

    Example: topple keys add shop --scope explain
    """
    from topple.web.guarding.keys import add_key

    key = add_key(file, name, scope or ["explain", "what-if"], rate)
    typer.echo(key)
    typer.echo(f"Kept in {file} as a hash. Send it as: Authorization: Bearer KEY", err=True)


@app.command(name="list")
@plainly
def list_(file: File = DEFAULT) -> None:
    """Show the names of the keys, what each may ask, and since when.

    Example: topple keys list
    """
    from topple.web.guarding.keys import read_keys

    table = Table()
    for column in ("name", "may ask", "requests a second", "made"):
        table.add_column(column)
    for key in read_keys(file):
        table.add_row(Text(key.name), ", ".join(key.scopes), f"{key.rate:g}" if key.rate else "", key.made)
    console().print(table)


@app.command()
@plainly
def remove(name: Annotated[str, typer.Argument(help="The name of the key.")], file: File = DEFAULT) -> None:
    """Remove a key; a service that runs refuses it from the next request on.

    Example: topple keys remove shop
    """
    from topple.web.guarding.keys import remove_key

    remove_key(file, name)
    typer.echo(f"Removed {name} from {file}.")
