"""The rows of both lists: what becomes of each item, as a mark and in words."""

from collections.abc import Sequence

from topple.api.recommending import Recommended
from topple.api.what_if import Moved, WhatIf
from topple.data.vocabulary import Catalogue
from topple.errors import escaped
from topple.types import ItemId, JsonObject


class Titled:
    """Tells titles as a page shows them: control characters written out, and an item without a title by the id.

    Args:
        catalogue: the titles.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def title(self, item: ItemId | None) -> str:
        """Return the title of an item."""
        return " ".join(escaped(self._catalogue.title(item)).split()) or f"item {escaped(str(item))}"

    def key(self, item: ItemId) -> int:
        """Return the number by which a page knows an item."""
        return int(self._catalogue.vocabulary.index(item))


def rows_before(
    today: Sequence[Recommended], changed: WhatIf | None, target: ItemId | None, titles: Titled
) -> list[JsonObject]:
    """Return the rows of the list today.

    Args:
        today: the list.
        changed: what becomes of it; None where nothing is switched off.
        target: the recommendation that is asked about.
        titles: who tells titles.
    """
    then = {one.item: one.rank for one in changed.after} if changed else {}
    gone = {one.item: one for one in changed.left} if changed else {}
    rows = []
    for one in today:
        mark = "target" if one.item == target else "leaves" if one.item in gone else "stays"
        note = ""
        if one.item in gone:
            note = _leaving(gone[one.item], len(today))
        elif then.get(one.item, one.rank) != one.rank:
            note = f"then {then[one.item]}"
        rows.append(_row(one, mark, note, titles))
    return rows


def rows_after(
    today: Sequence[Recommended], changed: WhatIf | None, target: ItemId | None, titles: Titled
) -> list[JsonObject]:
    """Return the rows of the changed list, and below it the target where that has left; nothing where nothing is switched off.

    The arguments are those of `rows_before`.
    """
    if changed is None:
        return []
    was = {one.item: one.rank for one in today}
    rows = []
    for one in changed.after:
        mark = "target" if one.item == target else "stays" if one.item in was else "enters"
        before = was.get(one.item)
        rows.append(_row(one, mark, "new" if before is None else "" if before == one.rank else f"was {before}", titles))
    return rows + [row for one in changed.left if one.item == target for row in _below(one, len(rows), titles)]


def _below(one: Moved, k: int, titles: Titled) -> list[JsonObject]:
    """Return the rows below a list of k: ranks that are not shown, and the target, which has left."""
    key, title, to = titles.key(one.item), titles.title(one.item), one.after
    row = {"key": key, "rank": "–", "title": title, "mark": "target", "more": ""}
    if to is None:
        return [row | {"note": "cannot be listed"}]
    if to <= k:
        return [row | {"note": "left: nothing speaks for it any more"}]
    hidden = to - 1 - k
    told = f"rank {k + 1} is not shown" if hidden == 1 else f"ranks {k + 1} to {to - 1} are not shown"
    gap = {"key": None, "rank": "", "title": told, "mark": "gap", "note": "", "more": ""}
    return [*([gap] if hidden else []), row | {"rank": str(to), "note": "left the list"}]


def _row(one: Recommended, mark: str, note: str, titles: Titled) -> JsonObject:
    """Return the row of a listed item."""
    more = "" if one.evidence else "nothing in the history speaks for it"
    more = more or (f"level with {one.tied} more" if one.tied else "")
    key, title = titles.key(one.item), titles.title(one.item)
    return {"key": key, "rank": str(one.rank), "title": title, "mark": mark, "note": note, "more": more}


def _leaving(moved: Moved, k: int) -> str:
    """Say where an item goes that leaves; it may be level with all that is listed, and then the rank alone would not tell."""
    if moved.after is None:
        return "leaves"
    return f"leaves, then {moved.after}" if moved.after > k else "leaves: nothing speaks for it any more"
