"""`topple explainers`: the methods, what they are for, and which of them fit a model."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from topple import registry
from topple.cli.shared.loading import load_on
from topple.cli.shared.options import Factory, Json
from topple.cli.shared.showing import console, show_json

if TYPE_CHECKING:
    from topple.scoring.recommender import Recommender


def explainers(
    of: Annotated[
        str | None,
        typer.Option("--for", help="A model folder, or a recommender by name: which methods fit it, and why not."),
    ] = None,
    factory: Factory = None,
    json: Json = False,
) -> None:
    """List the explainers: what each does, needs and can be asked for; with --for, whether it fits a model.

    Example: topple explainers --for model
    """
    from topple.api.faces.menus import explainer_menu

    recommender = None if of is None else _recommender(of, factory)
    rows = [asdict(choice) for choice in explainer_menu(recommender)]
    if recommender is None:
        rows = [{name: value for name, value in row.items() if name not in ("fits", "reason")} for row in rows]
    if json:
        about = {} if recommender is None else {"for": of, "capabilities": sorted(recommender.capabilities)}
        show_json({**about, "explainers": rows})
        return
    title = "explainers" if recommender is None else f"explainers for {recommender.name} ({_declared(recommender)})"
    console().print(_table(rows, title))


def _recommender(of: str, factory: str | None) -> "Recommender | type[Recommender]":
    """Return the model of a folder, or the class of a recommender's name."""
    from topple.inputs import problem

    if of in registry.names("recommenders") and problem(of, folder=True) is not None:
        found: type[Recommender] = registry.load("recommenders", of)
        return found
    return load_on(Path(of), factory=factory)


def _declared(recommender: "Recommender | type[Recommender]") -> str:
    return ", ".join(sorted(recommender.capabilities)).replace("_", " ") or "declares nothing"


def _table(rows: list[dict[str, Any]], title: str) -> Table:
    """Return a table of what each method does, or for a model of which fit it and why; the methods that fit first."""
    table = Table(title=Text(title), show_lines=True)
    fits = "fits" in rows[0]
    table.add_column("explainer", no_wrap=True)
    for column in ("fits", "why", "goals") if fits else ("what it does", "needs", "goals"):
        table.add_column(column)
    for row in sorted(rows, key=lambda row: not row.get("fits", True)):
        cells = [row["does"], ", ".join(row["needs"]) or "-"]
        if fits:
            cells = ["yes" if row["fits"] else "no", row["reason"]]
        table.add_row(*map(Text, [row["explainer"], *cells, ", ".join(row["goals"])]))
    return table
