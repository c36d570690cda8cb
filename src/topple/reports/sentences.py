"""Sentences that a person understands."""

from collections.abc import Sequence

from topple.data.vocabulary import Catalogue
from topple.explanation import Explanation, Proof, Status
from topple.types import ItemId

_NUMBERS = ("none", "this one", "these two", "these three", "these four", "these five", "these six")
MOST_NAMED = 12


def sentence(explanation: Explanation, catalogue: Catalogue) -> str:
    """Return an explanation in words, titles between asterisks, the target's rank in brackets.

    Example: You are recommended *Aliens* (2) because you liked *Alien* and *The Terminator*. Without these two, *Jaws*
    would take its place.
    """
    target = f"*{catalogue.title(explanation.query.target)}* ({explanation.rank_before})"
    if explanation.status is Status.INVALID:
        return f"This could not be asked: {explanation.reason}"
    if explanation.status is not Status.FOUND:
        return f"You are recommended {target}; no set of your items was found without which it would leave: {explanation.reason}."
    named = _listed(explanation.removed, catalogue)
    number = (
        _NUMBERS[len(explanation.removed)]
        if len(explanation.removed) < len(_NUMBERS)
        else f"these {len(explanation.removed)}"
    )
    if not explanation.valid:
        return (
            f"You are recommended {target}. {explanation.method} names {named}, but that is not the reason: without "
            f"{number} it would still be recommended, at rank {explanation.rank_after}."
        )
    taker = (
        f"*{catalogue.title(explanation.replacements[0])}* would take its place"
        if explanation.replacements
        else "it would leave the list"
    )
    smallest = (
        " No smaller set would do." if explanation.proof is Proof.MINIMUM and len(explanation.removed) > 1 else ""
    )
    return f"You are recommended {target} because you liked {named}. Without {number}, {taker}.{smallest}"


def _listed(items: Sequence[ItemId], catalogue: Catalogue) -> str:
    titles = [f"*{catalogue.title(item)}*" for item in items]
    if len(titles) > MOST_NAMED:
        return f"{', '.join(titles[:MOST_NAMED])} and {len(titles) - MOST_NAMED} more"
    return titles[0] if len(titles) == 1 else f"{', '.join(titles[:-1])} and {titles[-1]}"
