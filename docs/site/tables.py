"""Tables in Markdown."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; columns in which no row has anything are left out."""
    lines = [list(row) for row in rows]
    used = [number for number in range(len(head)) if number == 0 or any(line[number] for line in lines)]
    picked = [[line[number] for number in used] for line in [list(head), ["---"] * len(head), *lines]]
    return "\n".join(f"| {' | '.join(line)} |" for line in picked) + "\n"


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Return a table of two columns without a head: what something is, and what it says."""
    lines = [f"* - {name}\n  - {text}" for name, text in rows]
    return "```{list-table}\n:stub-columns: 1\n:widths: auto\n\n" + "\n".join(lines) + "\n```\n"
