"""Entries of the audit store as tables of the terminal; titles and ids stay text."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from topple.errors import counted

if TYPE_CHECKING:
    from topple.audit import Entry


def entries_table(entries: "Sequence[Entry]") -> Table:
    """Return a table with a row an entry."""
    table = Table(title=counted(len(entries), "entry", "entries"))
    table.add_column("id, stored (UTC), user", no_wrap=True)
    for column in ("explained", "named"):
        table.add_column(column, overflow="fold")
    table.add_column("ended", no_wrap=True)
    for entry in entries:
        named = ", ".join(entry.title(one) for one in entry.items)
        ended = (entry.answer["proof"] or entry.status) + ("" if entry.intact else ", CHANGED")
        first = f"{entry.id}\n{entry.at[:16].replace('T', ' ')}\n{(entry.user or '')[:8]}"
        told = (first, entry.title(entry.target), named, ended)
        table.add_row(*map(Text, told))
    return table


def facts_table(entry: "Entry") -> Table:
    """Return the facts of an entry, the sentence last."""
    answer, table = entry.answer, Table(show_header=False, box=None)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    agrees = {True: "yes", False: "no", None: "not asked"}[entry.agrees]
    facts = {
        "entry": f"{entry.id}, number {entry.number:,}",
        "stored": entry.at,
        "user": "nobody's history" if entry.user is None else f"{entry.user} (key {entry.user_key})",
        "given to": " ".join(filter(None, (entry.scope, entry.request_id))) or "not told",
        "explained": _named(entry, [answer["target"]]),
        "list as shown": "not told" if entry.shown is None else _named(entry, entry.shown),
        "the model's list": agrees,
        "named": _named(entry, entry.items) or "nothing",
        "ended": f"{entry.status}, {answer['proof'] or 'nothing proven'}",
        "method": f"{answer['method']}, seed {answer['seed']}, rule {answer['rule']}, k {answer['k']}",
        "settings": str(answer["settings"]),
        "model": entry.model,
        "catalogue": entry.catalogue,
        "data": entry.data or "not known",
        "history": entry.history,
        "topple": f"{entry.version}, {entry.answered}",
        f"sentence ({entry.language})": entry.sentence,
    }
    for name, value in facts.items():
        table.add_row(name, Text(value))
    return table


def _named(entry: "Entry", items: Any) -> str:
    """Return items as titles, each with the id where that is another text."""
    titles = ((entry.title(item), str(item)) for item in items)
    return ", ".join(title if title == name else f"{title} [{name}]" for title, name in titles)
