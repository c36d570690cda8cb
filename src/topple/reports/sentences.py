"""Sentences that a person understands."""

import math
from collections.abc import Sequence

from topple.data.vocabulary import Catalogue
from topple.metrics import claimed_by
from topple.records.answer import Explanation, Proof, Status
from topple.records.question import Goal
from topple.types import ItemId

_NUMBERS = ("none", "this one", "these two", "these three", "these four", "these five", "these six")
_SOUGHT = {
    Goal.NECESSARY: "without which it would leave",
    Goal.SUFFICIENT: "that alone would keep it",
    Goal.BOTH: "without which it would leave and that alone would keep it",
}
_NOTHING_SPEAKS, _NOTHING_LEFT = "without these, nothing in ", "nothing is left to speak for it"
"""How the reasons of sets begin that topple by ties alone; no replacement is named for those."""
MOST_NAMED = 12


def sentence(explanation: Explanation, catalogue: Catalogue) -> str:
    """Return an explanation in words, titles between asterisks, the target's rank in brackets.

    Example: You are recommended *Aliens* (2) because you liked *Alien* and *The Terminator*. Without these two, *Jaws*
    would take its place.
    """
    query, number = explanation.query, _number(len(explanation.items))
    target = f"*{catalogue.title(query.target)}* ({explanation.rank_before})"
    if explanation.status is Status.INVALID:
        return f"This could not be asked: {explanation.reason}"
    if explanation.status is not Status.FOUND:
        sought = f"You are recommended {target}; no set of your items was found {_SOUGHT[query.goal]}"
        return f"{sought}: {_reason(explanation)}{_needed(explanation)}."
    named = _listed(explanation.items, catalogue)
    if not explanation.valid:
        where = _still(explanation, number)
        return f"You are recommended {target}. {explanation.method} names {named}, but that is not the reason: {where}."
    told = [f"You are recommended {target} because you liked {named}. {_effect(explanation, number, catalogue)}"]
    told += _bound(explanation)
    if explanation.alternatives:
        others = "; ".join(_listed(items, catalogue) for items in explanation.alternatives)
        told.append(f"{'As cheap' if query.item_costs else 'As small'}: {others}.")
    return " ".join(told)


def _effect(explanation: Explanation, number: str, catalogue: Catalogue) -> str:
    """Say what the set does."""
    alone = f"would keep it in the list of {explanation.query.k}"
    if explanation.query.goal is Goal.SUFFICIENT:
        return f"{number.capitalize()} alone, of your {len(explanation.query.history)}, {alone}."
    leaves = "it would leave the list"
    if explanation.reason.startswith(_NOTHING_SPEAKS):
        leaves = "nothing in your history speaks for it"
    elif explanation.reason.startswith(_NOTHING_LEFT):
        leaves = "nothing is left to speak for it"
    elif explanation.replacements:
        leaves = f"*{catalogue.title(explanation.replacements[0])}* would take its place"
    both = f", and {number} alone {alone}" if explanation.query.goal is Goal.BOTH else ""
    return f"Without {number}, {leaves}{both}."


def _bound(explanation: Explanation) -> list[str]:
    """Say that no smaller set would do, or how small it might be, and who claims so."""
    query, least = explanation.query, explanation.at_least
    if explanation.proof is Proof.MINIMUM:
        telling = len(explanation.items) > 1 or query.item_costs
        words = f"No {'cheaper' if query.item_costs else 'smaller'} set would do"
        return [f"{words}{_claimed(explanation)}."] if telling else []
    if least is None or not math.isfinite(least):
        return []
    if query.item_costs:
        cost = query.item_cost(explanation.items)
        return [f"A set costs between {least:g} and {cost:g}{_claimed(explanation)}."] if least < cost else []
    fewest, most = math.ceil(least), len(explanation.items)
    return [f"Between {fewest} and {most} items are needed{_claimed(explanation)}."] if 1 < fewest < most else []


def _needed(explanation: Explanation) -> str:
    """Say what a set that was not found has to have at least."""
    least = explanation.at_least
    if least is None or not math.isfinite(least) or least <= 1:
        return ""
    if explanation.query.item_costs:
        return f"; a set costs at least {least:g}{_claimed(explanation)}"
    return f"; at least {math.ceil(least)} items are needed{_claimed(explanation)}"


def _claimed(explanation: Explanation) -> str:
    """Name the method of another package that claims a proof, in brackets."""
    claimant = claimed_by(explanation.proof_by)
    return f" (claimed by {claimant})" if claimant else ""


def _reason(explanation: Explanation) -> str:
    """Return the reason; what a method of another package proves is called a claim."""
    claimant = claimed_by(explanation.proof_by)
    proven = "proven: "
    if claimant and explanation.reason.startswith(proven):
        return f"claimed by {claimant}: {explanation.reason.removeprefix(proven)}"
    return explanation.reason


def _still(explanation: Explanation, number: str) -> str:
    """Say why a set is not the reason."""
    rank, k = explanation.rank_after, explanation.query.k
    if explanation.reason.startswith("refused"):
        return explanation.reason
    if explanation.query.goal is not Goal.SUFFICIENT and rank is not None and rank <= k:
        return f"without {number} it would still be recommended, at rank {rank}"
    return f"for {number} alone it would be at rank {explanation.rank_alone} and not recommended"


def _number(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else f"these {count}"


def _listed(items: Sequence[ItemId], catalogue: Catalogue) -> str:
    titles = [f"*{catalogue.title(item)}*" for item in items]
    if len(titles) > MOST_NAMED:
        return f"{', '.join(titles[:MOST_NAMED])} and {len(titles) - MOST_NAMED} more"
    return titles[0] if len(titles) == 1 else f"{', '.join(titles[:-1])} and {titles[-1]}"
