"""Ratings in headerless text: the layouts that the classic data sets are published in."""

import bz2
import gzip
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from topple.data.interactions import Interactions
from topple.data.reading import read_interactions
from topple.errors import DataError
from topple.types import Id

_OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open}


def read_ratings(path: Path, separator: str, name: str, titles: dict[Id, str] | None = None) -> Interactions:
    """Read `user<separator>item<separator>rating...` lines, plain, .gz or .bz2; ids are integers.

    Raises:
        DataError: an empty or truncated file, a line with too few fields, an id or rating that is not a number.
    """
    opener = _OPENERS.get(path.suffix, open)
    users: list[int] = []
    items: list[int] = []
    ratings: list[float] = []
    try:
        with opener(path, "rt", encoding="latin-1") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                fields = line.split() if separator.isspace() else line.split(separator)
                try:
                    users.append(int(fields[0]))
                    items.append(int(fields[1]))
                    ratings.append(float(fields[2]))
                except (IndexError, ValueError) as error:
                    raise DataError(
                        f"{path}, line {number}: {line.strip()[:60]!r} is not 'user{separator}item{separator}rating' in "
                        "numbers. Correct the line, or fetch the file anew."
                    ) from error
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(f"{path} ends too early or is damaged ({error}). Fetch the file anew.") from error
    if not users:
        raise DataError(f"{path} is empty. Fetch the file anew.")
    table = pa.table({"user": users, "item": items, "rating": ratings})
    found = read_interactions(table, rating="rating", name=name)
    if titles is None:
        return found
    return Interactions(
        found.users,
        found.catalogue.with_titles(titles),
        found.user_index,
        found.item_index,
        found.ratings,
        name,
    )
