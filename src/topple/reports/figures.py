"""The figure that a picture is: one of matplotlib that a notebook shows by itself. Imported where something is drawn."""

import io
import logging
import warnings
from functools import cache
from typing import Any

from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

logger = logging.getLogger(__name__)

USUAL = "DejaVu Sans"
"""The font that comes with matplotlib."""


class Picture(Figure):
    """A figure with a canvas; a notebook shows it without `%matplotlib inline` too."""

    def __init__(self) -> None:
        super().__init__(dpi=72)  # a pixel is a point while texts are measured
        FigureCanvasAgg(self)

    def draw(self, renderer: Any) -> None:
        """Draw; letters that no font has are boxes, and said once through logging instead of in a warning each."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"Glyph \d+")
            super().draw(renderer)

    def width(self, text: str, **look: Any) -> float:
        """Return how wide a text is, in points."""
        written = self.text(0, 0, text, parse_math=False, **look)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"Glyph \d+")
            found = float(written.get_window_extent().width)
        written.remove()
        return found

    def _repr_png_(self) -> bytes:
        """Return the picture for a notebook."""
        written = io.BytesIO()
        self.savefig(written, format="png", dpi=100)
        return written.getvalue()


def fonts_for(text: str) -> list[str]:
    """Return the usual font, and where it lacks letters of a text, the installed font that has most of these."""
    letters = frozenset(ord(letter) for letter in text if not letter.isspace())
    return list(_fonts(letters - _letters(font_manager.findfont(USUAL))))


@cache
def _fonts(lacking: frozenset[int]) -> tuple[str, ...]:
    """Return the fonts for letters that the usual one lacks."""
    if not lacking:
        return (USUAL,)
    installed = {entry.name: entry.fname for entry in font_manager.fontManager.ttflist}
    found = {name: len(lacking & _letters(path)) for name, path in installed.items()}
    best = max(found, key=lambda name: found[name])
    if found[best] < len(lacking):
        logger.warning(
            "no font here has all letters of the titles, and %d of them are drawn as boxes: install one, such as Noto Sans CJK",
            len(lacking) - found[best],
        )
    return (USUAL, best) if found[best] else (USUAL,)


@cache
def _letters(path: str) -> frozenset[int]:
    """Return the letters of a font; none of a file that cannot be read."""
    try:
        return frozenset(font_manager.get_font(path).get_charmap())
    except (OSError, RuntimeError, ValueError):
        return frozenset()
