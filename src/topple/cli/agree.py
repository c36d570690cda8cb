"""`topple agree`: whether the lists that were shown are the model's, and why they are not."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from topple.cli.shared.limiting import Limiting, tell_left_out
from topple.cli.shared.loading import load_on, split_of
from topple.cli.shared.options import ContextsFile, Device, Factory, Json, ModelFolder, takes
from topple.cli.shared.showing import MOST_SHOWN, console, show_json
from topple.errors import QueryError
from topple.records.question import CandidateRule, Unknown

if TYPE_CHECKING:
    from topple.data.splitting import Split
    from topple.types import ItemId, UserHistories, UserId

HISTORIES = "Histories"


@takes(Limiting, "limiting")
def agree(
    limiting: Limiting,
    model: ModelFolder,
    shown: Annotated[Path, typer.Option(help="The lists: a table with columns user, item and (or in order) rank.")],
    k: Annotated[
        int | None,
        typer.Option("-k", "--k", min=1, help="Length of the model's lists. (default: that of most shown lists)"),
    ] = None,
    histories: Annotated[
        Path | None,
        typer.Option(
            help="A table of events: user, item. (default: the users of the model's data)", rich_help_panel=HISTORIES
        ),
    ] = None,
    weight_column: Annotated[
        str | None, typer.Option(help="Column of --histories: the weight of each event.", rich_help_panel=HISTORIES)
    ] = None,
    time_column: Annotated[
        str | None, typer.Option(help="Column of --histories: when; else rows are in order.", rich_help_panel=HISTORIES)
    ] = None,
    decimal: Annotated[str, typer.Option(help="Decimal point of --histories.", rich_help_panel=HISTORIES)] = ".",
    rank_column: Annotated[str, typer.Option(help="Column of ranks, 1 for the best.")] = "rank",
    day_first: Annotated[
        bool | None,
        typer.Option(
            "--day-first/--month-first",
            help="Whether 03/04/2025 is the third of April. (default: what the dates show)",
            rich_help_panel=HISTORIES,
        ),
    ] = None,
    rule: Annotated[CandidateRule, typer.Option(help="Which items the lists hold.")] = CandidateRule.UNSEEN_BEFORE,
    contexts: ContextsFile = None,
    device: Device = "cpu",
    factory: Factory = None,
    json: Json = False,
) -> None:
    """Compare lists that were really shown with the model's: how many are the same, which differ, and the likely reason.

    A reason is named only where it was tried and holds: weights, a filter, another training, another k, ties, a history that is newer or
    older than the list. Else it is unknown.

    Example: topple agree --model model --shown lists.csv
    """
    from topple.api.agreement import agreement
    from topple.api.faces.parsing import as_known, contexts_of
    from topple.data.ranked import read_histories, read_lists
    from topple.data.vocabulary import Vocabulary
    from topple.reports.agreement import agreement_sentences, differences_table

    if histories is None and (weight_column or time_column):
        raise QueryError(
            "--weight-column and --time-column are columns of --histories. Give that table, or leave them out."
        )
    lists = read_lists(shown, rank=rank_column, **limiting.columns)
    weight = None if weight_column == "none" else weight_column
    split = split_of(model) if histories is None else None
    recommender = load_on(model, device, factory)
    items = recommender.catalogue.vocabulary
    told: UserHistories | Split
    weights: dict[UserId, tuple[float, ...]] = {}
    if histories is not None:
        columns = limiting.columns | {"text": replace(limiting.columns["text"], decimal=decimal)}
        read, weights = read_histories(histories, weight=weight, timestamp=time_column, day_first=day_first, **columns)
        told, users = {user: as_known(history, items) for user, history in read.items()}, Vocabulary(list(read), "user")
    elif split is None:
        raise QueryError("this model folder holds no users. Give --histories with a table of events.")
    else:
        told, users = split, split.train_users
    lists = {users.typed(str(user)): as_known(listed, items) for user, listed in lists.items()}
    left_out = limiting.left_out(items)
    found = agreement(
        recommender, lists, k, histories=told, weights=weights, later=_held_out(split, list(lists)), rule=rule,
        contexts=contexts_of(lists, contexts, None), unknown=left_out, **limiting.read(items, lists, nobody=False),
    )  # fmt: skip
    tell_left_out(left_out)
    if json:
        show_json(found.as_json() | ({} if isinstance(left_out, Unknown) else {"left_out": left_out.as_json()}))
        return
    for line in agreement_sentences(found):
        console().print(line, markup=False, soft_wrap=True)
    if found.causes:
        console().print(differences_table(found, recommender.catalogue, MOST_SHOWN))


def _held_out(split: "Split | None", users: "Sequence[UserId]") -> "dict[UserId, Sequence[ItemId]]":
    """Return the items that were held out of the history of each user who is a test or validation user."""
    if split is None:
        return {}
    return {
        user: split.catalogue.vocabulary.decode(held.held_out[int(held.users.encode([user])[0])].indices)
        for held in (split.validation, split.test)
        for user in users
        if user in held.users
    }
