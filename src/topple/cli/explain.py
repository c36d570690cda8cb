"""`topple explain`: why these items, in sentences, a table and files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from topple.cli.shared.loading import histories_of, load_on
from topple.cli.shared.options import (
    Device,
    Factory,
    HistoryText,
    Json,
    K,
    ModelFolder,
    Overwrite,
    Pairs,
    Seed,
    Users,
)
from topple.cli.shared.showing import console, show_explanations, show_json
from topple.errors import QueryError
from topple.records.answer import Status
from topple.records.question import CandidateRule, Goal

if TYPE_CHECKING:
    from topple.data.vocabulary import Catalogue
    from topple.records.answer import Explanation
    from topple.scoring.recommender import Recommender

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
    factory: Factory = None,
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
    from topple.api.faces.parsing import costs_of, ids_of, settings_of
    from topple.scoring.budget import Budget

    if all_users and (user or history):
        raise QueryError("give --all or a choice of users, not both.")
    _refuse_outputs(out, picture, overwrite=overwrite)
    method = make_explainer(explainer, settings_of(settings), preset)
    budget = Budget.parse(
        settings_of(None, scored=scored, seconds=seconds, total_scored=total_scored, total_seconds=total_seconds)
    )
    recommender = load_on(model, device, factory)
    items, everyone = recommender.catalogue.vocabulary, None if all_users else users
    queries = top_k_queries(
        recommender,
        histories_of(model, recommender, user, history, everyone, trained=trained_users),
        targets=None if not target else [items.parse(text) for text in target],
        k=k,
        rule=rule,
        seed=seed,
        goal=goal,
        protected=[items.parse(text) for text in protect or ()],
        groups=[ids_of(text, items) for text in group or ()],
        item_costs=costs_of(item_cost or (), items),
        largest=largest,
        sets=sets,
    )
    if not queries:
        raise QueryError("no user of this model folder has a history to explain. Give --history with item ids.")
    explained = explain_queries(recommender, queries, explainer=method, budget=budget)
    if all(explanation.status is Status.INVALID for explanation in explained):
        raise QueryError(explained[0].reason)
    _write_and_show(explained, recommender.catalogue, out, overwrite=overwrite, json=json)
    if picture is not None:
        _draw(explained, recommender, picture, overwrite=overwrite, tell=not json)


def _refuse_outputs(out: Path | None, picture: Path | None, *, overwrite: bool) -> None:
    """Refuse outputs that could not be written, before any work."""
    from topple.files import refuse_existing
    from topple.reports.pictures import check_picture
    from topple.reports.records import MARKER

    if out is not None:
        refuse_existing(out, overwrite=overwrite, marker=MARKER)
    if picture is not None:
        check_picture(picture, overwrite=overwrite)


def _write_and_show(
    explained: "list[Explanation]", catalogue: "Catalogue", out: Path | None, *, overwrite: bool, json: bool
) -> None:
    from topple.reports.records import explanation_json, write_explanations

    if out is not None:
        write_explanations(explained, catalogue, out, overwrite=overwrite)
    if json:
        show_json({"explanations": [explanation_json(explanation, catalogue) for explanation in explained]})
        return
    show_explanations(explained, catalogue)
    if out is not None:
        console().print(f"Written: {out}/explanations.parquet and .jsonl")


def _draw(
    explained: "list[Explanation]", recommender: "Recommender", picture: Path, *, overwrite: bool, tell: bool
) -> None:
    """Draw the first explanation that is true, if one is."""
    from topple.api.recommending import lists_around
    from topple.reports.pictures import draw_explanation

    drawn = next((explanation for explanation in explained if explanation.valid), None)
    if drawn is not None:
        draw_explanation(drawn, *lists_around(recommender, drawn), recommender.catalogue, picture, overwrite=overwrite)
    if tell:
        text = f"Drawn: {picture}" if drawn else "Nothing was drawn: no explanation is true."
        console().print(text, markup=False, soft_wrap=True)
