"""One table of many recommenders, for a terminal and as markdown; rows are JSON objects."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from topple.reports.fitting import FEW
from topple.types import JsonObject

NONE = "-"
COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("recommender", "recommender", ""),
    ("source", "from", ""),
    ("ndcg_100", "NDCG@100", ".3f"),
    ("queries", "queries", ","),
    ("coverage", "coverage", ".3f"),
    ("validity", "validity", ".3f"),
    ("pn", "PN of found", ".3f"),
    ("mean_size", "mean size", ".2f"),
    ("proven", "proven", ".3f"),
    ("ms_a_query", "ms a query", ".1f"),
    ("fit_seconds", "fit s", ".1f"),
)
"""Key, heading and number format of each column."""


def comparison_table(rows: Sequence[JsonObject], title: str, caption: str) -> Table:
    """Return one row a recommender; those that failed have no figures, see `failures`."""
    table = Table(title=Text(title), caption=Text(caption))
    for _, heading, number in COLUMNS:
        table.add_column(heading, justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in _cells(row)))
    return table


def comparison_markdown(rows: Sequence[JsonObject], title: str, caption: str) -> str:
    """Return the same as markdown, with the reasons of those that failed below the table."""
    lines = [
        f"## {title}",
        "",
        _line([heading for _, heading, _ in COLUMNS]),
        _line(["---:" if number else "---" for _, _, number in COLUMNS]),
        *(_line(_cells(row)) for row in rows),
        "",
        caption,
        *(["", "Without figures:", ""] if any(row["reason"] for row in rows) else []),
        *(f"- {text}" for text in failures(rows)),
    ]
    return "\n".join(lines) + "\n"


def failures(rows: Sequence[JsonObject]) -> list[str]:
    """Return why recommenders have no figures, a line each."""
    return [f"{row['recommender']}: {row['reason']}" for row in rows if row["reason"]]


def _cells(row: Mapping[str, Any]) -> list[str]:
    known = {key: row[key] for key, _, number in COLUMNS if not (number and row["reason"])}
    return [
        NONE if known.get(key) is None else format(known[key], number) + _of_few(row, key) for key, _, number in COLUMNS
    ]


def _of_few(row: Mapping[str, Any], key: str) -> str:
    """Say beside a mean over how few it is, where no other column tells it."""
    found = round((row["coverage"] or 0) * row["queries"])
    count = {"ndcg_100": row["test_users"], "pn": found, "mean_size": found}.get(key, FEW)
    return f" (of {count})" if count < FEW else ""


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
