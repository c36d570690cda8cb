"""`topple explain`: why these items, in sentences, a table and files."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from topple.cli.shared.drawing import Pictures
from topple.cli.shared.limiting import FILES, Limiting, tell_left_out
from topple.cli.shared.loading import histories_of, load_on
from topple.cli.shared.methods import method_of
from topple.cli.shared.options import (
    ContextsFile,
    ContextText,
    Device,
    Factory,
    HistoryText,
    HistoryWeights,
    Json,
    ModelFolder,
    Overwrite,
    Pairs,
    Seed,
    Users,
    takes,
)
from topple.cli.shared.showing import console, show_explanations, show_json
from topple.cli.shared.shown import queries_of, read_shown, told_of_shown, users_shown
from topple.cli.shared.telling import told_of
from topple.errors import QueryError
from topple.records.answer import Status
from topple.records.effort import Effort
from topple.records.question import CandidateRule, Goal, Repeats, Unknown

if TYPE_CHECKING:
    from topple.api.faces.resuming import KeptAnswers
    from topple.api.limits import LeftOut
    from topple.data.vocabulary import Catalogue
    from topple.explainers.base import Explainer
    from topple.records.answer import Explanation
    from topple.records.explanations import Explanations
    from topple.records.question import Query
    from topple.scoring.budget import Budget
    from topple.scoring.recommender import Recommender
    from topple.types import ItemId, UserId

CONSTRAINTS, BUDGET = "Constraints", "Budget"


@takes(Limiting, "limiting")
def explain(
    limiting: Limiting,
    model: ModelFolder,
    user: Users = None,
    history: HistoryText = None,
    history_weights: HistoryWeights = None,
    all_users: Annotated[bool, typer.Option("--all", help="Explain every test (or training) user.")] = False,
    users: Annotated[int, typer.Option(min=1, help="How many test users, without --user or --history.")] = 3,
    trained_users: Annotated[
        bool,
        typer.Option(help="Training users in place of test users, for `topple evaluate --retrain`."),
    ] = False,
    target: Annotated[
        list[str] | None, typer.Option("--target", "-t", help="An item id to explain; without it the whole top-k.")
    ] = None,
    shown: Annotated[
        Path | None,
        typer.Option(
            help="The lists that were really shown: a table with columns user, item and (or in order) rank; each item is explained.",
            rich_help_panel=FILES,
        ),
    ] = None,
    rank_column: Annotated[
        str, typer.Option(help="Column of ranks in --shown, 1 for the best.", rich_help_panel=FILES)
    ] = "rank",
    k: Annotated[
        int | None,
        typer.Option(
            "-k", "--k", min=1, help="Length of the recommended list. (default: 5, or that of the list that was shown)"
        ),
    ] = None,
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
    repeats: Annotated[
        Repeats,
        typer.Option(
            help="What is named where an item comes again in a history: the item, or single events.",
            rich_help_panel=CONSTRAINTS,
        ),
    ] = Repeats.ITEM,
    scored: Annotated[
        int | None, typer.Option(help="Most scored histories of a query.", rich_help_panel=BUDGET)
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="Most seconds of a query.", rich_help_panel=BUDGET)] = None,
    total_scored: Annotated[
        int | None, typer.Option(help="Most scored histories in all.", rich_help_panel=BUDGET)
    ] = None,
    total_seconds: Annotated[float | None, typer.Option(help="Most seconds in all.", rich_help_panel=BUDGET)] = None,
    effort: Annotated[
        Effort | None,
        typer.Option(
            help="What the answers are for: a page (instant: no proof), a report (balanced), a paper (proof); in scored histories.",
            rich_help_panel=BUDGET,
        ),
    ] = None,
    explainer: Annotated[
        str,
        typer.Option(
            help="An explainer by name, or the folder of one that `topple fit --explainer` made; of a method that learns the folder."
        ),
    ] = "auto",
    preset: Annotated[str | None, typer.Option(help="Published settings of the explainer, by data set.")] = None,
    settings: Pairs = None,
    contexts: ContextsFile = None,
    context: ContextText = None,
    seed: Seed = 0,
    device: Device = "cpu",
    factory: Factory = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="A folder for Parquet and JSON Lines.")] = None,
    picture: Annotated[
        Path | None,
        typer.Option(help="Draw the first true answer to a .png, .svg or .pdf, or write all answers to a page, .html."),
    ] = None,
    picture_each: Annotated[
        bool, typer.Option("--picture-each", help="One file for each answer: why.png becomes why-1.png, why-2.png, ...")
    ] = False,
    because: Annotated[
        str,
        typer.Option(
            help="What the data says that people did: liked, bought, played, read, viewed, watched, heard, rated."
        ),
    ] = "liked",
    language: Annotated[str, typer.Option(help="The language of the sentences: en or de.")] = "en",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the answers that an interrupted run with this --out kept.")
    ] = False,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Explain recommendations: which items of the history, removed, would topple them out of the top-k.

    With --out, answers are kept as they are ready, in OUT.partial until all are there; an interrupted run goes on with --resume.

    Example: topple explain --model model --user 42 --out explained
    """
    from topple.api.asking import requests_of
    from topple.api.effort import with_effort
    from topple.api.faces.parsing import costs_of, ids_of, parsed, settings_of
    from topple.api.learning.folders import load_explainer

    if all_users and (user or history):
        raise QueryError("give --all or a choice of users, not both.")
    wording = _checked_wording(because, language)
    pictures = Pictures(picture, wording, each=picture_each, overwrite=overwrite)
    keeper = _checked_outputs(out, wording, resume=resume, overwrite=overwrite)
    spends = settings_of(None, scored=scored, seconds=seconds, total_scored=total_scored, total_seconds=total_seconds)
    chosen, budget = with_effort(effort, explainer, settings_of(settings), spends)
    named = method_of(explainer, chosen, preset)
    lists = read_shown(shown, rank_column, limiting, target)
    recommender = load_on(model, device, factory)
    method = load_explainer(explainer, recommender) if named is None else named
    items, everyone, known = recommender.catalogue.vocabulary, None if all_users else users, limiting.known
    asked_about = user if lists is None or history is not None else users_shown(lists, user, everyone)
    histories = histories_of(
        model, recommender, asked_about, history, everyone, trained=trained_users, weights=history_weights, known=known
    )
    left_out = limiting.left_out(items)
    besides = told_of(recommender, histories, contexts, context, nobody=history is not None)
    requests = requests_of(
        recommender.catalogue, histories, None, besides, k=5 if k is None else k, rule=rule, seed=seed, goal=goal,
        largest=largest, sets=sets, repeats=repeats,
        protected=[parsed(text, items, known=known) for text in protect or ()],
        groups=[ids_of(text, items, known=known) for text in group or ()],
        item_costs=costs_of(item_cost or (), items, known=known),
        unknown=left_out, **limiting.read(items, histories, nobody=history is not None),
    )  # fmt: skip
    targets = [items.parse(text) for text in target] if target else None
    queries, told = queries_of(recommender, requests, lists, targets, k, nobody=history is not None)
    if not queries:
        raise QueryError("no user of this model folder has a history to explain. Give --history with item ids.")
    tell_left_out(left_out)
    pictures.check(len(queries))
    explained = _explained(recommender, queries, method, budget, keeper, told)
    _write_and_show(explained, recommender.catalogue, keeper, wording, left_out, shown, json=json)
    pictures.write(explained, recommender, tell=not json)


def _checked_wording(because: str, language: str) -> dict[str, str]:
    """Return the words of sentences, pictures and pages, refused where they are not known."""
    from topple.reports.words import words_in

    words_in(language).verb(because)
    return {"because": because, "language": language}


def _checked_outputs(
    out: Path | None, wording: dict[str, str], *, resume: bool, overwrite: bool
) -> "KeptAnswers | None":
    """Refuse outputs that could not be written, before any work, and return what keeps the answers of an output folder."""
    from topple.api.faces.resuming import KeptAnswers

    if out is None and resume:
        raise QueryError("--resume goes on with an interrupted run with --out. Give the --out of that run.")
    return None if out is None else KeptAnswers(out, resume=resume, overwrite=overwrite, wording=wording)


def _explained(
    recommender: "Recommender",
    queries: "Sequence[Query]",
    method: "Explainer",
    budget: "Budget",
    keeper: "KeptAnswers | None",
    shown: "Mapping[UserId, Sequence[ItemId]] | None",
) -> "Explanations":
    """Explain; on Ctrl-C say what is kept, and the command that goes on."""
    from topple.api.explaining import explain_queries
    from topple.records.explanations import Explanations

    try:
        if keeper is None:
            explained = explain_queries(recommender, queries, explainer=method, budget=budget, shown=shown)
        else:
            explained = Explanations(keeper.explain(recommender, queries, method, budget, shown))
    except KeyboardInterrupt:
        if keeper is not None:
            _tell_what_is_kept(keeper)
        raise typer.Exit(130) from None
    if all(each.status is Status.INVALID and each.shown_is_models is None for each in explained):
        if keeper is not None:
            keeper.drop()
        raise QueryError(explained[0].reason)
    return explained


def _tell_what_is_kept(keeper: "KeptAnswers") -> None:
    """Say on standard error what an interrupted run has kept."""
    arguments = [word for word in sys.argv[1:] if word not in ("--resume", "--overwrite")]
    command = shlex.join(["topple", *arguments, "--resume"])
    told = (
        f"Interrupted: {keeper.kept:,} of {keeper.total:,} answers are kept in {keeper.partial}. To go on:\n{command}"
    )
    Console(stderr=True, highlight=False).print(told, markup=False, soft_wrap=True)


def _write_and_show(
    explained: "list[Explanation]",
    catalogue: "Catalogue",
    keeper: "KeptAnswers | None",
    wording: dict[str, str],
    left_out: "LeftOut | Unknown",
    shown: Path | None,
    *,
    json: bool,
) -> None:
    from topple.reports.records import explanation_json

    told = {} if isinstance(left_out, Unknown) or not left_out.sentences() else {"left_out": left_out.as_json()}
    rows = None if keeper is None else keeper.write(catalogue, **told)
    if json:
        found = rows or [explanation_json(explanation, catalogue, **wording) for explanation in explained]
        show_json({"explanations": found, **told})
        return
    show_explanations(explained, catalogue, because=wording["because"], language=wording["language"])
    if shown is not None:
        console().print(told_of_shown(explained, shown), markup=False, soft_wrap=True)
    if keeper is not None:
        console().print(f"Written: {keeper.out}/explanations.parquet and .jsonl")
