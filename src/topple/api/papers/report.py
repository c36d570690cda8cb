"""Report: a folder of explanations as one page for people who were not there."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import topple
from topple.api.papers import tables
from topple.api.papers.figures import Figure, Standing, figures
from topple.api.papers.reading import Rows, read_rows
from topple.errors import SettingsError, need
from topple.inputs import json_of, path_of, read_text
from topple.reports.papers.languages import language as language_of
from topple.reports.papers.pages import write_page
from topple.reports.papers.report_page import report_page
from topple.types import FilePath, JsonObject

SCHEMA = "topple.report/1"
MOST_ROWS = 50
"""Rows of a table of items, users and reasons at most."""


@dataclass(frozen=True, repr=False)
class Report:
    """What a folder of explanations holds, in numbers, each with what it was divided by.

    Args:
        figures: the figures of all rows.
        numbers: these and the tables, as JSON.
    """

    figures: tuple[Figure, ...]
    numbers: JsonObject = field(default_factory=dict)

    def __repr__(self) -> str:
        asked = self.numbers["asked"]
        told = ", ".join(f"{each.title} {each.value:.3f} of {each.of:,}" for each in self.figures[:3])
        return f"<Report on {asked['rows']:,} explanations of {asked['users']:,} users: {told}>"

    def as_json(self) -> JsonObject:
        """Return all numbers as one JSON object."""
        return self.numbers

    def page(self) -> str:
        """Return the page: HTML that opens offline."""
        return report_page(self.numbers)

    def write(self, path: FilePath, *, overwrite: bool = False) -> None:
        """Write the page.

        Raises:
            SettingsError: another suffix than .html.
            OutputExistsError, OutputError: the file could not be written.
        """
        write_page(self.page(), path, overwrite=overwrite)


def report(folder: FilePath, *, title: str = "", most: int = MOST_ROWS, language: str = "en") -> Report:
    """Report on a folder of explanations: how many, how large, how certain, what they name, and who has none.

    The report counts what the file says and judges nothing anew; `topple.evaluate` does that. Rows are read part by part as
    columns, so that millions of them need little memory.

    Args:
        folder: what `topple explain --out` or `write_explanations` wrote, or one of the files of such a folder.
        title: of the page; nothing: the name of the folder.
        most: rows of a table of items, users and reasons at most; the page says how many there are in all.
        language: of the page, `en` or `de`; numbers, their names and their rules are in English in the JSON.

    Raises:
        DataNotFoundError: there is no such file.
        DataError: the file is damaged, or of another schema.
        SettingsError: `most` is no whole number of at least 1, or a language that is not known.

    Example:
        >>> import tempfile
        >>> from topple.testing import film_recommender
        >>> model, folder = film_recommender(), tempfile.mkdtemp()
        >>> found = topple.explain(model, ["alien", "brazil"], k=2, progress=False)
        >>> topple.write_explanations(found, model.catalogue, folder)
        >>> topple.report(folder)
        <Report on 2 explanations of 1 users: coverage 0.500 of 2, validity 0.500 of 2, mean size 1.000 of 1>
    """
    need(title, str, "title", "a text")
    language_of(language)
    if type(most) is not int or most < 1:
        raise SettingsError(
            f"most={most!r:.60} is not a whole number of at least 1. Give how many rows a table may have."
        )
    path = path_of(folder)
    rows = read_rows(path)
    standing = Standing(rows)
    found = figures(standing)
    return Report(tuple(found), _numbers(path, title, rows, standing, found, most) | {"language": language})


def _numbers(path: Path, title: str, rows: Rows, standing: Standing, found: list[Figure], most: int) -> JsonObject:
    """Return everything that the page shows."""
    asked, ways = tables.asked(standing, min(most, 50))
    named, names = tables.named_items(standing, most)
    recommended, nobody, targets = tables.recommended(standing, most)
    seconds = rows.columns["seconds"][standing.valid]
    seconds = seconds[np.isfinite(seconds)]
    return {
        "schema": SCHEMA,
        "title": title or path.absolute().name,
        "made": {"at": datetime.now(UTC).isoformat(timespec="seconds"), "version": topple.__version__},
        "source": {"file": rows.file.name, "first": rows.first, "last": rows.last, "left_out": _left_out(rows.file)},
        "asked": {
            "rows": len(rows),
            "queries": int(standing.valid.sum()),
            "invalid": int(standing.invalid.sum()),
            "users": len({*rows.columns["user"].tolist()} - {-1}),
            "items_recommended": targets,
            "seconds_per_query": float(seconds.mean()) if len(seconds) else None,
            "ways": asked,
            "more_ways": ways - len(asked),
        },
        "figures": [each.as_json() for each in found],
        "ended": [
            {"name": name, "title": words, "queries": int(chosen.sum())} for name, words, chosen in standing.ended()
        ],
        "sizes": tables.sizes(standing),
        "activity": tables.activity(standing),
        "ranks": tables.ranks(standing),
        "named": {"items": named, "of": names},
        "recommended": {"items": recommended, "of": targets, "on_no_history": nobody},
        "without": tables.without(standing, most),
        "most": most,
    }


def _left_out(file: Path) -> Any:
    """Return what the run left out, as the folder says; None where it says nothing."""
    with suppress(OSError, ValueError):
        return json_of(read_text(file.parent / "left_out.json"))
    return None
