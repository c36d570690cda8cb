"""`topple recommend`: the top-k of users or of a history."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from topple.cli.shared.limiting import Limiting, tell_left_out
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
    takes,
)
from topple.cli.shared.showing import as_object, console, show_json
from topple.cli.shared.telling import told_of
from topple.records.question import CandidateRule

if TYPE_CHECKING:
    from topple.api.recommending import Recommended


@takes(Limiting, "limiting")
def recommend(
    limiting: Limiting,
    model: ModelFolder,
    user: Users = None,
    history: HistoryText = None,
    history_weights: HistoryWeights = None,
    k: K = 5,
    rule: Annotated[CandidateRule, typer.Option(help="Which items the lists hold.")] = CandidateRule.UNSEEN_BEFORE,
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
    from topple.api.asking import requests_of
    from topple.api.recommending import recommended

    recommender = load_on(model, device, factory)
    histories = histories_of(model, recommender, user, history, users, weights=history_weights, known=limiting.known)
    vocabulary = recommender.catalogue.vocabulary
    left_out = limiting.left_out(vocabulary)
    besides = told_of(recommender, histories, contexts, context, nobody=history is not None)
    limits = limiting.read(vocabulary, histories, nobody=history is not None)
    requests = requests_of(
        recommender.catalogue,
        histories,
        None,
        besides,
        known_users=history is None,
        k=k,
        rule=rule,
        unknown=left_out,
        **limits,
    )
    tell_left_out(left_out)
    lists = recommended(recommender, requests)
    if json:
        show_json(
            [
                {"user": name, "items": [as_object(one) for one in listed]}
                for name, listed in zip(histories, lists, strict=True)
            ]
        )
        return
    for (name, items), listed in zip(histories.items(), lists, strict=True):
        console().print(_table(listed, f"top {k} of {name} ({len(items)} items in the history)"))


def _table(listed: "Sequence[Recommended]", title: str) -> Table:
    """Return a list; `2=` is a rank that items share."""
    from topple.reports.tables import rank_cell

    table = Table(title=Text(title))
    for column in ("rank", "item", "title", "score"):
        table.add_column(column, justify="right" if column in ("rank", "score") else "left")
    for one in listed:
        note = "" if one.evidence else " (nothing in the history speaks for it)"
        table.add_row(rank_cell(one.rank, one.tied), Text(str(one.item)), Text(one.title + note), f"{one.score:.3f}")
    return table
