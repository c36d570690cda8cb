"""`topple what-if`: the list as it is, beside the list of a changed history."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from topple.cli.shared.loading import histories_of, load_on
from topple.cli.shared.options import ContextText, Device, Factory, HistoryText, HistoryWeights, Json, K, ModelFolder
from topple.cli.shared.showing import console, show_json
from topple.errors import QueryError
from topple.records.question import CandidateRule

if TYPE_CHECKING:
    from topple.api.what_if import WhatIf

IDS = "Item ids separated by commas, or as a JSON list, "


def what_if(
    model: ModelFolder,
    user: Annotated[str | None, typer.Option("--user", "-u", help="A user id.")] = None,
    history: HistoryText = None,
    history_weights: HistoryWeights = None,
    without: Annotated[str | None, typer.Option(help=f"{IDS}to take out of the history.")] = None,
    only: Annotated[str | None, typer.Option(help=f"{IDS}to keep; all others are taken out.")] = None,
    add: Annotated[str | None, typer.Option(help=f"{IDS}to append to the history.")] = None,
    k: K = 5,
    rule: Annotated[
        CandidateRule, typer.Option(help="Which items compete after the change.")
    ] = CandidateRule.UNSEEN_BEFORE,
    context: ContextText = None,
    device: Device = "cpu",
    factory: Factory = None,
    json: Json = False,
) -> None:
    """Change a history, and see which recommendations leave, enter and move.

    Example: topple what-if --model model --user 42 --without 50,181
    """
    from topple.api import what_if as asking
    from topple.api.faces.parsing import contexts_of, ids_of

    changes = {"without": without, "only": only, "add": add}
    given = {name: text for name, text in changes.items() if text is not None}
    if len(given) != 1:
        raise QueryError("give one of --without, --only and --add.")
    if (user is None) == (history is None):
        raise QueryError("give one of --user and --history.")
    recommender = load_on(model, device, factory)
    ((name, events),) = histories_of(
        model, recommender, None if user is None else [user], history, None, weights=history_weights
    ).items()
    items = recommender.catalogue.vocabulary
    told = contexts_of([name], None, context) or {}
    found = asking.what_if(
        recommender, events, k, rule=rule, context=told.get(name),
        **{key: ids_of(text, items) for key, text in given.items()},
    )  # fmt: skip
    if json:
        show_json({"user": None if user is None else name, **asdict(found)})
        return
    console().print(_table(found, f"top {k} of {name}"))


def _table(found: "WhatIf", title: str) -> Table:
    """Return both lists side by side, each item with where it comes from or goes to."""
    history, changed = len(found.history), len(found.changed)
    table = Table(title=Text(title))
    for column in ("rank", f"with {history} items", "then", f"with {changed} items", "was"):
        table.add_column(column, justify="right" if column in ("rank", "then", "was") else "left", overflow="fold")
    moves = {one.item: one for one in (*found.left, *found.entered, *found.moved)}
    for old, new in zip(found.before, found.after, strict=True):
        then = moves[old.item].after if old.item in moves else old.rank
        was = moves[new.item].before if new.item in moves else new.rank
        table.add_row(str(old.rank), Text(old.title), _rank(then), Text(new.title), _rank(was))
    return table


def _rank(rank: int | None) -> str:
    return "-" if rank is None else str(rank)
