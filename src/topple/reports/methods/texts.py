"""Tables of compared methods for a terminal, and as Markdown, LaTeX and CSV."""

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from topple.errors import escaped
from topple.reports.methods.content import Part
from topple.types import JsonObject

_LATEX = {
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
    **{"±": r"$\pm$", "↑": r"$\uparrow$", "↓": r"$\downarrow$", "<": r"\textless{}", ">": r"\textgreater{}"},
}


def terminal(parts: Sequence[Part], notes: Sequence[str]) -> list[Table]:
    """Return the tables for a terminal; the notes are below the last."""
    tables = []
    for part in parts:
        table = Table(title=Text(part.title))
        for heading, number in zip(part.headings, part.numbers, strict=True):
            table.add_column(Text(heading), justify="right" if number else "left", overflow="fold")
        for row in part.rows:
            table.add_row(*map(Text, row))
        tables.append(table)
    if tables:
        tables[-1].caption, tables[-1].caption_justify = Text("\n".join(notes)), "left"
    return tables


def markdown(parts: Sequence[Part], notes: Sequence[str], failures: Sequence[str] = ()) -> str:
    """Return the tables as Markdown, with the notes and what failed below."""
    lines: list[str] = []
    for part in parts:
        bars = ["---:" if number else "---" for number in part.numbers]
        lines += [f"**{part.title}**", "", _bars(part.headings), _bars(bars), *map(_bars, part.rows), ""]
    lines += [" ".join(map(_one_line, notes)), *(["", "Without figures:", ""] if failures else [])]
    lines += [f"- {_one_line(text)}" for text in failures]
    return "\n".join(lines).rstrip() + "\n"


def _bars(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_one_line(cell).replace("\\", "\\\\").replace("|", "\\|") for cell in cells) + " |"


def _one_line(text: str) -> str:
    return escaped(" ".join(text.split()))


def latex(parts: Sequence[Part], notes: Sequence[str], failures: Sequence[str] = ()) -> str:
    """Return one table environment a part, with rules of booktabs; the notes are comments, to be made a caption of."""
    lines = [f"% {_one_line(text)}" for text in (*notes, *failures)]
    for part in parts:
        columns = "".join("r" if number else "l" for number in part.numbers)
        lines += [
            r"\begin{table}",
            r"  \centering",
            f"  \\caption{{{_escaped_latex(part.title)}.}}",
            f"  \\begin{{tabular}}{{{columns}}}",
            r"    \toprule",
            f"    {_ampersands(part.headings)}",
            r"    \midrule",
            *(f"    {_ampersands(row)}" for row in part.rows),
            r"    \bottomrule",
            r"  \end{tabular}",
            r"\end{table}",
        ]
    return "\n".join(lines) + "\n"


def _ampersands(cells: Sequence[str]) -> str:
    return " & ".join(map(_escaped_latex, cells)) + r" \\"


def _escaped_latex(text: str) -> str:
    return re.sub("|".join(map(re.escape, _LATEX)), lambda found: _LATEX[found[0]], _one_line(text))


def comma_separated(records: Sequence[JsonObject]) -> str:
    """Return plain records as CSV; their columns are those of all of them, in the order met."""
    names = list(dict.fromkeys(name for record in records for name in record))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _plain(value) for name, value in record.items()} for record in records)
    return text.getvalue()


def _plain(value: Any) -> Any:
    return "" if value is None else escaped(" ".join(value.split())) if isinstance(value, str) else value


def records_of(rows: Sequence[JsonObject]) -> list[JsonObject]:
    """Return rows as flat records: of each number the mean, the spread over the seeds and how many queries count."""
    records = []
    for row in rows:
        flat: JsonObject = {name: row[name] for name in ("model", "method", "draws", "queries", "invalid", "reason")}
        flat["seeds"] = " ".join(map(str, row["seeds"]))
        costs = {name: row[name] for name in ("proven", "claimed", "scored", "milliseconds", "fit_seconds")}
        for name, found in {**row["measured"], **costs}.items():
            flat |= {name: found["value"], f"{name}_spread": found["spread"], f"{name}_of": found["denominator"]}
        records.append(flat)
    return records
