"""HTML that is shown in notebooks and written to files: templates of Jinja2, everything in them escaped."""

from collections.abc import Mapping
from typing import Any

from topple.errors import SettingsError, escaped
from topple.files import writing
from topple.inputs import path_of
from topple.reports.templates import templates
from topple.types import FilePath

SUFFIXES = (".html", ".htm")


class Html(str):
    """A piece of HTML: a notebook shows it, `str` gives the text, `write` makes a file of it.

    Args:
        body: the HTML.
        title: of the page that is written.
        language: of the text, by code.
    """

    heading: str
    language: str

    def __new__(cls, body: str, *, title: str = "topple", language: str = "en") -> "Html":
        """Make the text."""
        html = super().__new__(cls, body)
        html.heading, html.language = title, language
        return html

    def __repr__(self) -> str:
        return f"<Html {self.heading!r:.100}: {len(self):,} characters>"

    def _repr_html_(self) -> str:
        """Return the HTML for a notebook."""
        return str(self)

    def page(self) -> str:
        """Return a whole page that holds this HTML."""
        return rendered("page.html", body=self, title=self.heading, language=self.language)

    def write(self, path: FilePath, *, overwrite: bool = False) -> None:
        """Write a page.

        Args:
            path: a file whose name ends in .html.
            overwrite: whether an existing file may be replaced.

        Raises:
            SettingsError: another suffix.
            OutputExistsError, OutputError: the file could not be written.
        """
        path = path_of(path)
        if path.suffix.lower() not in SUFFIXES:
            raise SettingsError(f"path={str(path)!r}: the suffix must be one of {', '.join(SUFFIXES)}. Name it so.")
        with writing(path, overwrite=overwrite) as aside:
            aside.write_text(self.page(), encoding="utf-8")


def rendered(template: str, **values: Any) -> str:
    """Return a template with values; texts in them are escaped, control characters shown, and Html taken as it is."""
    return (
        templates("topple.reports.cards")
        .get_template(template)
        .render(**{name: safe(value) for name, value in values.items()})
    )


def safe(value: Any) -> Any:
    """Return a value of a template with control characters written out in every text."""
    if isinstance(value, Html):
        from markupsafe import Markup

        return Markup(str(value))  # noqa: S704 # made by a template
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, Mapping):
        return {name: safe(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [safe(inner) for inner in value]
    return value
