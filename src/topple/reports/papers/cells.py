"""Cells, tables and bars of a page, as templates take them."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from markupsafe import Markup, escape

from topple.types import JsonObject

MARK = "\ue000"
"""Stands before and behind a title within a text, so that a page lets each title have a direction of writing of its own."""

UNKNOWN = "\ufffd"


def marked(title: str) -> str:
    """Return a title between marks."""
    return MARK + unmarked(title) + MARK


def unmarked(title: str) -> str:
    """Return a title that holds no mark; the letter that is the mark becomes the one for unknown letters."""
    return title.replace(MARK, UNKNOWN)


def plain(text: str) -> str:
    """Return a text without marks, for a terminal."""
    return text.replace(MARK, "")


def isolated(text: str) -> Markup:
    """Return a text as HTML: escaped, and what stands between marks with a direction of writing of its own.

    Example:
        >>> isolated(f"{marked('<b>')} and so on")
        Markup('<bdi>&lt;b&gt;</bdi> and so on')
    """
    parts = text.split(MARK)
    found = [Markup("<bdi>{}</bdi>").format(part) if turn % 2 else escape(part) for turn, part in enumerate(parts)]
    return Markup("").join(found)


def number(value: float | None, digits: int = 2) -> JsonObject:
    """Return a cell with a number; a dash where there is none.

    Example:
        >>> number(1234)["text"], number(2.5)["text"], number(None)["text"]
        ('1,234', '2.50', '–')
    """
    if value is None or math.isnan(value):
        return {"text": "–", "sort": "", "number": True}
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.{digits}f}"
    return {"text": text, "sort": value, "number": True}


def percent(value: float | None) -> JsonObject:
    """Return a cell with a share in percent; what is not all and not nothing is never shown as 100 % or 0 %.

    Example:
        >>> percent(0.254)["text"], percent(0.9999)["text"], percent(1.0)["text"]
        ('25.4 %', '> 99.9 %', '100 %')
    """
    if value is None or math.isnan(value):
        return {"text": "–", "sort": "", "number": True}
    if value in (0, 1):
        text = f"{100 * value:.0f} %"
    elif value > 0.9995:
        text = "> 99.9 %"
    elif value < 0.0005:
        text = "< 0.1 %"
    else:
        text = f"{100 * value:.1f} %"
    return {"text": text, "sort": value, "number": True}


def classed(name: str, first: float) -> JsonObject:
    """Return a cell with the name of a class of numbers, which sorts by the first of them."""
    return {"text": name, "sort": first, "number": True}


def text(value: object) -> JsonObject:
    """Return a cell with a text."""
    return {"text": "" if value is None else unmarked(str(value)), "sort": None, "number": False}


def with_titles(value: str) -> JsonObject:
    """Return a cell with a text that holds marked titles; it sorts as it is read."""
    return {"text": value, "sort": plain(value), "number": False}


def table(
    caption: str, columns: Sequence[str], rows: Iterable[Sequence[JsonObject]], note: str = "", empty: str = "None."
) -> JsonObject:
    """Return a table whose columns sort; a column is one of numbers where its first cell is.

    Args:
        caption: says what a row is.
        columns: their heads.
        rows: of cells.
        note: what is left out of it.
        empty: what is said in place of a table without rows.
    """
    told = [list(row) for row in rows]
    numbers = [cell["number"] for cell in told[0]] if told else [False] * len(columns)
    heads = [{"text": head, "number": of_numbers} for head, of_numbers in zip(columns, numbers, strict=True)]
    return {"caption": caption, "columns": heads, "rows": told, "note": note, "empty": empty}


def bars(caption: str, rows: Iterable[tuple[str, float, float, str]], legend: Sequence[str] = ()) -> JsonObject:
    """Return horizontal bars.

    Args:
        caption: says what they show.
        rows: name, length, how much of the length is filled (the rest is hatched), and what stands behind; lengths are
            compared with the longest.
        legend: what the filled part means, and what the hatched; none where all is filled.
    """
    told = list(rows)
    longest = max((length for _, length, _, _ in told), default=0) or 1
    drawn: list[Any] = [
        {"name": name, "filled": 100 * filled / longest, "rest": 100 * (length - filled) / longest, "told": behind}
        for name, length, filled, behind in told
    ]
    return {"caption": caption, "rows": drawn, "legend": list(legend)}
