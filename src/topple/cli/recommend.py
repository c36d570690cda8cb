"""`topple recommend`: the top-k of users or of a history."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from topple.cli.shared.loading import histories_of, load_on
from topple.cli.shared.options import (
    ContextsFile,
    ContextText,
    Device,
    Factory,
    HistoryText,
    HistoryWeights,
    Json,
    K,
    ModelFolder,
    Users,
)
from topple.cli.shared.showing import console, show_json


def recommend(
    model: ModelFolder,
    user: Users = None,
    history: HistoryText = None,
    history_weights: HistoryWeights = None,
    k: K = 5,
    users: Annotated[int, typer.Option(min=1, help="How many test users, without --user or --history.")] = 3,
    contexts: ContextsFile = None,
    context: ContextText = None,
    device: Device = "cpu",
    factory: Factory = None,
    json: Json = False,
) -> None:
    """Recommend the top-k of users of the model's data, or of a history of your own.

    Example: topple recommend --model model --history 50,181,172
    """
    from topple.api.faces.parsing import contexts_of
    from topple.api.recommending import recommend_many

    recommender = load_on(model, device, factory)
    histories = histories_of(model, recommender, user, history, users, weights=history_weights)
    told = contexts_of(histories, contexts, context) or {}
    lists = recommend_many(recommender, list(histories.values()), k, contexts=[told.get(name) for name in histories])
    if json:
        show_json(
            [
                {"user": name, "items": [asdict(recommended) for recommended in listed]}
                for name, listed in zip(histories, lists, strict=True)
            ]
        )
        return
    for (name, items), listed in zip(histories.items(), lists, strict=True):
        table = Table(title=Text(f"top {k} of {name} ({len(items)} items in the history)"))
        for column in ("rank", "item", "title", "score"):
            table.add_column(column, justify="right" if column in ("rank", "score") else "left")
        for one in listed:
            note = "" if one.evidence else " (nothing in the history speaks for it)"
            table.add_row(str(one.rank), Text(str(one.item)), Text(one.title + note), f"{one.score:.3f}")
        console().print(table)
