"""`topple recommend`: the top-k of users or of a history."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from topple.cli.options import (
    Device,
    HistoryText,
    Json,
    K,
    ModelFolder,
    Users,
    console,
    histories_of,
    load_on,
    show_json,
)


def recommend(
    model: ModelFolder,
    user: Users = None,
    history: HistoryText = None,
    k: K = 5,
    users: Annotated[int, typer.Option(min=1, help="How many test users, without --user or --history.")] = 3,
    device: Device = "cpu",
    json: Json = False,
) -> None:
    """Recommend the top-k of users of the model's data, or of a history of your own.

    Example: topple recommend --model model --history 50,181,172
    """
    from topple.api.recommending import recommend_many

    loaded = load_on(model, device)
    histories = histories_of(loaded, user, history, users)
    lists = recommend_many(loaded.recommender, list(histories.values()), k)
    if json:
        show_json(
            [{"user": u, "items": [asdict(place) for place in its]} for u, its in zip(histories, lists, strict=True)]
        )
        return
    for (name, items), listed in zip(histories.items(), lists, strict=True):
        table = Table(title=Text(f"top {k} of {name} ({len(items)} items in the history)"))
        for column in ("rank", "item", "title", "score"):
            table.add_column(column, justify="right" if column in ("rank", "score") else "left")
        for place in listed:
            table.add_row(str(place.rank), Text(str(place.item)), Text(place.title), f"{place.score:.3f}")
        console().print(table)
