"""Ratings in headerless text: the layouts that the classic data sets are published in."""

import io
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from topple.data.interactions import Interactions
from topple.data.reading import read_interactions
from topple.errors import DataError, ToppleError
from topple.inputs import opened
from topple.types import Id


def read_ratings(
    path: Path, separator: str, name: str, titles: dict[Id, str] | None = None, *, timed: bool = False
) -> Interactions:
    """Read `user<separator>item<separator>rating...` lines, plain, .gz or .bz2; ids are integers.

    Where `timed`, the fourth field is the timestamp; a file in which a line lacks it is read without timestamps.

    Raises:
        DataError: an empty or truncated file, a line with too few fields, an id or rating that is not a number.
    """
    users: list[int] = []
    items: list[int] = []
    ratings: list[float] = []
    times: list[float] = []
    try:
        with io.TextIOWrapper(opened(path) or path.open("rb"), encoding="latin-1") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                fields = line.split() if separator.isspace() else line.split(separator)
                try:
                    users.append(int(fields[0]))
                    items.append(int(fields[1]))
                    ratings.append(float(fields[2]))
                    times += [float(field) for field in fields[3:4] if timed]
                except (IndexError, ValueError) as error:
                    raise DataError(
                        f"{path}, line {number}: {line.strip()[:60]!r} is not 'user{separator}item{separator}rating' in "
                        "numbers. Correct the line, or fetch the file anew."
                    ) from error
    except (EOFError, OSError, ValueError) as error:
        if isinstance(error, ToppleError):
            raise
        raise DataError(f"{path} ends too early or is damaged ({error}). Fetch the file anew.") from error
    if not users:
        raise DataError(f"{path} is empty. Fetch the file anew.")
    table, known = pa.table({"user": users, "item": items, "rating": ratings}), len(times) == len(users)
    if known:
        table = table.append_column("timestamp", pa.array(times))
    found = read_interactions(table, rating="rating", timestamp="timestamp" if known else None, name=name)
    if titles is None:
        return found
    return replace(found, catalogue=found.catalogue.with_titles(titles))
