"""`topple explain`: why these items, in sentences, a table and files."""

from pathlib import Path
from typing import Annotated

import typer

from topple.cli.options import (
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
    settings_of,
    show_explanations,
    show_json,
)
from topple.errors import QueryError
from topple.explanation import CandidateRule, Status


def explain(
    model: ModelFolder,
    user: Users = None,
    history: HistoryText = None,
    all_users: Annotated[bool, typer.Option("--all", help="Explain every test user.")] = False,
    users: Annotated[int, typer.Option(min=1, help="How many test users, without --user or --history.")] = 3,
    target: Annotated[
        list[str] | None, typer.Option("--target", "-t", help="An item id to explain; without it the whole top-k.")
    ] = None,
    k: K = 5,
    rule: Annotated[
        CandidateRule, typer.Option(help="Which items compete after a removal.")
    ] = CandidateRule.UNSEEN_BEFORE,
    protect: Annotated[list[str] | None, typer.Option(help="An item id of the history that must stay; repeat.")] = None,
    explainer: Annotated[str, typer.Option(help="An explainer by name.")] = "auto",
    preset: Annotated[str | None, typer.Option(help="Published settings of the explainer, by data set.")] = None,
    settings: Pairs = None,
    seed: Seed = 0,
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
    from topple.door.asking import top_k_queries
    from topple.door.explaining import explain_queries, make_explainer
    from topple.door.recommending import lists_around
    from topple.files import refuse_existing
    from topple.recommenders.checkpoints import load_model
    from topple.reports.pictures import check_picture, draw_explanation
    from topple.reports.records import OWN, explanation_json, write_explanations

    if all_users and (user or history):
        raise QueryError("give --all or a choice of users, not both.")
    if out is not None:
        refuse_existing(out, overwrite=overwrite, own=OWN)
    if picture is not None:
        check_picture(picture, overwrite=overwrite)
    method = make_explainer(explainer, settings_of(settings), preset)
    loaded = load_model(model)
    recommender, items = loaded.recommender, loaded.recommender.catalogue.vocabulary
    everyone = len(loaded.split.test.users) if all_users and loaded.split else users
    queries = top_k_queries(
        recommender,
        histories_of(loaded, user, history, everyone),
        targets=None if not target else [items.parse(text) for text in target],
        k=k,
        rule=rule,
        protected=[items.parse(text) for text in protect or ()],
        seed=seed,
    )
    explained = explain_queries(recommender, queries, explainer=method)
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
