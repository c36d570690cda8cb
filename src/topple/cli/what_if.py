"""`topple what-if`: the list as it is, beside the list of a changed history."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from topple.cli.shared.limiting import Limiting, tell_left_out
from topple.cli.shared.loading import histories_of, load_on
from topple.cli.shared.options import (
    ContextText,
    Device,
    Factory,
    HistoryText,
    HistoryWeights,
    Json,
    K,
    ModelFolder,
    takes,
)
from topple.cli.shared.showing import as_object, console, show_json
from topple.errors import QueryError
from topple.records.question import CandidateRule

if TYPE_CHECKING:
    from topple.api.what_if import WhatIf

IDS = "Item ids separated by commas, or as a JSON list, "


@takes(Limiting, "limiting")
def what_if(
    limiting: Limiting,
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
    chosen = None if user is None else [user]
    histories = histories_of(model, recommender, chosen, history, None, weights=history_weights, known=limiting.known)
    ((name, events),) = histories.items()
    items = recommender.catalogue.vocabulary
    told = contexts_of([name], None, context) or {}
    limits = limiting.read(items, histories, nobody=user is None)
    mine = {limit: ids[name] if isinstance(ids, dict) else ids for limit, ids in limits.items()}
    change: dict[str, Any] = {key: ids_of(text, items) for key, text in given.items()}
    left_out = limiting.left_out(items)
    found = asking.what_if(
        recommender, events, k, rule=rule, context=told.get(name), unknown=left_out, **mine, **change
    )
    tell_left_out(left_out)
    if json:
        show_json({"user": None if user is None else name, **as_object(found)})
        return
    console().print(_table(found, f"top {k} of {name}"))


def _table(found: "WhatIf", title: str) -> Table:
    """Return both lists side by side, each item with where it comes from or goes to; `2=` where others have the rank too."""
    from topple.reports.tables import rank_cell

    history, changed = len(found.history), len(found.changed)
    table = Table(title=Text(title))
    for column in ("rank", f"with {history} items", "then", "rank", f"with {changed} items", "was"):
        right = column in ("rank", "then", "was")
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    moves = {one.item: one for one in (*found.left, *found.entered, *found.moved)}
    was_there, is_there = (
        {one.item: rank_cell(one.rank, one.tied) for one in listed} for listed in (found.before, found.after)
    )
    for old, new in zip(found.before, found.after, strict=True):
        then, was = moves.get(old.item), moves.get(new.item)
        table.add_row(
            rank_cell(old.rank, old.tied),
            Text(old.title),
            is_there[old.item] if then is None else rank_cell(then.after, then.tied_after) or "-",
            rank_cell(new.rank, new.tied),
            Text(new.title),
            was_there[new.item] if was is None else rank_cell(was.before, was.tied_before) or "-",
        )
    return table
