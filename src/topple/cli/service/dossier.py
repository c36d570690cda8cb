"""`topple dossier`: the answer to a letter, and a recorded answer asked again."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from topple.cli.service.replaying import Person, asked_again
from topple.cli.shared.limiting import Limiting, tell_left_out
from topple.cli.shared.loading import load_on, split_of
from topple.cli.shared.methods import method_of
from topple.cli.shared.options import (
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
    takes,
)
from topple.cli.shared.showing import console, show_json
from topple.errors import QueryError
from topple.records.effort import Effort
from topple.records.question import CandidateRule

if TYPE_CHECKING:
    from topple.api.papers.dossier import Dossier
    from topple.data.splitting import Split
    from topple.explainers.base import Explainer
    from topple.scoring.recommender import Recommender
    from topple.types import Id, JsonObject
    from topple.verification.retraining import Retraining

ASKED = "What is asked"
MOST_GIVEN = 200
"""Entries of the audit store at most."""


@takes(Limiting, "limiting")
def dossier(
    limiting: Limiting,
    model: ModelFolder,
    user: Annotated[str | None, typer.Option("--user", "-u", help="The id of the person.")] = None,
    history: HistoryText = None,
    history_weights: HistoryWeights = None,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", "-t", help="A recommendation that is asked about; repeat. Without it the whole list."),
    ] = None,
    shown: Annotated[
        str | None,
        typer.Option(
            help="The list that the person was shown: item ids separated by commas, or as a JSON list, best first.",
            rich_help_panel=ASKED,
        ),
    ] = None,
    k: Annotated[
        int | None,
        typer.Option("-k", "--k", min=1, help="Length of the list. (default: 5, or that of the list that was shown)"),
    ] = None,
    rule: Annotated[
        CandidateRule, typer.Option(help="Which items may be listed after a removal.", rich_help_panel=ASKED)
    ] = CandidateRule.UNSEEN_BEFORE,
    because: Annotated[
        str,
        typer.Option(
            help="What the data says that people did: liked, bought, played, read, viewed, watched, heard, rated.",
            rich_help_panel=ASKED,
        ),
    ] = "liked",
    language: Annotated[
        str, typer.Option(help="The language of the page and its sentences: en or de.", rich_help_panel=ASKED)
    ] = "en",
    effort: Annotated[
        Effort | None,
        typer.Option(help="What the answers may cost: instant, balanced or proof.", rich_help_panel=ASKED),
    ] = None,
    explainer: Annotated[
        str, typer.Option(help="An explainer by name, or the folder of one that was fitted.", rich_help_panel=ASKED)
    ] = "auto",
    settings: Pairs = None,
    context: ContextText = None,
    seed: Seed = 0,
    retrain: Annotated[
        bool,
        typer.Option(
            "--retrain",
            help="Fit the model anew without each set, of a training user; each is a fit.",
            rich_help_panel=ASKED,
        ),
    ] = False,
    audit: Annotated[
        str | None,
        typer.Option(help="An audit store, file or address: which explanations the person was given before."),
    ] = None,
    audit_keys: Annotated[Path | None, typer.Option(help="File of the keys of the audit store.")] = None,
    device: Device = "cpu",
    factory: Factory = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The page, a file .html; the same for programs stands beside it, in .json."),
    ] = None,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Print the page to a .pdf beside it too, by a browser that is installed.")
    ] = False,
    replay: Annotated[
        Path | None,
        typer.Option(
            help="Ask the answers of this JSON file again: of a dossier, or of `topple audit show --json`. Exit code 1 where one is "
            "another now."
        ),
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Answer a person's or an officer's letter: what was recommended, which data it hangs on, what other data would have led to.

    With --replay, ask recorded answers again, of --user or --history, and say whether they are equal and which identities differ.

    Example: topple dossier --model model --user 42 --out dossier.html
    """
    if replay is not None:
        if out is not None or pdf:
            raise QueryError("--replay writes no page. Leave --out and --pdf out.")
        person = Person(model, user, history, history_weights, context, known=False)
        asked_again(replay, person, load_on(model, device, factory), explainer, json=json)
        return
    _check_choice(user, history, out, audit, audit_keys, pdf=pdf, json=json)
    files = _files(out, pdf=pdf, overwrite=overwrite)
    from topple.api.faces.parsing import ids_of, settings_of
    from topple.api.papers.dossier import dossier as answered

    chosen = settings_of(settings)
    named = None if explainer == "auto" else method_of(explainer, chosen, None)
    recommender = load_on(model, device, factory)
    who, events = (person := Person(model, user, history, history_weights, context, known=limiting.known)).of(
        recommender
    )
    items, split = recommender.catalogue.vocabulary, split_of(model)
    limits = limiting.read(items, [who], nobody=history is not None)
    left_out = limiting.left_out(items)
    found = answered(
        recommender, events, user=None if user is None else who, k=k, rule=rule, seed=seed, because=because, language=language,
        effort=effort,
        explainer=_method(named, explainer, recommender), settings=chosen if explainer == "auto" and chosen else None,
        targets=None if target is None else [items.parse(text) for text in target],
        shown=None if shown is None else ids_of(shown, items, known=False), context=person.told, unknown=left_out, split=split,
        retraining=_retraining(split) if retrain else None, given=_given(audit, audit_keys, who),
        **{name: ids[who] if isinstance(ids, dict) else ids for name, ids in limits.items()},
    )  # fmt: skip
    tell_left_out(left_out)
    _write(found, files, overwrite=overwrite)
    if json:
        show_json(found.as_json())
    else:
        _tell(found, files)


def _check_choice(
    user: str | None,
    history: str | None,
    out: Path | None,
    audit: str | None,
    audit_keys: Path | None,
    *,
    pdf: bool,
    json: bool,
) -> None:
    """Refuse options that do not say whose dossier it is, or where it is to be."""
    if (audit is None) != (audit_keys is None) or (audit is not None and user is None):
        raise QueryError("--audit, --audit-keys and --user go together: whose entries, in which store, by which keys.")
    if (user is None) == (history is None):
        raise QueryError("give one of --user and --history: whose recommendations are asked about.")
    if out is None and (pdf or not json):
        raise QueryError("give --out FILE.html for the page, or --json without --pdf for the object alone.")


def _given(audit: str | None, keys: Path | None, who: "Id") -> "list[JsonObject] | None":
    """Return the newest entries of the audit store about the person; None where no store is named."""
    if audit is None or keys is None:
        return None
    from topple.audit import AuditKeys, AuditStore

    with AuditStore.open(audit, AuditKeys.read(keys), create=False, check=False) as store:
        return [entry.as_json() for entry in store.entries(user=who, newest_first=True, limit=MOST_GIVEN)]


def _method(named: "Explainer | None", explainer: str, recommender: "Recommender") -> "Explainer | str":
    """Return the explainer: the default one by name, so that an effort may set what it spends."""
    if named is not None or explainer == "auto":
        return named or explainer
    from topple.api.learning.folders import load_explainer

    return load_explainer(explainer, recommender)


def _retraining(split: "Split | None") -> "Retraining":
    """Return how the model is fitted anew, for every true set."""
    from topple.verification.retraining import Retraining

    if split is None:
        raise QueryError("this model folder holds no data to train on. Leave --retrain out.")
    return Retraining(split, sample=None)


def _files(out: Path | None, *, pdf: bool, overwrite: bool) -> list[Path]:
    """Return the files that are written, refused before any work where they could not be."""
    if out is None:
        return []
    from topple.files import refuse_existing
    from topple.reports.papers.pages import check_page
    from topple.reports.papers.printing import browser

    check_page(out, overwrite=overwrite)
    files = [out, out.with_suffix(".json"), *([out.with_suffix(".pdf")] if pdf else [])]
    for file in files:
        refuse_existing(file, overwrite=overwrite)
    if pdf:
        browser()
    return files


def _write(found: "Dossier", files: list[Path], *, overwrite: bool) -> None:
    from topple.reports.papers.printing import print_page

    for file in files:
        if file.suffix == ".pdf":
            print_page(found.page(), file, overwrite=overwrite)
        else:
            found.write(file, overwrite=overwrite)


def _tell(found: "Dossier", files: list[Path]) -> None:
    """Print the short answer, and what was written."""
    from topple.reports.papers.cells import plain
    from topple.reports.papers.dossier_words import KnownTitles, short
    from topple.reports.papers.languages import language

    titles = KnownTitles.of(found.told, found.explanations)
    for line in short(found.told, found.explanations, titles, language(found.told["language"])):
        console().print(plain(line), markup=False, soft_wrap=True)
    console().print(f"\nWritten: {', '.join(map(str, files))}", markup=False, soft_wrap=True)
