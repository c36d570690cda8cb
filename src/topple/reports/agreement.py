"""An agreement as a person reads it: sentences, and a table of the lists that differ."""

from rich.table import Table
from rich.text import Text

from topple.data.vocabulary import Catalogue
from topple.errors import counted
from topple.records.agreement import Agreement, Cause, Match
from topple.types import ItemId

MEANINGS = {
    Cause.WEIGHTS: "the model was asked, or trained, with other weights",
    Cause.FILTER: "a filter: items were left out, or items of the history were not",
    Cause.FACTORS: "another training: other data, weights, seed or version",
    Cause.LENGTH: "another k: the list as far as it goes",
    Cause.TIES: "ties: only items with equal scores are in another order",
    Cause.HISTORY: "the history is newer or older than the list",
    Cause.CATALOGUE: "another catalogue: items that the model does not know",
    Cause.UNKNOWN: "unknown: nothing that was tried gives the list",
}


def agreement_sentences(found: Agreement) -> list[str]:
    """Say how many lists are the model's, and why the others are not.

    Args:
        found: the agreement.
    """
    total, ties = len(found.lists), found.count(Match.TIED)
    same = found.count(Match.IDENTICAL)
    lines = [
        f"{same + ties:,} of {counted(total, 'shown list')} {'is' if same + ties == 1 else 'are'} the model's: {same:,} identical"
        + (f", {ties:,} identical up to ties." if ties else "."),
        f"Mean overlap at {found.k}: {found.overlap:.3f}.",
    ]
    reordered = found.count(Match.REORDERED)
    if reordered:
        lines.append(
            f"{counted(reordered, 'shown list')} {'holds' if reordered == 1 else 'hold'} the model's items in another order."
        )
    lines += [f"{counted(count, 'shown list')}: {MEANINGS[cause]}." for cause, count in found.causes.items()]
    return lines


def differences_table(found: Agreement, catalogue: Catalogue, most: int) -> Table:
    """Return the lists that differ, at most so many: the user, the overlap, the reason, and what differs.

    Args:
        found: the agreement.
        catalogue: for titles.
        most: rows at most.
    """
    differing = [each for each in found.lists if each.cause is not None]
    more = len(differing) - most
    caption = Text(f"and {more:,} more, not shown") if more > 0 else None
    table = Table(
        title=Text(f"{counted(len(differing), 'shown list')} that {'differs' if len(differing) == 1 else 'differ'}"),
        caption=caption,
    )
    for column in ("user", f"of {found.k}", "why", "shown, not the model's", "the model's, not shown"):
        table.add_column(column, justify="right" if column.startswith("of ") else "left", overflow="fold")
    for each in differing[:most]:
        strange = [item for item in each.shown if item not in each.listed]
        lacking = [item for item in each.listed if item not in each.shown]
        table.add_row(
            Text("" if each.user is None else str(each.user)),
            str(round(each.overlap * found.k)),
            Text(f"{each.cause}: {each.reason}"),
            Text(_titles(strange, catalogue)),
            Text(_titles(lacking, catalogue)),
        )
    return table


def _titles(items: list[ItemId], catalogue: Catalogue) -> str:
    rest = f", {len(items) - 3} more" if len(items) > 3 else ""
    return ", ".join(catalogue.title(item) for item in items[:3]) + rest
