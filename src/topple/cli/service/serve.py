"""`topple serve`: the service and the page."""

from pathlib import Path
from typing import Annotated

import typer

from topple.cli.shared.options import Factory
from topple.errors import CapabilityError


def serve(
    models: Annotated[
        list[str], typer.Argument(help="Model folders that `topple fit --out` made, each FOLDER or KEY=FOLDER.")
    ],
    host: Annotated[str | None, typer.Option(help="Address to listen on. (default: 127.0.0.1)")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 for a free one. (default: 8321)")] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(
            help="A name that requests may give as their host, such as topple.example.com; repeat. (default: those of this machine)"
        ),
    ] = None,
    keys: Annotated[Path | None, typer.Option(help="File of API keys, made by `topple keys add`.")] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="A TOML file of settings; the environment (TOPPLE_SERVE_...) and flags go before it."),
    ] = None,
    audit: Annotated[str | None, typer.Option(help="File or address of the audit store.")] = None,
    audit_keys: Annotated[Path | None, typer.Option(help="File of the keys of the audit store.")] = None,
    page: Annotated[
        bool | None, typer.Option("--page/--no-page", help="Serve the page for people. (default: yes)")
    ] = None,
    open_: Annotated[
        bool | None, typer.Option("--open", help="Serve without keys on an address that other machines reach.")
    ] = None,
    factory: Factory = None,
) -> None:
    """Serve a page and a JSON API over models: recommend, what if, explain, verify; stop it with Ctrl-C.

    Example: topple serve model
    """
    try:
        from topple.web.serving import serve as run
        from topple.web.settings import ServeSettings
    except ModuleNotFoundError as error:
        raise CapabilityError(
            f"the service needs {error.name}, which is not installed. Install it with: pip install 'topple-recsys[serve]'"
        ) from error
    settings = ServeSettings.read(
        config,
        host=host,
        port=port,
        names=tuple(name) if name else None,
        keys=keys,
        audit=audit,
        audit_keys=audit_keys,
        page=page,
        open=open_,
    )
    typer.echo(f"Loading {', '.join(models)} ...", err=True)

    def tell(address: str) -> None:
        typer.echo(f"Serving at {address}   (Ctrl-C stops)")

    run(models, settings, factory, tell)
