"""`topple explain`: why these items, in sentences, a table and files."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from topple.cli.options import (
    Device,
    HistoryText,
    Json,
    K,
    ModelFolder,
    Overwrite,
    Pairs,
    Seed,
    Users,
    console,
    histories_of,
    ids_of,
    load_on,
    settings_of,
    show_explanations,
    show_json,
)
from topple.errors import QueryError
from topple.records.answer import Status
from topple.records.question import CandidateRule, Goal
from topple.types import Id

if TYPE_CHECKING:
    from topple.data.vocabulary import Vocabulary

CONSTRAINTS, BUDGET = "Constraints", "Budget"


def explain(
    model: ModelFolder,
    user: Users = None,
    history: HistoryText = None,
    all_users: Annotated[bool, typer.Option("--all", help="Explain every test (or training) user.")] = False,
    users: Annotated[int, typer.Option(min=1, help="How many test users, without --user or --history.")] = 3,
    trained_users: Annotated[
        bool,
        typer.Option(help="Training users in place of test users, for `topple evaluate --retrain`."),
    ] = False,
    target: Annotated[
        list[str] | None, typer.Option("--target", "-t", help="An item id to explain; without it the whole top-k.")
    ] = None,
    k: K = 5,
    rule: Annotated[
        CandidateRule, typer.Option(help="Which items compete after a removal.")
    ] = CandidateRule.UNSEEN_BEFORE,
    goal: Annotated[
        Goal,
        typer.Option(help="What the set is to do: without it the target leaves, it alone keeps the target, or both."),
    ] = Goal.NECESSARY,
    protect: Annotated[
        list[str] | None,
        typer.Option(help="An item id that may not be named; repeat.", rich_help_panel=CONSTRAINTS),
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(help="Item ids that are named together or not at all; repeat.", rich_help_panel=CONSTRAINTS),
    ] = None,
    item_cost: Annotated[
        list[str] | None,
        typer.Option(
            help="What it costs to name an item, ITEM=COST; others cost 1. Repeat.", rich_help_panel=CONSTRAINTS
        ),
    ] = None,
    largest: Annotated[
        int | None, typer.Option(min=1, help="Most items of a set.", rich_help_panel=CONSTRAINTS)
    ] = None,
    sets: Annotated[
        int, typer.Option(min=1, help="How many different smallest sets.", rich_help_panel=CONSTRAINTS)
    ] = 1,
    scored: Annotated[
        int | None, typer.Option(help="Most scored histories of a query.", rich_help_panel=BUDGET)
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="Most seconds of a query.", rich_help_panel=BUDGET)] = None,
    total_scored: Annotated[
        int | None, typer.Option(help="Most scored histories in all.", rich_help_panel=BUDGET)
    ] = None,
    total_seconds: Annotated[float | None, typer.Option(help="Most seconds in all.", rich_help_panel=BUDGET)] = None,
    explainer: Annotated[str, typer.Option(help="An explainer by name.")] = "auto",
    preset: Annotated[str | None, typer.Option(help="Published settings of the explainer, by data set.")] = None,
    settings: Pairs = None,
    seed: Seed = 0,
    device: Device = "cpu",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A folder for Parquet and JSON Lines.")] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Draw the first true explanation to a .png, .svg or .pdf.")
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Explain recommendations: which items of the history, removed, would topple them out of the top-k.

    Example: topple explain --model model --user 42 --out explained
    """
    from topple.api.asking import top_k_queries
    from topple.api.explaining import explain_queries, make_explainer
    from topple.api.recommending import lists_around
    from topple.files import refuse_existing
    from topple.reports.pictures import check_picture, draw_explanation
    from topple.reports.records import MARKER, explanation_json, write_explanations
    from topple.scoring.budget import Budget

    if all_users and (user or history):
        raise QueryError("give --all or a choice of users, not both.")
    if out is not None:
        refuse_existing(out, overwrite=overwrite, marker=MARKER)
    if picture is not None:
        check_picture(picture, overwrite=overwrite)
    method = make_explainer(explainer, settings_of(settings), preset)
    limits = {"scored": scored, "seconds": seconds, "total_scored": total_scored, "total_seconds": total_seconds}
    budget = Budget.parse({name: limit for name, limit in limits.items() if limit is not None})
    loaded = load_on(model, device)
    recommender, items = loaded.recommender, loaded.recommender.catalogue.vocabulary
    everyone = None if all_users else users
    queries = top_k_queries(
        recommender,
        histories_of(loaded, user, history, everyone, trained=trained_users),
        targets=None if not target else [items.parse(text) for text in target],
        k=k,
        rule=rule,
        seed=seed,
        goal=goal,
        protected=[items.parse(text) for text in protect or ()],
        groups=[ids_of(text, items) for text in group or ()],
        item_costs=_costs(item_cost or (), items),
        largest=largest,
        sets=sets,
    )
    explained = explain_queries(recommender, queries, explainer=method, budget=budget)
    if all(explanation.status is Status.INVALID for explanation in explained):
        raise QueryError(explained[0].reason)
    if out is not None:
        write_explanations(explained, recommender.catalogue, out, overwrite=overwrite)
    if json:
        show_json({"explanations": [explanation_json(e, recommender.catalogue) for e in explained]})
    else:
        show_explanations(explained, recommender.catalogue)
    if out is not None and not json:
        console().print(f"Written: {out}/explanations.parquet and .jsonl")
    drawn = next((explanation for explanation in explained if explanation.valid), None)
    if picture is not None and drawn is not None:
        draw_explanation(drawn, *lists_around(recommender, drawn), recommender.catalogue, picture, overwrite=overwrite)
    if picture is not None and not json:
        text = f"Drawn: {picture}" if drawn else "Nothing was drawn: no explanation is true."
        console().print(text, markup=False, soft_wrap=True)


def _costs(pairs: Sequence[str], items: "Vocabulary") -> dict[Id, float]:
    """Return the costs of ITEM=COST pairs."""
    costs = {}
    for pair in pairs:
        item, equals, cost = pair.rpartition("=")
        try:
            costs[items.parse(item.strip())] = float(cost)
        except ValueError as error:
            raise QueryError(f"--item-cost {pair!r} is not ITEM=COST. Write for example --item-cost 50=2.5.") from error
        if not equals:
            raise QueryError(f"--item-cost {pair!r} is not ITEM=COST. Write for example --item-cost 50=2.5.")
    return costs
