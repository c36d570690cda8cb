"""Why a query ended as it did, in a sentence; these are the reasons of Explanations and of errors."""

from collections.abc import Sequence

from topple import registry
from topple.errors import shown
from topple.explainers.base import Explainer
from topple.metrics import claimed_by
from topple.records.answer import Proof, Status, Verdict
from topple.records.question import Goal, Query
from topple.scoring.recommender import Recommender
from topple.types import ItemId

EVERYONE = 0.9
"""Share of the training users from which on an item is said to be recommended to nearly everyone."""
REASONS = {
    Status.NOT_FOUND: "the method found no set",
    Status.BUDGET_SPENT: "the budget was spent before a set was found",
    Status.IMPOSSIBLE: "proven: no set that the query allows does it",
}
NOT_BEGUN = "the budget was spent before the history was scored: give more seconds, or ask about fewer histories"
WITHOUT_EVIDENCE = (
    "without these, nothing in the history speaks for it: it ties with all items of which the same is true"
)
WHOLE_HISTORY = "nothing is left to speak for it: the set is the whole history"


def no_set(status: Status, proof_by: str) -> str:
    """Say why there is no set; what a method of another package proves is called a claim."""
    reason, claimant = REASONS.get(status, ""), claimed_by(proof_by)
    return reason.replace("proven:", f"claimed by {claimant}:", 1) if claimant else reason


def remark(verdict: Verdict, proof: Proof, *, spent: bool) -> str:
    """Say what a reader is to know of a true set besides the verdict; nothing where there is nothing to say."""
    if verdict.whole_history:
        return WHOLE_HISTORY
    if verdict.without_evidence:
        return WITHOUT_EVIDENCE
    return "the budget was spent: a smaller set may exist" if spent and proof is not Proof.MINIMUM else ""


def nearly_everyone(recommender: Recommender, query: Query) -> str:
    """Say that the target is in nearly every training user's list; nothing where it is not."""
    share = recommender.listed_share(recommender.catalogue.vocabulary.index(query.target), query.k)
    if share is None or share < EVERYONE:
        return ""
    return f"; it is recommended to nearly everyone: to {share:.0%} of the users that the model was trained on"


def coarse(recommender: Recommender) -> str:
    """Say that the scores may be too coarse for a set to show; nothing where they are fine."""
    return "; the model's scores are so coarse that a set may not show in them" if recommender.coarse else ""


def joined(reason: str, more: str) -> str:
    """Return a reason with more that there is to know.

    Example:
        >>> joined("the history is empty. Give one item.", "the list is another")
        'the history is empty. Give one item; the list is another'
    """
    return f"{reason.removesuffix('.')}; {more}" if reason else more


def events_left_out(items: Sequence[ItemId]) -> str:
    """Say what was left out of a history, as the catalogue does not hold it."""
    count = len(items)
    events = "1 event of the history was" if count == 1 else f"{count:,} events of the history were"
    such_as = "" if count == 1 else ", such as"
    return f"{events} left out, as the catalogue does not hold the {'item' if count == 1 else 'items'}{such_as} {shown(items[0])}"


def refuted(verdict: Verdict) -> str:
    """Say why re-ranking refutes a set."""
    k = verdict.query.k
    if verdict.query.goal is not Goal.SUFFICIENT and not verdict.necessary:
        if verdict.rank_after is not None and verdict.rank_after > k:
            return f"without the set the target is out of the top {k} by no more than rounding"
        return f"without the set the target is at rank {verdict.rank_after}, still in the top {k}"
    return f"with nothing but the set the target is at rank {verdict.rank_alone}, not in the top {k}"


def no_such_goal(query: Query, method: Explainer) -> str:
    """Say that a method cannot be asked for a goal, and which can."""
    fits = [name for name, kind in registry.loaded("explainers").items() if query.goal in kind.goals]
    return (
        f"goal={query.goal.value!r}: {method.name} looks for {', '.join(sorted(method.goals))} sets only. Choose of "
        f"{', '.join(fits)}."
    )


def not_listed(query: Query, rank: int) -> str:
    """Say that a target is not in the list."""
    return (
        f"target_item={query.target!r} is at rank {rank}, not in the top {query.k}: there is nothing to topple. Choose one "
        "from recommend(history), or a larger k."
    )


def no_evidence(query: Query) -> str:
    """Say that a target is in the list and nothing in the history speaks for it."""
    return (
        f"target_item={query.target!r} is listed without evidence: nothing in the history speaks for it, and it ties with other "
        f"items of which the same is true. There is nothing to topple. Choose one that recommend(history, {query.k}) marks with "
        "evidence."
    )
