"""What the explorer says: headline, sentence, what is proven and what the words mean."""

import math
from collections.abc import Sequence

from topple.api.what_if import Moved, WhatIf
from topple.errors import counted
from topple.metrics import claimed_by
from topple.notebook.rows import Titled
from topple.records.answer import Explanation, Proof, Status
from topple.reports.sentences import told
from topple.types import ItemId, JsonObject

_MARK = "\x1f"
"""Stands around titles; no title that is shown holds a control character."""
LONGEST_TITLE = 70
MOST_TOLD = 3
RETRAINED = "The model was not trained again: it is asked what it says of the changed history."


def heading(off: int) -> str:
    """Head the changed list, by how many items are switched off."""
    return f"without {counted(off, 'item')}"


def headline(changed: WhatIf | None, off: Sequence[ItemId], titles: Titled) -> list[str]:
    """Say what leaves and what enters without what is switched off; words and titles in turn.

    Args:
        changed: both lists; None where there is no changed one.
        off: what is switched off.
        titles: who tells titles.
    """
    if changed is None:
        return []
    gone = " and ".join(_brief(item, titles) for item in off) if len(off) < MOST_TOLD else counted(len(off), "item")
    moves = [
        f"{_listed(moved, titles)} {verb}{'' if len(moved) > 1 else 's'}"
        for moved, verb in ((changed.left, "leave"), (changed.entered, "enter"))
        if moved
    ]
    if not moves:
        count = len(changed.moved)
        moves = [f"the same items, {count} of them at other ranks" if count else "the list is the same"]
    return f"Without {gone}: {'; '.join(moves)}.".split(_MARK)


def sentence_parts(explanation: Explanation, titles: Titled, *, because: str) -> list[str]:
    """Return the sentence of an explanation, words and titles in turn."""
    return told(explanation, titles, because=because, mark=_MARK, ranks=False).split(_MARK)


def proofs(explanation: Explanation) -> list[JsonObject]:
    """Say what is proven: a name each, what the name means, and what it does not."""
    claimant = claimed_by(explanation.proof_by)
    who = f" That is claimed by {claimant}." if claimant else ""
    if explanation.status is not Status.FOUND:
        name, meaning = _ENDED.get(explanation.status, _NOT_ASKED)
        return [_proof(name, f"{meaning}{who if explanation.status is Status.IMPOSSIBLE else ''} {RETRAINED}")]
    count, least = len(explanation.items), explanation.at_least
    named = "this item" if count == 1 else "these items"
    if explanation.proof is None:
        return [
            _proof("refuted", f"The list was ranked again without {named}, and they are not the reason. {RETRAINED}")
        ]
    checked = f"The whole list was ranked again: without {named} the recommendation is not listed any more. It does not say that nothing "
    found = [_proof("checked", f"{checked}else has the same effect. {RETRAINED}")]
    if explanation.proof is not Proof.VALID:
        found.append(_proof("minimal", _MINIMAL))
    if explanation.proof is Proof.MINIMUM:
        fewer = f"It is proven that no set of fewer than {counted(count, 'item')} would do."
        found.append(_proof("proven smallest", f"{fewer}{who} Other sets that are as small may do it too. {RETRAINED}"))
    elif least is not None and math.isfinite(least) and least > 1:
        fewest = math.ceil(least)
        found.append(
            _proof(
                f"no set of fewer than {fewest} would do",
                f"It is proven that at least {fewest} items are needed.{who} The set has {count}.",
            )
        )
    return found


def work(explanation: Explanation) -> str:
    """Say how much was tried, and in what time."""
    seconds = explanation.seconds
    time = f"{1000 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"
    return f"tried {counted(explanation.cost, 'history', 'histories')}, {time}"


def _proof(name: str, meaning: str) -> JsonObject:
    return {"name": name, "meaning": meaning}


def _brief(item: ItemId, titles: Titled) -> str:
    """Return a title between marks, cut to a readable length."""
    title = titles.title(item)
    return f"{_MARK}{title if len(title) <= LONGEST_TITLE else f'{title[: LONGEST_TITLE - 1]}…'}{_MARK}"


def _listed(moved: Sequence[Moved], titles: Titled) -> str:
    """Return the titles of items, the first few of many."""
    shown = [_brief(one.item, titles) for one in moved]
    if len(shown) > MOST_TOLD:
        return f"{', '.join(shown[:2])} and {len(shown) - 2} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


_MINIMAL = (
    "None of them can be spared: with any one of them given back, the recommendation is listed again. By itself this does not say "
    "that no other, smaller set would do."
)
_NOT_ASKED = ("could not be asked", "The question has no answer as it was asked.")
_ENDED = {
    Status.IMPOSSIBLE: (
        "proven: no set does it",
        "It is proven that no set of items of the history does it, however large.",
    ),
    Status.BUDGET_SPENT: ("nothing found in time", "The search ended before a set was found. There may be one."),
    Status.NOT_FOUND: ("nothing found", "The method found no set. That there is none is not proven."),
}
