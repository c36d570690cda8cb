"""Pictures and pages of answers on the command line: refused before the work, written after it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from topple.cli.shared.showing import console
from topple.errors import QueryError, counted

if TYPE_CHECKING:
    from topple.records.answer import Explanation
    from topple.scoring.recommender import Recommender

MOST_ON_PAGE = 500
"""Answers that one page shows at most."""


class Pictures:
    """What --picture asks for: the first true answer as a picture, all answers as a page, or one file for each answer.

    Args:
        path: of --picture; None: nothing is drawn.
        each: whether there is one file for each answer.
        wording: the words of sentences.
        overwrite: whether existing files may be replaced.

    Raises:
        CapabilityError: matplotlib is not installed.
        QueryError: one file for each answer, and no name of it.
        SettingsError: a suffix that is not known.
        OutputExistsError: the file exists and may not be replaced.
    """

    def __init__(self, path: Path | None, wording: Mapping[str, str], *, each: bool, overwrite: bool) -> None:
        from topple.reports.pictures import need_matplotlib

        self._path, self._each, self._wording, self._overwrite = path, each, wording, overwrite
        if path is None and each:
            raise QueryError("--picture-each says nothing without a name. Give --picture FILE too.")
        if path is not None:
            self._check(path if not each else self._numbered(1, 1))
            if not self._page:
                need_matplotlib()

    def check(self, count: int) -> None:
        """Refuse files that are there already, for so many answers, before any work."""
        if self._path is not None and self._each:
            for number in range(1, count + 1):
                self._check(self._numbered(number, count))

    def write(self, explained: "Sequence[Explanation]", recommender: "Recommender", *, tell: bool) -> None:
        """Draw what was asked for, and say so where it is to be told."""
        if self._path is None:
            return
        told = self._written(explained, recommender, self._path)
        if tell:
            console().print(told, markup=False, soft_wrap=True)

    def _written(self, explained: "Sequence[Explanation]", recommender: "Recommender", path: Path) -> str:
        """Draw what was asked for, and return what is said of it."""
        if self._each:
            names = [
                name
                for number, each in enumerate(explained, start=1)
                if (name := self._one(each, number, len(explained), recommender))
            ]
            left_out = len(explained) - len(names)
            more = f"; {counted(left_out, 'answer')} could not be asked and drawn" if left_out else ""
            return (
                f"Drawn: {counted(len(names), 'file')}, {names[0]} to {names[-1]}{more}"
                if names
                else "Nothing was drawn."
            )
        if self._page:
            self._card(list(explained), path, recommender)
            return f"Written: {path}"
        first = next((explanation for explanation in explained if explanation.valid), None)
        if first is None:
            return "Nothing was drawn: no explanation is true."
        self._draw(first, path, recommender)
        return f"Drawn: {path}"

    @property
    def _page(self) -> bool:
        from topple.reports.cards.html import SUFFIXES

        return self._path is not None and self._path.suffix.lower() in SUFFIXES

    def _numbered(self, number: int, count: int) -> Path:
        """Return the name of the file of an answer: why.png becomes why-01.png."""
        path = self._path or Path()
        return path.with_name(f"{path.stem}-{number:0{len(str(count))}}{path.suffix}")

    def _check(self, path: Path) -> None:
        from topple.reports import pictures
        from topple.reports.cards import html

        pictures.check_picture(path, overwrite=self._overwrite, suffixes=(*pictures.SUFFIXES, *html.SUFFIXES))

    def _one(self, explanation: "Explanation", number: int, count: int, recommender: "Recommender") -> Path | None:
        """Write the file of one answer, and return its name; None for a question that could not be asked, of which there is no picture."""
        from topple.records.answer import Status

        path = self._numbered(number, count)
        if self._page:
            self._card(explanation, path, recommender)
        elif explanation.status is Status.INVALID or explanation.query.target is None:
            return None
        else:
            self._draw(explanation, path, recommender)
        return path

    def _card(self, shown: "Explanation | list[Explanation]", path: Path, recommender: "Recommender") -> None:
        from topple.api.faces.showing import card

        card(shown, recommender, most=MOST_ON_PAGE, **self._wording).write(path, overwrite=self._overwrite)

    def _draw(self, explanation: "Explanation", path: Path, recommender: "Recommender") -> None:
        from topple.api.faces.showing import draw
        from topple.reports.pictures import write_picture

        write_picture(draw(explanation, recommender, **self._wording), path, overwrite=self._overwrite)
