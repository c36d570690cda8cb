"""How results are shown on a terminal: sentences, tables, JSON."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer
from rich.console import Console

if TYPE_CHECKING:
    from topple.data.vocabulary import Catalogue
    from topple.records.answer import Explanation

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


def show_json(value: object) -> None:
    """Print one JSON object to standard output."""
    from topple.records.as_json import as_json

    typer.echo(as_json(value, indent=2))


def console() -> Console:
    """Return the console for text and tables on standard output."""
    return Console(highlight=False)
