"""The page of a dossier: words first, then lists, tables and identities, made of its JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from topple.records.answer import Explanation, Status
from topple.reports.cards.content import proof_words, rows_of_lists
from topple.reports.cards.words import CardWords, card_words
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
from topple.reports.papers.languages import Language, language
from topple.reports.papers.pages import page
from topple.reports.sentences import MOST_NAMED
from topple.reports.sentences import told as sentence_of
from topple.types import JsonObject

_MARK = "\x1f"
"""Stands around titles in a sentence; no title that is shown holds a control character."""


def dossier_page(told: Mapping[str, Any]) -> str:
    """Return the page of a dossier, given the JSON object that `Dossier.as_json` returns."""
    say = language(str(told.get("language", "en")))
    explanations = [Explanation.from_dict(each["explanation"]) for each in told["answers"]]
    titles = KnownTitles.of(told, explanations)
    targets = [titles.title(each.query.target) for each in explanations]
    pairs = list(zip(told["answers"], explanations, strict=True))
    anew, not_anew = retraining(told, targets, say)
    nobody = say("For nobody in particular: a history was given")
    return page(
        "dossier.html",
        say("Why you were recommended this"),
        say,
        who=nobody if told["user"] is None else say("For user {user}", user=str(told["user"])),
        when=say("{day}, by topple {version}", day=told["made"]["at"][:10], version=told["made"]["version"]),
        short=short(told, explanations, titles, say),
        listed=[_listed(each, say) for each in told["listed"]],
        shown=None if told["shown"] is None else [each["title"] for each in told["shown"]],
        answers=[_answer(answer, each, titles, told["because"], say) for answer, each in pairs],
        smallest=_smallest(explanations, titles, say),
        alone=_alone(told, say),
        not_alone=_not_tried(told, say),
        shows=[*map(say, SHOWN), *anew],
        shows_not=[
            *not_anew, *map(say, NOT_SHOWN), *([say(NOT_GIVEN)] if told["given"] is None else []), *_left_out(told, say),
        ],
        court=_court(say),
        given=None if told["given"] is None else _given(told["given"], say),
        data=_data(told, say),
        identities=_identities(told, say),
    )  # fmt: skip


def _court(say: Language) -> JsonObject:
    """Return what courts ask; the quotations are those of the English text, which was checked."""
    return {
        "case": say(court.CASE),
        "about": say(court.ABOUT),
        "here": say(court.HERE),
        "source": "" if say.code == court.QUOTED_IN else say(court.IN_ENGLISH),
        "language": court.QUOTED_IN,
        "quotations": [asdict(each) for each in (court.VARIATION, court.NO_FORMULA)],
    }


def _listed(one: Mapping[str, Any], say: Language) -> JsonObject:
    note = "" if one["evidence"] else say("nothing in the history speaks for it")
    return {"title": one["title"], "note": note}


def _answer(
    answer: Mapping[str, Any], explanation: Explanation, titles: KnownTitles, because: str, say: Language
) -> JsonObject:
    """Return what the template shows of one recommendation."""
    words: CardWords = card_words(say.code)
    asked = explanation.status is not Status.INVALID
    sentence = sentence_of(explanation, titles, because=because, language=say.code, mark=_MARK, ranks=False)
    lists = tuple([each["item"] for each in answer[name]] for name in ("before", "after"))
    before, after = (
        rows_of_lists(explanation, (lists[0], lists[1]) if lists[0] else None, titles, words) if asked else ([], [])
    )
    items = items_of(explanation)
    goal, k = explanation.query.goal, explanation.query.k
    return {
        "title": titles.title(explanation.query.target) or "-",
        "sentence": [{"text": part, "title": bool(turn % 2)} for turn, part in enumerate(sentence.split(_MARK))] if asked else [],
        "reason": "" if asked else could_not(explanation, titles, say),
        "named": [titles.title(item) for item in items] if len(items) > MOST_NAMED else [],
        "heading": say("All {count} items:", count=len(items)),
        "today": words.today.format(k=k),
        "then": words.then[goal][len(items) > 1].format(k=k) if asked else "",
        "before": [asdict(row) for row in before] if after else [],
        "after": [asdict(row) for row in after],
        "proof": proof_words(explanation, words) if asked else "",
    }  # fmt: skip


def _smallest(explanations: Sequence[Explanation], titles: KnownTitles, say: Language) -> JsonObject:
    rows = []
    for each in explanations:
        named = [titles.title(item) for item in items_of(each)]
        instead = [titles.title(item) for item in each.replacements] if each.valid else []
        rows.append(
            [
                text(titles.title(each.query.target)),
                number(len(named) or None, 0),
                with_titles(joined(named, say) if named else "–"),
                with_titles(joined(instead, say) if instead else "–"),
                text(certainty(each, say)),
            ]
        )
    heads = ("recommendation", "items", "without which it would not have been listed", "listed instead", "how sure")
    caption = say("For each recommendation, the smallest set of items that was found.")
    return table(caption, [say(head) for head in heads], rows)


def _alone(told: Mapping[str, Any], say: Language) -> JsonObject:
    changing = sorted((row for row in told["alone"]["rows"] if row["leave"]), key=lambda row: -len(row["leave"]))
    rows = [
        [
            with_titles(joined([each["title"] for each in row["items"]], say)),
            number(len(row["leave"])),
            with_titles(joined([each["title"] for each in row["leave"]], say)),
        ]
        for row in changing
    ]
    same = say.counted(len(told["alone"]["rows"]) - len(changing), "other item")
    return table(
        say(
            "For each single item of your history that changes what is listed, which recommendations leave without it."
        ),
        [say(head) for head in ("taken out alone", "leave the list", "which")],
        rows,
        say("Without any one of the {items} the same items are listed.", items=same) if changing else "",
        say("No single item of your history, taken out alone, changes which items are listed."),
    )


def _not_tried(told: Mapping[str, Any], say: Language) -> str:
    """Say why single items were not taken out; nothing where they were."""
    words = "Single items were not tried: the history has {count} items, and each takes a list of its own."
    return say(words, count=told["alone"]["items"]) if told["alone"]["reason"] else ""


def _given(entries: Sequence[Mapping[str, Any]], say: Language) -> JsonObject:
    """Return the table of explanations that were given before, in the language in which they were given."""
    rows = [
        [
            text(str(each["at"])[:16].replace("T", " ")),
            text(each["title"]),
            text(each["sentence"]),
            text(say("yes") if each["same_model"] else say("no")),
            text(say("yes") if each["intact"] else say("no: it was changed")),
            text(each["id"]),
        ]
        for each in entries
    ]
    heads = ("when", "about", "what you were told", "by this model", "as it was signed", "entry")
    return table(
        say("What the audit store says that you were told, newest first, times in UTC; each entry is signed."),
        [say(head) for head in heads],
        rows,
        empty=say("The audit store holds no explanation that you were given."),
    )


def _left_out(told: Mapping[str, Any], say: Language) -> list[str]:
    """Say which events the model does not know."""
    gone = told["question"]["left_out"]
    events = say.counted(len(gone), "event")
    return [say("{events} of the history, whose items the model does not know.", events=events)] if gone else []


def _data(told: Mapping[str, Any], say: Language) -> JsonObject:
    """Return the table of the history, with what the model was told of each event."""
    further = [name for name in ("weight", "time") if told["history"] and name in told["history"][0]]
    rows = [
        [number(at), text(each["title"]), text(each["item"]), *(number(each[name]) for name in further)]
        for at, each in enumerate(told["history"], start=1)
    ]
    return table(
        say("The events of the history, as the model was given them."),
        [say(head) for head in ("no.", "title", "id", *further)],
        rows,
        "" if "weight" in further else say("Every event counted as 1."),
    )


def _identities(told: Mapping[str, Any], say: Language) -> list[tuple[str, str]]:
    """Return what names the model, the data and the question."""
    known, question = told["identities"], told["question"]
    limits = ", ".join(f"{name} {value}" for name, value in question["budget"].items()) or say("none")
    listed = (
        say("the whole catalogue")
        if question["candidates"] is None
        else say("{count} items", count=question["candidates"])
    )
    excluded = say(", less {count} excluded", count=question["exclude"]) if question["exclude"] else ""
    found = [
        ("model", f"{known['name']}, {known['model']}"),
        ("catalogue of items", known["catalogue"]),
        ("training data", known["data"] or say("not known")),
        ("history", known["history"]),
        ("length of the list", str(question["k"])),
        ("which items may be listed", f"{listed}{excluded}; {say(RULES[question['rule']])}"),
        ("method", question["method"]),
        ("limits", limits),
        ("seed", str(question["seed"])),
        ("topple", told["made"]["version"]),
        ("made", told["made"]["at"]),
    ]
    return [(say(name), value) for name, value in found]
