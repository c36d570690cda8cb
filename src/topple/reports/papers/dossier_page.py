"""The page of a dossier: words first, then lists, tables and identities, made of its JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from topple.errors import counted
from topple.records.answer import Explanation, Status
from topple.reports.cards.content import proof_words, rows_of_lists
from topple.reports.cards.words import card_words
from topple.reports.papers import court
from topple.reports.papers.cells import number, table, text, with_titles
from topple.reports.papers.dossier_words import (
    NOT_GIVEN,
    NOT_SHOWN,
    RULES,
    SHOWN,
    KnownTitles,
    certainty,
    could_not,
    items_of,
    joined,
    retraining,
    short,
)
from topple.reports.papers.pages import page
from topple.reports.sentences import MOST_NAMED
from topple.reports.sentences import told as sentence_of
from topple.types import JsonObject

_MARK = "\x1f"
"""Stands around titles in a sentence; no title that is shown holds a control character."""
WORDS = card_words("en")


def dossier_page(told: Mapping[str, Any]) -> str:
    """Return the page of a dossier, given the JSON object that `Dossier.as_json` returns."""
    explanations = [Explanation.from_dict(each["explanation"]) for each in told["answers"]]
    titles = KnownTitles.of(told, explanations)
    targets = [titles.title(each.query.target) for each in explanations]
    pairs = list(zip(told["answers"], explanations, strict=True))
    anew, not_anew = retraining(told, targets)
    return page(
        "dossier.html",
        "Why you were recommended this",
        who="For nobody in particular: a history was given" if told["user"] is None else f"For user {told['user']}",
        when=f"{told['made']['at'][:10]}, by topple {told['made']['version']}",
        short=short(told, explanations, titles),
        listed=[_listed(each) for each in told["listed"]],
        shown=None if told["shown"] is None else [each["title"] for each in told["shown"]],
        answers=[_answer(answer, each, titles, told["because"]) for answer, each in pairs],
        smallest=_smallest(explanations, titles),
        alone=_alone(told),
        alone_reason=told["alone"]["reason"],
        shows=[*SHOWN, *anew],
        shows_not=[*not_anew, *NOT_SHOWN, *([NOT_GIVEN] if told["given"] is None else []), *_left_out(told)],
        court={
            "case": court.CASE,
            "about": court.ABOUT,
            "here": court.HERE,
            "quotations": [asdict(each) for each in (court.VARIATION, court.NO_FORMULA)],
        },
        given=None if told["given"] is None else _given(told["given"]),
        data=_data(told),
        identities=_identities(told),
    )


def _listed(one: Mapping[str, Any]) -> JsonObject:
    note = "" if one["evidence"] else "nothing in the history speaks for it"
    return {"title": one["title"], "note": note}


def _answer(answer: Mapping[str, Any], explanation: Explanation, titles: KnownTitles, because: str) -> JsonObject:
    """Return what the template shows of one recommendation."""
    asked = explanation.status is not Status.INVALID
    parts = sentence_of(explanation, titles, because=because, mark=_MARK, ranks=False).split(_MARK)
    lists = tuple([each["item"] for each in answer[name]] for name in ("before", "after"))
    before, after = (
        rows_of_lists(explanation, (lists[0], lists[1]) if lists[0] else None, titles, WORDS) if asked else ([], [])
    )
    items = items_of(explanation)
    goal, k = explanation.query.goal, explanation.query.k
    return {
        "title": titles.title(explanation.query.target) or "-",
        "sentence": [{"text": part, "title": bool(turn % 2)} for turn, part in enumerate(parts)] if asked else [],
        "reason": "" if asked else could_not(explanation, titles),
        "named": [titles.title(item) for item in items] if len(items) > MOST_NAMED else [],
        "heading": f"All {len(items):,} items:",
        "today": WORDS.today.format(k=k),
        "then": WORDS.then[goal][len(items) > 1].format(k=k) if asked else "",
        "before": [asdict(row) for row in before] if after else [],
        "after": [asdict(row) for row in after],
        "proof": proof_words(explanation, WORDS) if asked else "",
    }


def _smallest(explanations: Sequence[Explanation], titles: KnownTitles) -> JsonObject:
    rows = []
    for each in explanations:
        named = [titles.title(item) for item in items_of(each)]
        instead = [titles.title(item) for item in each.replacements] if each.valid else []
        rows.append(
            [
                text(titles.title(each.query.target)),
                number(len(named) or None, 0),
                with_titles(joined(named) if named else "–"),
                with_titles(joined(instead) if instead else "–"),
                text(certainty(each)),
            ]
        )
    columns = ["recommendation", "items", "without which it would not have been listed", "listed instead", "how sure"]
    return table("For each recommendation, the smallest set of items that was found.", columns, rows)


def _alone(told: Mapping[str, Any]) -> JsonObject:
    changing = sorted((row for row in told["alone"]["rows"] if row["leave"]), key=lambda row: -len(row["leave"]))
    rows = [
        [
            with_titles(joined([each["title"] for each in row["items"]])),
            number(len(row["leave"])),
            with_titles(joined([each["title"] for each in row["leave"]])),
        ]
        for row in changing
    ]
    same = counted(len(told["alone"]["rows"]) - len(changing), "other item")
    note = f"Without any one of the {same} the same items are listed." if changing else ""
    return table(
        "For each single item of your history that changes what is listed, which recommendations leave without it.",
        ["taken out alone", "leave the list", "which"],
        rows,
        note,
        "No single item of your history, taken out alone, changes which items are listed.",
    )


def _given(entries: Sequence[Mapping[str, Any]]) -> JsonObject:
    """Return the table of explanations that were given before."""
    rows = [
        [
            text(str(each["at"])[:16].replace("T", " ")),
            text(each["title"]),
            text(each["sentence"]),
            text("yes" if each["same_model"] else "no"),
            text("yes" if each["intact"] else "no: it was changed"),
            text(each["id"]),
        ]
        for each in entries
    ]
    return table(
        "What the audit store says that you were told, newest first, times in UTC; each entry is signed.",
        ["when", "about", "what you were told", "by this model", "as it was signed", "entry"],
        rows,
        empty="The audit store holds no explanation that you were given.",
    )


def _left_out(told: Mapping[str, Any]) -> list[str]:
    """Say which events the model does not know."""
    gone = told["question"]["left_out"]
    return [f"{counted(len(gone), 'event')} of the history, whose items the model does not know."] if gone else []


def _data(told: Mapping[str, Any]) -> JsonObject:
    """Return the table of the history, with what the model was told of each event."""
    further = [name for name in ("weight", "time") if told["history"] and name in told["history"][0]]
    rows = [
        [number(at), text(each["title"]), text(each["item"]), *(number(each[name]) for name in further)]
        for at, each in enumerate(told["history"], start=1)
    ]
    note = "" if "weight" in further else "Every event counted as 1."
    return table(
        "The events of the history, as the model was given them.", ["no.", "title", "id", *further], rows, note
    )


def _identities(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what names the model, the data and the question."""
    known, question = told["identities"], told["question"]
    limits = ", ".join(f"{name} {value}" for name, value in question["budget"].items()) or "none"
    listed = "the whole catalogue" if question["candidates"] is None else f"{question['candidates']:,} items"
    excluded = f", less {question['exclude']:,} excluded" if question["exclude"] else ""
    return [
        ("model", f"{known['name']}, {known['model']}"),
        ("catalogue of items", known["catalogue"]),
        ("training data", known["data"] or "not known"),
        ("history", known["history"]),
        ("length of the list", str(question["k"])),
        ("which items may be listed", f"{listed}{excluded}; {RULES[question['rule']]}"),
        ("method", question["method"]),
        ("limits", limits),
        ("seed", str(question["seed"])),
        ("topple", told["made"]["version"]),
        ("made", told["made"]["at"]),
    ]
