"""The records that travel through the house: Query, Explanation, Verdict. All frozen, all in outside ids."""

from dataclasses import dataclass, field
from enum import StrEnum

from topple.types import ItemId, JsonObject, UserId


class CandidateRule(StrEnum):
    """Which items compete for the list after a removal."""

    UNSEEN_BEFORE = "unseen_before"
    """Items outside the original history: a removed item cannot come back as a recommendation."""
    UNSEEN_AFTER = "unseen_after"
    """Items outside the changed history: a removed item may be recommended again (LCER's evaluation)."""


class Status(StrEnum):
    """How a query ended."""

    FOUND = "found"
    """The explainer names a set; whether it is true is the proof's and the Verdict's to say."""
    NOT_FOUND = "not_found"
    BUDGET_SPENT = "budget_spent"
    IMPOSSIBLE = "impossible"
    """No set of history items topples the target, and that is proven."""
    INVALID = "invalid"
    """The query could not be asked; the reason says why. Invalid queries are in no denominator."""


class Proof(StrEnum):
    """The strongest claim about a found set that was checked."""

    VALID = "valid"
    """Re-ranked with the full catalogue, and the target has left the list."""
    MINIMAL = "minimal"
    """Valid, and no single item of it can be given back."""
    MINIMUM = "minimum"
    """Valid, and no smaller set exists."""


@dataclass(frozen=True, slots=True)
class Query:
    """One question: which items of `history` topple `target` out of the top `k`?

    Args:
        history: the user's past items, outside ids, no repeats.
        target: the recommended item to topple; not in the history.
        k: length of the recommended list, at least 1.
        rule: which items compete after the removal.
        protected: items of the history that must stay.
        seed: seed of the run; draws are keyed by it, the user (or the history) and the target.
        user: whose history it is, if known.
    """

    history: tuple[ItemId, ...]
    target: ItemId
    k: int = 5
    rule: CandidateRule = CandidateRule.UNSEEN_BEFORE
    protected: frozenset[ItemId] = frozenset()
    seed: int = 0
    user: UserId | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What an explainer answered to a query, after verification.

    `removed` of status `found` with no `proof` is a set that the explainer named and that re-ranking refuted: the
    target is still at `rank_after`. Ranks are 1-based; `cost` is in scored histories; `seconds` is the query's share
    of its batch's wall time.
    """

    query: Query
    status: Status
    removed: tuple[ItemId, ...] = ()
    replacements: tuple[ItemId, ...] = ()
    rank_before: int | None = None
    rank_after: int | None = None
    proof: Proof | None = None
    cost: int = 0
    seconds: float = 0.0
    method: str = ""
    settings: JsonObject = field(default_factory=dict)
    model: str = ""
    catalogue: str = ""
    reason: str = ""

    @property
    def valid(self) -> bool:
        """Whether a set was found and re-ranking without it confirms it."""
        return self.proof is not None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What re-ranking says of one named set, under one candidate rule.

    `necessary`: without the set, the target is not in the top k. `sufficient`: with the set as the whole history, it
    is. `minimal`: no single item of a necessary set can be given back; None where that was not checked. A query with
    no set (`found` False) is carried along, so that no metric can lose it; its `rank_alone` is that of an empty history.
    """

    query: Query
    rule: CandidateRule
    found: bool
    size: int = 0
    rank_before: int | None = None
    rank_after: int | None = None
    rank_alone: int | None = None
    replacements: tuple[ItemId, ...] = ()
    necessary: bool = False
    sufficient: bool = False
    minimal: bool | None = None
