"""The card of an explanation, and the table of several that open to cards."""

from collections.abc import Sequence
from dataclasses import asdict

from topple.errors import escaped
from topple.records.answer import Explanation, Status
from topple.records.explanations import status_counts
from topple.records.question import Goal
from topple.records.telling.beside import Titles
from topple.reports.cards.content import (
    Lists,
    bars,
    named_titles,
    proof_words,
    rank_then,
    rows_of_lists,
    work_words,
)
from topple.reports.cards.html import Html, rendered
from topple.reports.cards.words import CardWords, card_words
from topple.reports.sentences import told
from topple.types import Id, JsonObject

MOST_NAMED = 30
"""Named items that a card shows at most."""
_MARK = "\x1f"
"""Stands around titles in a sentence; no title that is shown holds a control character."""


class _Shown:
    """Tells titles with control characters written out."""

    def __init__(self, titles: Titles) -> None:
        self._titles = titles

    def title(self, item: Id | None) -> str:
        """Return the title of an item."""
        return escaped(self._titles.title(item)).replace("\n", " ")


def explanation_card(
    explanation: Explanation, titles: Titles, lists: Lists | None, *, because: str = "liked", language: str = "en"
) -> Html:
    """Return the card of one explanation.

    Args:
        explanation: what is shown.
        titles: who tells titles.
        lists: the list before, and the list after; None where they are not known.
        because: what the data says that people did.
        language: of the words, by code.
    """
    words = card_words(language)
    values = _values(explanation, _Shown(titles), lists, words, because=because, language=language)
    return Html(rendered("explanation.html", card=values), title=_page_title(explanation, titles), language=language)


def explanations_card(
    explanations: Sequence[Explanation],
    titles: Sequence[Titles],
    lists: Sequence[Lists | None],
    *,
    total: int,
    because: str = "liked",
    language: str = "en",
) -> Html:
    """Return a table of explanations, whose rows open to their cards.

    Args:
        explanations: those that are shown.
        titles: who tells the titles of each.
        lists: the lists of each.
        total: how many there are in all.
        because: what the data says that people did.
        language: of the words, by code.
    """
    words = card_words(language)
    rows = []
    for explanation, known, around in zip(explanations, titles, lists, strict=True):
        shown = _Shown(known)
        card = _values(explanation, shown, around, words, because=because, language=language)
        rows.append({"card": card, **_summary(explanation, shown, words)})
    title = words.summary.format(count=f"{total:,}")
    more = words.more.format(count=f"{total - len(rows):,}") if total > len(rows) else ""
    values = {"title": title, "counts": "; ".join(status_counts(explanations)) if not more else "", "more": more}
    body = rendered("explanations.html", rows=rows, columns=list(words.columns), removed=words.removed, **values)
    return Html(body, title=title, language=language)


def _summary(explanation: Explanation, titles: Titles, words: CardWords) -> JsonObject:
    """Return what the row of a table says of an explanation."""
    query = explanation.query
    return {
        "user": "" if query.user is None else str(query.user),
        "rank": explanation.rank_before,
        "target": titles.title(query.target),
        "named": ", ".join(named_titles(explanation, titles)[:3])
        + (f" +{len(explanation.items) - 3}" if len(explanation.items) > 3 else ""),
        "then": rank_then(explanation) if explanation.items else None,
        "checked": _checked(explanation, words),
    }


def _checked(explanation: Explanation, words: CardWords) -> str:
    """Return in a word or two what is known of an answer."""
    if explanation.proof is not None:
        told = explanation.proof.value
    else:
        told = "refuted" if explanation.status is Status.FOUND else explanation.status.value.replace("_", " ")
    return words.checked.get(told, told)


def _values(
    explanation: Explanation,
    titles: Titles,
    lists: Lists | None,
    words: CardWords,
    *,
    because: str,
    language: str,
) -> JsonObject:
    """Return what the template of a card is filled with."""
    query = explanation.query
    goal = (
        query.goal if isinstance(query.goal, Goal) else Goal.NECESSARY
    )  # a question that could not be asked may hold anything
    told_title = titles.title(query.target) or "-"
    who = words.nobody if query.user is None else words.user.format(user=query.user)
    sentence = told(explanation, titles, because=because, language=language, mark=_MARK, ranks=False).split(_MARK)
    before, after = rows_of_lists(explanation, lists, titles, words)
    count, several = len(explanation.items), len(explanation.items) > 1
    named = named_titles(explanation, titles)
    events = len(explanation.positions) or count
    heading = words.named[goal].format(count=events, of=len(query.history)) if explanation.valid else ""
    return {
        "who": who,
        "title": told_title,
        "sentence": [{"text": text, "title": bool(turn % 2)} for turn, text in enumerate(sentence)],
        "today": words.today.format(k=query.k),
        "then": words.then[goal][several].format(k=query.k),
        "before": [asdict(row) for row in before],
        "after": [asdict(row) for row in after],
        "unknown": words.unknown
        if lists is None and query.target is not None and explanation.status is not Status.INVALID
        else "",
        "named_heading": heading,
        "named": named[:MOST_NAMED],
        "named_more": words.more.format(count=count - MOST_NAMED) if count > MOST_NAMED else "",
        "bars": [asdict(bar) for bar in bars(explanation, titles)],
        "counted_on": words.counted_on,
        "higher": words.higher,
        "proof": proof_words(explanation, words),
        "work": work_words(explanation, words),
    }


def _page_title(explanation: Explanation, titles: Titles) -> str:
    """Return the title of a page that holds one card."""
    return titles.title(explanation.query.target) or "topple"
