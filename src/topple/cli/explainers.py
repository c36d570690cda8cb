"""`topple explainers`: the methods, what they are for, and which of them fit a model."""

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from topple import registry
from topple.cli.options import Json, console, show_json

if TYPE_CHECKING:
    from topple.scoring.recommender import Recommender


def explainers(
    of: Annotated[
        str | None,
        typer.Option("--for", help="A model folder, or a recommender by name: which methods fit it, and why not."),
    ] = None,
    json: Json = False,
) -> None:
    """List the explainers: what each does, needs and can be asked for; with --for, whether it fits a model.

    Example: topple explainers --for model
    """
    from topple.explainers.base import misfit

    recommender = None if of is None else _recommender(of)
    rows: list[dict[str, Any]] = []
    for name in registry.names("explainers"):
        kind = registry.load("explainers", name)
        row: dict[str, Any] = {
            "explainer": name,
            "does": (inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " ").split(". ")[0].rstrip("."),
            "needs": sorted(kind.needs),
            "goals": sorted(kind.goals),
        }
        if recommender is not None:
            reason = misfit(kind, recommender)
            row |= {"fits": not reason, "reason": reason or _why(kind, recommender)}
        rows.append(row)
    if json:
        about = {} if recommender is None else {"for": of, "capabilities": sorted(recommender.capabilities)}
        show_json({**about, "explainers": rows})
        return
    title = "explainers" if recommender is None else f"explainers for {recommender.name} ({_declared(recommender)})"
    console().print(_table(rows, title))


def _recommender(of: str) -> "Recommender | type[Recommender]":
    """Return the model of a folder, or the class of a recommender's name."""
    from topple.recommenders.saving.folders import load_model

    if of in registry.names("recommenders") and not Path(of).exists():
        found: type[Recommender] = registry.load("recommenders", of)
        return found
    return load_model(Path(of)).recommender


def _declared(recommender: "Recommender | type[Recommender]") -> str:
    return ", ".join(sorted(recommender.capabilities)).replace("_", " ") or "declares nothing"


def _why(kind: Any, recommender: "Recommender | type[Recommender]") -> str:
    """Say why a method fits; of the default, also how it proves."""
    from topple.explainers.auto import how_it_proves

    if kind.name == "auto":
        return how_it_proves(recommender.capabilities)
    return f"{recommender.name} is {' and '.join(sorted(kind.needs))}" if kind.needs else "it needs nothing but scores"


def _table(rows: list[dict[str, Any]], title: str) -> Table:
    """Lay out what each method does, or for a model which fit it and why; the methods that fit first."""
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
