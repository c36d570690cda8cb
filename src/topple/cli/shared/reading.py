"""The data that a command works on: read and prepared as the options say, or all that is wrong with it."""

import inspect
import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from topple import registry
from topple.errors import DataError, DataNotFoundError, shown

if TYPE_CHECKING:
    from topple.cli.shared.options import DataChoice
    from topple.data.interactions import Interactions
    from topple.data.rows.columns import Columns
    from topple.data.splitting import Split
    from topple.types import Id

OF_TABLES = (
    "user_column", "item_column", "title_column", "rating_column", "weight_column", "time_column", "ordered", "separator", "header",
    "encoding", "decimal", "day_first", "drop_missing", "form", "duplicates",
)  # fmt: skip
"""Options that say how a table is read, and nothing to a data set by name."""


def load(choice: "DataChoice") -> "Split":
    """Read and prepare the chosen data.

    Raises:
        DataError: of a table, with how many more problems there are.
    """
    from topple.data.sources import source
    from topple.inputs import watching
    from topple.reports.progress import bytes_bar

    check(choice)
    if choice.dataset is not None:
        return titled(choice, source(choice.dataset).split(choice.data_dir, _given(choice)))
    try:
        with bytes_bar(f"read {choice.interactions}") as on_bytes, watching(on_bytes):
            read = read_table(choice, columns_of(choice))
    except DataNotFoundError:
        raise
    except DataError as error:
        more = len(problems(choice)) - 1
        if more < 1:
            raise
        command = shlex.join(["topple", "data", "describe", str(choice.interactions), *as_options(choice)])
        raise DataError(
            f"{error} There {'is 1 more problem' if more == 1 else f'are {more} more problems'}: {command}"
        ) from error
    return prepared(choice, read)


def prepared(choice: "DataChoice", read: "Interactions") -> "Split":
    """Return the split of interactions that are read."""
    from topple.data.preparation import Preparation, prepare
    from topple.data.sources import source

    usual = {} if choice.dataset is None else source(choice.dataset).preparation
    return titled(choice, prepare(read, Preparation.parse({**usual, **_given(choice)})))


def check(choice: "DataChoice") -> None:
    """Refuse a choice of both or none of a data set by name and a table, and options that the choice would not read."""
    if (choice.dataset is None) == (choice.interactions is None):
        raise DataError(
            "give either --dataset NAME or --interactions FILE. "
            f"Data sets: {', '.join(registry.names('datasets'))}; `topple data list` tells more."
        )
    of_titles = () if choice.titles is None else ("item_column", "separator", "header", "encoding", "title_column")
    for name, value in _changed(choice).items():
        if choice.dataset is not None and name in OF_TABLES and name not in of_titles:
            raise DataError(
                f"{_option(name, value)} says how your own table is read, and {choice.dataset} is a data set by name. Leave it out, "
                "or read the file itself: --interactions FILE."
            )


def read_table(choice: "DataChoice", columns: "Columns") -> "Interactions":
    """Return the interactions of the table whose columns were found."""
    from topple.data.reading import interactions_of

    name = None if choice.interactions is None else choice.interactions.name
    return interactions_of(columns, name, _duplicates(choice), drop_missing=choice.drop_missing)


def columns_of(choice: "DataChoice") -> "Columns":
    """Read the table as it is, whatever is wrong with the rows."""
    from topple.data.formats import TextTable
    from topple.data.reading import table_of

    named = (
        choice.user_column,
        choice.item_column,
        choice.rating_column,
        _title(choice),
        choice.time_column,
        _weight(choice),
    )
    text = TextTable(choice.separator, choice.header, choice.encoding, choice.decimal)
    how = {"form": choice.form, "ordered": choice.ordered, "day_first": choice.day_first}
    return table_of(choice.interactions, named, text, **how)[0]  # type: ignore[arg-type] # checked there


def problems(choice: "DataChoice", columns: "Columns | None" = None) -> list[str]:
    """Return all that is wrong with the rows of a table; nothing where it cannot be read as a table at all."""
    from topple.data.rows.problems import problems_of

    try:
        columns = columns_of(choice) if columns is None else columns
    except DataError:
        return []
    found = problems_of(columns, _duplicates(choice), drop_missing=choice.drop_missing)
    try:
        _titles(choice)
    except (DataError, DataNotFoundError) as error:
        found.append(f"titles: {error}")
    return found


def titled(choice: "DataChoice", split: "Split") -> "Split":
    """Return the split with the titles that are chosen.

    Raises:
        DataError: no item of the data has one.
    """
    if choice.titles is None:
        return split
    titles = _titles(choice)
    known, items = {str(item) for item in titles}, split.catalogue.vocabulary
    if titles and known.isdisjoint(map(str, items.ids)):
        raise DataError(
            f"no item of the data has a title in {choice.titles}: the ids there are such as {shown(next(iter(titles)))}, those of the "
            f"data such as {shown(items.ids[0])}. Give titles by the same ids, or leave --titles out."
        )
    return replace(split, catalogue=split.catalogue.with_titles(titles))


def _titles(choice: "DataChoice") -> "dict[Id, str]":
    """Read the titles that are chosen, if any are."""
    from topple.data.titles import read_titles

    if choice.titles is None:
        return {}
    return read_titles(
        choice.titles,
        item=choice.item_column,
        title=choice.title_column or "title",
        separator=choice.separator,
        header=choice.header,
        encoding=choice.encoding,
    )


def as_options(choice: "DataChoice") -> list[str]:
    """Return the options of a choice as they are written on a command line, but for which data it is."""
    words = []
    for name, value in _changed(choice).items():
        if name in ("dataset", "interactions"):
            continue
        words += [_option(name, value), *([] if isinstance(value, bool) else [str(value)])]
    return words


def _changed(choice: "DataChoice") -> Mapping[str, Any]:
    """Return the options that are not as they are by default."""
    parameters = inspect.signature(type(choice)).parameters
    return {name: getattr(choice, name) for name, each in parameters.items() if getattr(choice, name) != each.default}


def _option(name: str, value: object) -> str:
    """Return how an option is written."""
    if value is False:
        return {"header": "--no-header", "day_first": "--month-first"}[name]
    return f"--{name.replace('_', '-')}"


def _given(choice: "DataChoice") -> dict[str, Any]:
    """Return the settings of the preparation that are chosen."""
    names = ("positive_above", "min_items", "held_out_users", "held_out_share")
    options = {name: getattr(choice, name) for name in names} | {"seed": choice.split_seed}
    options["ratings_as_weights"] = choice.ratings_as_weights or None
    return {name: value for name, value in options.items() if value is not None}


def _title(choice: "DataChoice") -> str | None:
    return choice.title_column if choice.titles is None else None


def _weight(choice: "DataChoice") -> str | None:
    return None if choice.weight_column == "none" else choice.weight_column


def _duplicates(choice: "DataChoice") -> Any:
    return None if choice.duplicates == "auto" else choice.duplicates
