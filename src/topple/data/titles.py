"""Titles of items, from the files that data sets publish them in."""

import re
from collections.abc import Sequence
from pathlib import Path

from topple.data.formats import TextTable
from topple.data.rows.names import ITEMS, TITLES, by_number, plain_column, say_taken
from topple.data.tables import missing_column, read_table
from topple.errors import DataError, DataNotFoundError, need
from topple.inputs import path_of, problem
from topple.types import FilePath, Id, is_storable


def read_titles(
    path: FilePath,
    item: str = "item",
    title: str = "title",
    *,
    separator: str | None = None,
    header: bool = True,
    encoding: str = "utf-8",
) -> dict[Id, str]:
    """Read item titles: MovieLens' `movies.dat` or `u.item` by their names, any other file as a table.

    Where no column is called item (or title), the one with another plain name of such a column is taken, and said.

    Args:
        path: the file.
        item: column of item ids, for a table.
        title: column of titles, for a table.
        separator: of a text file: one character, or "tab"; by default a tab for .tsv, else a comma, which are tried too where
            the file has no second column by the separator given.
        header: whether a text file names the columns in the first line; without, item and title are the first two.
        encoding: of a text file, such as "latin-1".

    Raises:
        DataNotFoundError: no such file.
        DataError: a line that cannot be read, or a missing column.
    """
    path = path_of(path)
    need(header, bool, "header", "True or False")
    for name, column in (("item", item), ("title", title)):
        need(column, str, name, "the name of a column")
    if path.name == "movies.dat":
        return movielens_titles(path, "::")
    if path.name == "u.item":
        return movielens_titles(path, "|")
    if not header:
        item, title = by_number(item, "item", "1"), by_number(title, "title", "2")

    def items_among(names: Sequence[str]) -> list[str]:
        return [plain_column(names, item, "item", (*ITEMS, "id"))]

    def titles_among(names: Sequence[str]) -> list[str]:
        return [plain_column(names, title, "title", TITLES)]

    table = read_table(path, TextTable(separator, header, encoding), items_among, titles_among)
    if separator is not None and len(table.column_names) < 2:
        table = read_table(path, TextTable(None, header, encoding), items_among, titles_among)
    usual, (item,), (title,) = (item, title), items_among(table.column_names), titles_among(table.column_names)
    say_taken(*zip(usual, (item, title), strict=True))
    for column in (item, title):
        if column not in table.column_names:
            raise DataError(missing_column(column, table.column_names, str(path)))
    rows = zip(table[item].to_pylist(), table[title].to_pylist(), strict=True)
    return {outside: str(text) for outside, text in rows if outside is not None and text is not None}


def movielens_titles(path: Path, separator: str) -> dict[Id, str]:
    """Read `id<separator>title<separator>...` lines, Latin-1, as MovieLens publishes them."""
    wrong = problem(path)
    if wrong:
        raise DataNotFoundError(f"{path} {wrong}; it should hold the titles. Give the path of a file.")
    titles: dict[Id, str] = {}
    for number, line in enumerate(path.read_text(encoding="latin-1").split("\n"), start=1):
        fields = line.split(separator)
        if not line:
            continue
        if len(fields) < 2 or not (re.fullmatch("[0-9]{1,19}", fields[0]) and is_storable(int(fields[0]))):
            raise DataError(
                f"{path}, line {number}: {line[:60]!r} is not 'id{separator}title{separator}...'. Correct the line, or "
                "fetch the file anew."
            )
        titles[int(fields[0])] = readable(fields[1])
    return titles


def readable(title: str) -> str:
    """Put a trailing article in front: "Matrix, The (1999)" becomes "The Matrix (1999)"."""
    name, bracket, year = title.strip().partition(" (")
    for article in (", The", ", A", ", An"):
        if name.endswith(article):
            name = f"{article[2:]} {name.removesuffix(article)}"
    return f"{name}{bracket}{year}"
