"""One explanation as a picture: the sentence, the list as it is, and the list as it would be."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from topple.errors import CapabilityError, SettingsError, cut, escaped, how_to_install
from topple.files import refuse_existing, writing
from topple.inputs import path_of
from topple.records.answer import Explanation
from topple.records.telling.beside import Titles
from topple.reports.cards.content import Bar, Lists, Row, bars, rows_of_lists
from topple.reports.cards.words import CardWords, card_words
from topple.reports.sentences import told
from topple.types import FilePath, Id

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg", ".pdf")
LONGEST_TITLE = 48
SIZE, SMALL = 11, 9
"""Sizes of letters, in points."""
MARGIN, LINE, ROW, BETWEEN, GAP = 18, 16, 24, 130, 10
"""In points: around the picture, a line of text, a row of a list, the space between the lists that the lines cross, and that between a
rank and a title."""
NARROWEST = 430
"""The least width of a picture, in points, so that a sentence has room."""
LOOKS: dict[str, dict[str, Any]] = {
    "target": {"color": "#b5401f", "lw": 3.2, "ls": "-"},
    "leaves": {"color": "#b5401f", "lw": 1.4, "ls": (0, (5, 3)), "marker": "x", "markevery": [1], "ms": 7, "mew": 2},
    "enters": {"color": "#1d6f4a", "lw": 1.6, "ls": (0, (1, 1.6)), "marker": ">", "markevery": [1], "ms": 6},
    "stays": {"color": "#5d6d7e", "lw": 1.2, "ls": "-"},
}
"""How lines are drawn: thick, broken with a cross, dotted with an arrow, thin; told apart without colours too."""


def check_picture(path: FilePath, *, overwrite: bool = False, suffixes: Sequence[str] = SUFFIXES) -> None:
    """Refuse a picture that cannot be drawn, before any work.

    Args:
        path: of the picture.
        overwrite: whether an existing file may be replaced.
        suffixes: those that are known.

    Raises:
        SettingsError: another suffix.
        OutputExistsError: the file exists and `overwrite` is False.
    """
    path = path_of(path)
    if path.suffix.lower() not in suffixes:
        raise SettingsError(f"picture={str(path)!r}: the suffix must be one of {', '.join(suffixes)}. Name it so.")
    refuse_existing(path, overwrite=overwrite)


def need_matplotlib() -> None:
    """Refuse to draw without the library that draws.

    Raises:
        CapabilityError: matplotlib is not installed.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise CapabilityError(f"pictures need matplotlib. Install it: {how_to_install('pictures')}.") from error


def write_picture(figure: "Figure", path: FilePath, *, overwrite: bool = False) -> None:
    """Write a picture.

    Raises:
        SettingsError: another suffix than .png, .svg or .pdf.
        OutputExistsError, OutputError: the file could not be written.
    """
    check_picture(path, overwrite=overwrite)
    with writing(path, overwrite=overwrite) as aside:
        figure.savefig(aside, dpi=150)


def explanation_figure(
    explanation: Explanation, titles: Titles, lists: Lists, *, because: str = "liked", language: str = "en"
) -> "Figure":
    """Return the picture of an explanation; without a set, that of the list as it is.

    Args:
        explanation: what is shown.
        titles: who tells titles.
        lists: the list before, and the list after (empty without a set), best first.
        because: what the data says that people did.
        language: of the words, by code.

    Raises:
        CapabilityError: matplotlib is not installed.
        SettingsError: a word or a language that is not known.
    """
    words = card_words(language)
    known = _Short(titles)
    before, after = rows_of_lists(explanation, lists, known, words)
    quotes = {"de": "„“"}.get(language, "“”")
    sentence = told(explanation, known, because=because, language=language, mark="\x1f").split("\x1f")
    text = "".join(part + (quotes[turn % 2] if turn < len(sentence) - 1 else "") for turn, part in enumerate(sentence))
    heading = words.then[explanation.query.goal][len(explanation.items) > 1]
    k = explanation.query.k
    headings = words.today.format(k=k), heading.format(k=k)
    return _Picture(escaped(text), before, after, headings, words, bars(explanation, known)).figure()


class _Short:
    """Tells titles that fit into a row, control characters written out."""

    def __init__(self, titles: Titles) -> None:
        self._titles = titles

    def title(self, item: Id | None) -> str:
        """Return the title of an item."""
        title = escaped(self._titles.title(item)).replace("\n", " ").replace("\t", " ")
        return title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1]}…"


class _Picture:
    """One picture in the making, measured in points from the upper left corner.

    Args:
        sentence: the explanation in words.
        before: the rows of the list before.
        after: the rows of the list after; none without a set.
        headings: of the two lists.
        words: of the card.
        events: what the events count for, where the method tells.
    """

    def __init__(
        self,
        sentence: str,
        before: Sequence[Row],
        after: Sequence[Row],
        headings: tuple[str, str],
        words: CardWords,
        events: Sequence[Bar],
    ) -> None:
        need_matplotlib()
        from topple.reports.figures import Picture, fonts_for

        self._figure = Picture()
        self._fonts = fonts_for("".join([sentence, *(row.title for row in (*before, *after))]))
        self._axes = self._figure.add_axes((0, 0, 1, 1))
        self._axes.axis("off")
        self._before, self._after, self._headings, self._words = before, after, headings, words
        self._events = events
        self._ranks = max(self._width(_rank(row), bold=True) for row in (*before, *after)) + GAP
        left, right = self._widest(before, headings[0]), self._widest(after, headings[1])
        between = BETWEEN if after else 0
        self._all = max(NARROWEST, 2 * MARGIN + left + between + right)
        spare = (self._all - 2 * MARGIN - left - between - right) if after else 0
        self._x = MARGIN + left + 0.15 * spare, MARGIN + left + between + 0.85 * spare  # the inner ends of the lists
        self._sentence = self._wrapped(sentence)

    def figure(self) -> "Figure":
        """Draw everything, and return the picture."""
        y: float = MARGIN
        for line in self._sentence:
            self._text(MARGIN, y + LINE / 2, line)
            y += LINE
        y += LINE
        left, right = self._x
        if not self._after:  # one list stands at the left edge
            left = right = MARGIN
        self._text(left, y, self._headings[0], ha="right" if self._after else "left", weight="bold")
        if self._after:
            self._text(right, y, self._headings[1], weight="bold")
        top = y + ROW
        self._lists(top)
        y = top + ROW * max(len(self._before), len(self._after))
        y = self._legend(y) if self._after else y
        y = self._bars(y + LINE / 2) if self._events else y
        self._figure.set_size_inches(self._all / 72, (y + MARGIN - ROW / 2) / 72)
        self._axes.set(xlim=(0, self._all), ylim=(y + MARGIN - ROW / 2, 0))
        return self._figure

    def _lists(self, top: float) -> None:
        """Draw the rows of both lists, and a line from where each item was to where it is."""
        left, right = self._x
        then = {row.item: number for number, row in enumerate(self._after) if row.item is not None}
        first = {row.item for row in self._before}
        for number, row in enumerate(self._before):
            y = top + ROW * number
            if not self._after:
                self._row(row, MARGIN, y, right=True)
                continue
            self._row(row, left, y, right=False)
            if row.item in then:
                self._line(row.mark, (left + 8, right - 8), (y, top + ROW * then[row.item]))
            elif row.mark != "gap":
                self._line("leaves", (left + 8, left + 42), (y, y))
        for number, row in enumerate(self._after):
            y = top + ROW * number
            self._row(row, right, y, right=True)
            if row.item is not None and row.item not in first:
                self._line("enters", (right - 42, right - 10), (y, y))

    def _row(self, row: Row, x: float, y: float, *, right: bool) -> None:
        """Write a row that begins, or ends, at x, ranks towards the lines; for ranks that are left out dots and words."""
        look: dict[str, Any] = {"color": LOOKS[row.mark]["color"]} if row.mark != "gap" else {}
        look["weight"] = "bold" if row.mark == "target" else "normal"
        self._text(x + self._ranks - GAP if right else x, y, _rank(row), ha="right", **look)
        look |= {"size": SMALL, "style": "italic"} if row.mark == "gap" else {}
        self._text(x + self._ranks if right else x - self._ranks, y, row.title, ha="left" if right else "right", **look)

    def _legend(self, y: float) -> float:
        """Say what the lines mean that are drawn, and return where the next thing may be drawn."""
        drawn = [row.mark for row in (*self._before, *self._after)]
        x: float = MARGIN
        for mark, text in zip(LOOKS, self._words.legend, strict=True):
            if mark not in drawn:
                continue
            width = 34 + self._width(text, size=SMALL) + 18
            if x + width > self._all and x > MARGIN:
                x, y = MARGIN, y + LINE
            self._line(mark, (x, x + 26), (y, y))
            self._text(x + 34, y, text, size=SMALL)
            x += width
        return y + ROW / 2

    def _bars(self, y: float) -> float:
        """Draw what each event counts for, full bars above 0 and hollow ones below, and return where the next thing may be drawn."""
        self._text(MARGIN, y, self._words.counted_on, weight="bold")
        titles = max(self._width(bar.title, bold=bar.named) for bar in self._events) + GAP
        numbers = max(self._width(f"{bar.value:.3g}", size=SMALL) for bar in self._events) + GAP
        self._all = max(self._all, 2 * MARGIN + titles + BETWEEN + numbers)
        side = any(bar.value < 0 for bar in self._events)
        room = (self._all - 2 * MARGIN - titles - numbers) / (1 + side)
        zero = MARGIN + titles + side * room
        for bar in self._events:
            y += ROW
            self._text(MARGIN, y, bar.title, weight="bold" if bar.named else "normal")
            length = bar.share * room * (1 if bar.value >= 0 else -1)
            look = LOOKS["target"]["color"] if bar.value >= 0 else LOOKS["stays"]["color"]
            face = look if bar.value >= 0 else "none"
            self._axes.barh(y, length, height=ROW / 2, left=zero, color=face, edgecolor=look, linewidth=1)
            self._text(self._all - MARGIN, y, f"{bar.value:.3g}", ha="right", size=SMALL)
        self._axes.plot((zero, zero), (y - ROW * (len(self._events) - 0.5), y + ROW / 2), color="0.4", lw=0.8)
        return y + ROW

    def _line(self, mark: str, x: tuple[float, float], y: tuple[float, float]) -> None:
        self._axes.plot(x, y, solid_capstyle="round", **LOOKS[mark])

    def _text(self, x: float, y: float, text: str, **look: Any) -> None:
        """Write a text; dollars are no mathematics."""
        given: dict[str, Any] = {"size": SIZE, "family": self._fonts, **look}
        self._axes.text(x, y, text, va="center", parse_math=False, **given)

    def _widest(self, rows: Sequence[Row], heading: str) -> float:
        """Return how wide a list is, in points; 0 without rows."""
        if not rows:
            return 0.0
        titles = (self._width(row.title, bold=row.mark == "target") for row in rows)
        return max(self._width(heading, bold=True), self._ranks + max(titles))

    def _width(self, text: str, *, size: int = SIZE, bold: bool = False) -> float:
        """Return how wide a text is, in points."""
        return self._figure.width(text, size=size, weight="bold" if bold else "normal", family=self._fonts)

    def _wrapped(self, text: str) -> list[str]:
        """Return the lines of a text, none wider than the picture; a word that is wider is cut."""
        lines: list[str] = []
        for word in text.split():
            shown = cut(word, LONGEST_TITLE)
            if lines and self._width(f"{lines[-1]} {shown}") <= self._all - 2 * MARGIN:
                lines[-1] += f" {shown}"
            else:
                lines.append(shown)
        return lines


def _rank(row: Row) -> str:
    """Return the rank of a row as text; dots for ranks that are left out."""
    return "⋮" if row.mark == "gap" else "" if row.rank is None else str(row.rank)
