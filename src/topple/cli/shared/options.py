"""What several commands share: their options, and the choice of data."""

import functools
import inspect
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from topple.errors import ToppleError

if TYPE_CHECKING:
    from topple.data.splitting import Split

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the output if it exists.")]
ModelFolder = Annotated[Path, typer.Option("--model", "-m", help="A model folder, made by `topple fit`.")]
Factory = Annotated[
    str | None,
    typer.Option(
        help="package.module:function, which returns the wrapped model, for a model folder that only describes one."
    ),
]
K = Annotated[int, typer.Option("-k", "--k", min=1, help="Length of the recommended list.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of the run.")]
Device = Annotated[str, typer.Option("--device", help="What computes: cpu, cuda, or one of several GPUs as cuda:1.")]
Users = Annotated[list[str] | None, typer.Option("--user", "-u", help="A user id; repeat for more users.")]
HistoryText = Annotated[
    str | None,
    typer.Option("--history", help="Item ids separated by commas, or as a JSON list, in place of a user of the data."),
]
HistoryWeights = Annotated[
    str | None,
    typer.Option(
        help="The weight of each item of --history (plays, quantity), separated by commas; 1 each without it."
    ),
]
ContextText = Annotated[
    str | None,
    typer.Option(
        "--context", help="What a wrapped model is told besides the one history (region, time of day), in JSON."
    ),
]
ContextsFile = Annotated[
    Path | None,
    typer.Option("--contexts", help="A JSON file with what a wrapped model is told besides: user id to any JSON."),
]
Pairs = Annotated[list[str] | None, typer.Option("--set", help="A setting, key=value; repeat for more.")]
DATA, PREPARE = "Data", "Preparation"


@dataclass(frozen=True)
class DataChoice:
    """Which data, and how it is prepared; the fields are command line options."""

    dataset: Annotated[
        str | None,
        typer.Option(help="A data set by name; see `topple data list`.", rich_help_panel=DATA),
    ] = None
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Folder with the published files; without it they are downloaded.", rich_help_panel=DATA),
    ] = None
    interactions: Annotated[
        Path | None,
        typer.Option(
            help="Your own table: CSV, TSV, JSON Lines (.gz, .bz2 too), Parquet, or .inter of RecBole.",
            rich_help_panel=DATA,
        ),
    ] = None
    user_column: Annotated[str, typer.Option(help="Column of user ids.", rich_help_panel=DATA)] = "user"
    item_column: Annotated[str, typer.Option(help="Column of item ids.", rich_help_panel=DATA)] = "item"
    rating_column: Annotated[
        str | None, typer.Option(help="Column of ratings; none for implicit feedback.", rich_help_panel=DATA)
    ] = None
    weight_column: Annotated[
        str,
        typer.Option(
            help="Column of weights (plays, quantity, confidence). auto: one with such a name, if there is one; none: no weights.",
            rich_help_panel=DATA,
        ),
    ] = "auto"
    time_column: Annotated[
        str | None,
        typer.Option(
            help="Column of timestamps, numbers or dates; histories then come in time order.", rich_help_panel=DATA
        ),
    ] = None
    ordered: Annotated[
        bool,
        typer.Option(
            "--ordered",
            help="The rows of a user are in the order of the events, oldest first, as lists are anyway; with --time-column, those of "
            "equal times.",
            rich_help_panel=DATA,
        ),
    ] = False
    titles: Annotated[
        Path | None,
        typer.Option(
            help="Titles: movies.dat, u.item, or a table of items and titles, read by the options of tables.",
            rich_help_panel=DATA,
        ),
    ] = None
    title_column: Annotated[
        str | None,
        typer.Option(help="Column of titles, of --titles or else of the table. (default: title)", rich_help_panel=DATA),
    ] = None
    separator: Annotated[
        str | None, typer.Option(help="Delimiter of a text table: one character, or tab.", rich_help_panel=DATA)
    ] = None
    header: Annotated[
        bool,
        typer.Option(
            "--header/--no-header",
            help="Whether a text table names the columns in the first line; else they are called 1, 2, 3, ...",
            rich_help_panel=DATA,
        ),
    ] = True
    encoding: Annotated[str, typer.Option(help="Of a text table, such as latin-1.", rich_help_panel=DATA)] = "utf-8"
    decimal: Annotated[str, typer.Option(help="Decimal point of a text table.", rich_help_panel=DATA)] = "."
    day_first: Annotated[
        bool | None,
        typer.Option(
            "--day-first/--month-first",
            help="Whether 03/04/2025 is the third of April. (default: what the dates show)",
            rich_help_panel=DATA,
        ),
    ] = None
    drop_missing: Annotated[
        bool,
        typer.Option("--drop-missing", help="Leave out rows with a hole, and count them.", rich_help_panel=DATA),
    ] = False
    form: Annotated[
        str,
        typer.Option(help="table, or adjacency: a line is a user and the items of the user.", rich_help_panel=DATA),
    ] = "table"
    duplicates: Annotated[
        str,
        typer.Option(
            help="Rows that repeat a (user, item) pair: error, sum, mean, count, max, first, last, or keep (events of the history, for "
            "models of sequences). auto: weights are summed, other repeats an error.",
            rich_help_panel=DATA,
        ),
    ] = "auto"
    positive_above: Annotated[
        float | None,
        typer.Option(help="Ratings above this are positive. (default: 3.5)", rich_help_panel=PREPARE),
    ] = None
    ratings_as_weights: Annotated[
        bool, typer.Option("--ratings-as-weights", help="Ratings are weights too.", rich_help_panel=PREPARE)
    ] = False
    min_items: Annotated[
        int | None, typer.Option(help="Fewest positive items of a user. (default: 5)", rich_help_panel=PREPARE)
    ] = None
    held_out_users: Annotated[
        int | None,
        typer.Option(
            help="Users for validation, and as many for test. (default: the data set's)", rich_help_panel=PREPARE
        ),
    ] = None
    held_out_share: Annotated[
        float | None,
        typer.Option(help="Share of a held-out user's items to predict. (default: 0.2)", rich_help_panel=PREPARE),
    ] = None
    split_seed: Annotated[
        int | None, typer.Option(help="Seed of the split; kept apart from --seed.", rich_help_panel=PREPARE)
    ] = None

    def load(self) -> "Split":
        """Read and prepare the chosen data."""
        from topple.cli.shared.reading import load

        return load(self)


def takes_data(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `DataChoice`; the command receives them as the one argument `choice`."""
    return takes(DataChoice, "choice")(command)


def takes(kind: type[Any], argument: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return what gives a command the fields of a dataclass as options; the command receives them as one argument.

    Args:
        kind: the dataclass.
        argument: the name of the argument.
    """
    fields = inspect.signature(kind).parameters

    def with_options(command: Callable[..., None]) -> Callable[..., None]:
        others = [p for p in inspect.signature(command).parameters.values() if p.name != argument]
        merged = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*fields.values(), *others)]

        @functools.wraps(command)
        def with_fields(**given: Any) -> None:
            choice = kind(**{name: given.pop(name) for name in fields})
            command(**{argument: choice}, **given)

        with_fields.__signature__ = inspect.Signature(merged)  # type: ignore[attr-defined]
        with_fields.__annotations__ = {p.name: p.annotation for p in merged}
        return with_fields

    return with_options


def plainly(command: Callable[..., None]) -> Callable[..., None]:
    """Make a command end on topple's own errors with one clear message and exit code 2, without a traceback.

    The help is the docstring of the command, each paragraph in one line, which the terminal folds.
    """

    @functools.wraps(command)
    def with_message(*args: Any, **given: Any) -> None:
        try:
            with notices():
                command(*args, **given)
        except ToppleError as error:
            screen = Console(stderr=True, highlight=False)
            screen.print("[bold red]error:[/]", end=" ")
            screen.print(str(error), markup=False, soft_wrap=True)
            raise typer.Exit(2) from error

    paragraphs = (inspect.getdoc(command) or "").split("\n\n")
    with_message.__doc__ = "\n\n".join(paragraph.replace("\n", " ") for paragraph in paragraphs)
    return with_message


@contextmanager
def notices() -> Iterator[None]:
    """While it is open, a person at a terminal is told on standard error why the first answer takes long: loops are compiled."""
    if not sys.stderr.isatty():
        yield
        return
    log, handler = logging.getLogger("topple.compiled"), logging.StreamHandler()
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
