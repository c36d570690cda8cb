"""A page of one file: style and script inside, allowed by hash, and nothing else; everything of the data stays text."""

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Any

from markupsafe import Markup

from topple.errors import SettingsError
from topple.files import refuse_existing, writing
from topple.inputs import path_of
from topple.reports.cards.html import SUFFIXES, safe
from topple.reports.papers.cells import isolated
from topple.reports.papers.languages import ENGLISH, Language
from topple.reports.templates import templates
from topple.types import FilePath

STYLE, SCRIPT = "style.css", "sort.js"


def page(template: str, title: str, say: Language = ENGLISH, **values: Any) -> str:
    """Return a whole page: the style, and the script that sorts tables, inside; every text escaped, control characters shown.

    Args:
        template: of the content.
        title: of the page.
        say: the language.
        values: what the template is filled with.
    """
    style, script = _text(STYLE), _text(SCRIPT)
    policy = "; ".join(
        [
            "default-src 'none'",
            f"style-src {_hash(style)}",
            f"script-src {_hash(script)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    known = {name: safe(value) for name, value in {**values, "title": title}.items()}
    inside = {"style": Markup(style), "script": Markup(script), "policy": policy, "say": say}  # noqa: S704 # files of the package
    environment = templates("topple.reports.papers")
    environment.filters["isolated"] = isolated
    return environment.get_template(template).render(**known, **inside)


def check_page(path: FilePath, *, overwrite: bool = False) -> None:
    """Refuse a page that could not be written, before any work.

    Raises:
        SettingsError: another suffix than .html or .htm.
        OutputExistsError: the file exists and `overwrite` is False.
    """
    path = path_of(path)
    if path.suffix.lower() not in SUFFIXES:
        raise SettingsError(f"path={str(path)!r}: the suffix must be one of {', '.join(SUFFIXES)}. Name it so.")
    refuse_existing(path, overwrite=overwrite)


def write_page(text: str, path: FilePath, *, overwrite: bool = False) -> None:
    """Write a page.

    Raises:
        SettingsError: another suffix than .html or .htm.
        OutputExistsError, OutputError: the file could not be written.
    """
    check_page(path, overwrite=overwrite)
    with writing(path, overwrite=overwrite) as aside:
        aside.write_text(text, encoding="utf-8")


def _hash(text: str) -> str:
    """Return a text as a content security policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _text(name: str) -> str:
    """Return a file that goes into every page."""
    return resources.files("topple.reports.papers").joinpath("templates", name).read_text(encoding="utf-8").strip()
