"""Options about what may be listed, and about ids that the model does not know."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from topple.records.question import Unknown
from topple.types import UserId

if TYPE_CHECKING:
    from topple.api.limits import LeftOut
    from topple.data.vocabulary import Vocabulary

FILES = "Lists from files"
HOLDS = "a text file with an item id a line, or a table with columns user and item for each user's"


@dataclass(frozen=True)
class Limiting:
    """What may be listed, from files, and what becomes of unknown ids; the fields are command line options."""

    candidates: Annotated[
        Path | None, typer.Option(help=f"The only items that may be listed: {HOLDS}.", rich_help_panel=FILES)
    ] = None
    exclude: Annotated[
        Path | None, typer.Option(help=f"Items that may not be listed: {HOLDS}.", rich_help_panel=FILES)
    ] = None
    unknown: Annotated[
        Unknown | None,
        typer.Option(
            help="Ids that the model does not know: refuse, or drop and say how many. (default: drop those of files, refuse typed ones)",
            rich_help_panel=FILES,
        ),
    ] = None
    user_column: Annotated[str, typer.Option(help="Column of user ids in these tables.", rich_help_panel=FILES)] = (
        "user"
    )
    item_column: Annotated[str, typer.Option(help="Column of item ids in these tables.", rich_help_panel=FILES)] = (
        "item"
    )
    separator: Annotated[
        str | None, typer.Option(help="Delimiter of these tables: one character, or tab.", rich_help_panel=FILES)
    ] = None
    header: Annotated[
        bool,
        typer.Option(
            "--header/--no-header",
            help="Whether these tables name the columns; else they are called 1, 2, 3, ...",
            rich_help_panel=FILES,
        ),
    ] = True
    encoding: Annotated[str, typer.Option(help="Of these text files, such as latin-1.", rich_help_panel=FILES)] = (
        "utf-8"
    )

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of the tables, and how they are written, as the readers take them."""
        from topple.data.formats import TextTable

        text = TextTable(self.separator, self.header, self.encoding)
        return {"user": self.user_column, "item": self.item_column, "text": text}

    @property
    def known(self) -> bool:
        """Whether ids that are typed are refused where the model does not know them."""
        return self.unknown is not Unknown.DROP

    def left_out(self, items: "Vocabulary") -> "LeftOut | Unknown":
        """Return what leaves unknown ids out and counts them, or that they are refused."""
        from topple.api.limits import LeftOut

        return Unknown.REFUSE if self.unknown is Unknown.REFUSE else LeftOut(items)

    def read(self, items: "Vocabulary", users: Iterable[UserId], *, nobody: bool) -> dict[str, Any]:
        """Return `candidates` and `exclude` as the verbs take them.

        Args:
            items: the items that the model knows.
            users: who is asked about.
            nobody: whether that is one history of nobody's.

        Raises:
            QueryError: a table of users for a history of nobody's, or candidates for only a part of the users.
        """
        from topple.api.limits import limits_by_user

        asked_about = list(users)
        files = {"candidates": self.candidates, "exclude": self.exclude}
        given = {name: self._items(file, items, asked_about) for name, file in files.items() if file is not None}
        return given | limits_by_user(given, asked_about, known_users=not nobody)

    def _items(self, file: Path, items: "Vocabulary", users: list[UserId]) -> Any:
        """Return the items of a file, or those of each user."""
        from topple.api.faces.parsing import as_known
        from topple.data.ranked import read_items
        from topple.data.vocabulary import Vocabulary

        found = read_items(file, **self.columns)
        if not isinstance(found, dict):
            return as_known(found, items)
        known = Vocabulary(users, "user")
        return {known.typed(str(user)): as_known(ids, items) for user, ids in found.items()}


def tell_left_out(left_out: "LeftOut | Unknown") -> None:
    """Say on standard error what was left out, if anything was."""
    screen = Console(stderr=True, highlight=False)
    for told in [] if isinstance(left_out, Unknown) else left_out.sentences():
        screen.print(f"note: {told}", markup=False, soft_wrap=True)
