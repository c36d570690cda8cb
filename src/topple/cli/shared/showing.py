"""How results are shown on a terminal: sentences, tables, JSON."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from topple.errors import escaped

if TYPE_CHECKING:
    from topple.data.vocabulary import Catalogue
    from topple.records.answer import Explanation

_NOT_SHOWN = re.compile("[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What JSON may hold as it is and a terminal would obey or cannot show."""
TIES = ("tied", "tied_before", "tied_after")
"""The fields of records that tables alone show."""
MOST_SHOWN = 50
"""Explanations that are shown at most; files hold all."""


def show_explanations(
    explanations: "Sequence[Explanation]",
    catalogue: "Catalogue",
    *,
    because: str = "liked",
    language: str = "en",
    table: bool = True,
) -> None:
    """Print sentences, a heading for each user, and (if asked) a table of them all; `because` and `language` are those of `sentence`."""
    from topple.reports.sentences import sentence
    from topple.reports.tables import explanations_table

    screen, user = console(), object()
    for e in explanations[:MOST_SHOWN]:
        if e.query.user != user:
            user = e.query.user
            screen.print(
                f"\n{user if user is not None else 'this history'} ({len(e.query.history)} items)",
                style="bold",
                markup=False,
            )
        screen.print(f"  {sentence(e, catalogue, because=because, language=language)}", markup=False, soft_wrap=True)
    screen.print()
    if table:
        screen.print(explanations_table(explanations[:MOST_SHOWN], catalogue))
    if len(explanations) > MOST_SHOWN:
        screen.print(f"... and {len(explanations) - MOST_SHOWN:,} more, not shown.")


def as_object(record: Any) -> dict[str, Any]:
    """Return a record as JSON has it: every field but how many items tie, which tables show by `=`."""
    return asdict(record, dict_factory=lambda fields: {name: value for name, value in fields if name not in TIES})


def show_json(value: object) -> None:
    """Print one JSON object to standard output."""
    from topple.records.as_json import as_json

    typer.echo(_NOT_SHOWN.sub(lambda found: f"\\u{ord(found[0]):04x}", as_json(value, indent=2)))


def console() -> Console:
    """Return the console for text and tables on standard output."""
    return _Escaping(highlight=False)


class _Escaping(Console):
    """A console that shows the control characters of titles and ids, and sends none but those of its styles."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(escaped(segment.text), segment.style)
