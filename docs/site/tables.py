"""Tables in Markdown."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; columns in which no row has anything are left out."""
    lines = [list(row) for row in rows]
    used = [number for number in range(len(head)) if number == 0 or any(line[number] for line in lines)]
    picked = [[line[number] for number in used] for line in [list(head), ["---"] * len(head), *lines]]
    return "\n".join(f"| {' | '.join(line)} |" for line in picked) + "\n"
