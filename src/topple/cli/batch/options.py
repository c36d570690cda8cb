"""Options of `topple batch`: the events, and what belongs to them."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pyarrow as pa

    from topple.batch.running import Source
    from topple.scoring.recommender import Recommender

EVENTS, BESIDE = "Events", "Lists and contexts by user"


@dataclass(frozen=True)
class EventsChoice:
    """Which events, and how they are read; the fields are command line options."""

    events: Annotated[
        list[Path] | None,
        typer.Option(
            help="A table of events (CSV, TSV, JSON Lines, .gz and .bz2 too, Parquet, a folder of Parquet files) or a CSR file .npz; "
            "repeat for more. (default: the users of the model folder)",
            rich_help_panel=EVENTS,
        ),
    ] = None
    user_column: Annotated[str, typer.Option(help="Column of user ids.", rich_help_panel=EVENTS)] = "user"
    item_column: Annotated[str, typer.Option(help="Column of item ids.", rich_help_panel=EVENTS)] = "item"
    weight_column: Annotated[
        str,
        typer.Option(help="Column of weights; auto: one with such a name; none: no weights.", rich_help_panel=EVENTS),
    ] = "auto"
    time_column: Annotated[
        str | None, typer.Option(help="Column of times, numbers or dates.", rich_help_panel=EVENTS)
    ] = None
    rating_column: Annotated[
        str | None,
        typer.Option(
            help="Column of ratings, of which those above --positive-above are events.", rich_help_panel=EVENTS
        ),
    ] = None
    positive_above: Annotated[float, typer.Option(help="See --rating-column.", rich_help_panel=EVENTS)] = 3.5
    ordered: Annotated[
        bool, typer.Option("--ordered", help="The rows of a user are in order, oldest first.", rich_help_panel=EVENTS)
    ] = False
    duplicates: Annotated[
        str,
        typer.Option(
            help="Rows that repeat a (user, item) pair: error, sum, mean, count, max, first, last, keep. auto: weights are summed, other "
            "repeats an error.",
            rich_help_panel=EVENTS,
        ),
    ] = "auto"
    separator: Annotated[
        str | None, typer.Option(help="Delimiter of text tables: one character, or tab.", rich_help_panel=EVENTS)
    ] = None
    header: Annotated[
        bool,
        typer.Option(
            "--header/--no-header",
            help="Whether text tables name the columns; else they are called 1, 2, 3, ...",
            rich_help_panel=EVENTS,
        ),
    ] = True
    encoding: Annotated[str, typer.Option(help="Of text tables, such as latin-1.", rich_help_panel=EVENTS)] = "utf-8"
    shown: Annotated[
        Path | None,
        typer.Option(
            help="The lists that were shown, in order: a table of user and item; these are explained.",
            rich_help_panel=BESIDE,
        ),
    ] = None
    candidates: Annotated[
        Path | None,
        typer.Option(
            help="The only items that may be listed: an item id a line, or a table of user and item.",
            rich_help_panel=BESIDE,
        ),
    ] = None
    exclude: Annotated[
        Path | None,
        typer.Option(
            help="Items that may not be listed: an item id a line, or a table of user and item.", rich_help_panel=BESIDE
        ),
    ] = None
    contexts: Annotated[
        Path | None,
        typer.Option(
            help="A JSON file with what a wrapped model is told besides: user id to any JSON.", rich_help_panel=BESIDE
        ),
    ] = None

    def source(self, model: Path, recommender: "Recommender") -> "Source":
        """Return the events that are chosen.

        Raises:
            DataNotFoundError, DataError: a file that is not there or cannot be read, or none, and the model folder holds no users.
        """
        from topple.batch.input.events import Reading
        from topple.batch.verb import source_of
        from topple.data.formats import TextTable

        text = TextTable(self.separator, self.header, self.encoding)
        weight = None if self.weight_column == "none" else self.weight_column
        reading = Reading(
            self.user_column, self.item_column, weight, self.time_column, self.rating_column, self.positive_above, text
        )
        return source_of(model, recommender, self.events or (), reading)

    @property
    def reading(self) -> dict[str, Any]:
        """How events become histories, as a job has it."""
        return {"duplicates": None if self.duplicates == "auto" else self.duplicates, "ordered": self.ordered}

    def beside(self, recommender: "Recommender") -> "tuple[dict[str, pa.Table], dict[str, Any]]":
        """Return what is told by user, as tables, and what all users share: candidates and excluded items."""
        from topple.api.faces.parsing import as_known, contexts_in
        from topple.cli.batch.tables import contexts_table, lists_table
        from topple.data.formats import TextTable
        from topple.data.ranked import read_items, read_lists

        columns: dict[str, Any] = {
            "user": self.user_column,
            "item": self.item_column,
            "text": TextTable(self.separator, self.header, self.encoding),
        }
        items, tables, shared = recommender.catalogue.vocabulary, {}, {}
        if self.shown is not None:
            lists = {user: as_known(ids, items) for user, ids in read_lists(self.shown, **columns).items()}
            tables["shown"] = lists_table(lists, items)
        for name, file in (("candidates", self.candidates), ("exclude", self.exclude)):
            found = None if file is None else read_items(file, **columns)
            if isinstance(found, dict):
                tables[name] = lists_table({user: as_known(ids, items) for user, ids in found.items()}, items)
            elif found is not None:
                shared[name] = sorted(as_known(found, items), key=str)
        if self.contexts is not None:
            tables["contexts"] = contexts_table(contexts_in(self.contexts))
        return tables, shared
