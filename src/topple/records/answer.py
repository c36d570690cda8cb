"""The records of an answer: Verdict and Explanation. Frozen, in outside ids."""

from dataclasses import dataclass, field
from enum import StrEnum

from topple.records.question import CandidateRule, Goal, Query
from topple.types import ItemId, JsonObject


class Status(StrEnum):
    """How a query ended."""

    FOUND = "found"
    """The explainer names a set; whether it is true is the proof's and the Verdict's to say."""
    NOT_FOUND = "not_found"
    BUDGET_SPENT = "budget_spent"
    IMPOSSIBLE = "impossible"
    """No set that the query allows does what the goal asks, and that is proven."""
    INVALID = "invalid"
    """The query could not be asked; the reason says why. Invalid queries are in no denominator."""


class Proof(StrEnum):
    """The strongest claim about a found set that was checked."""

    VALID = "valid"
    """Re-ranked with the full catalogue, and the set does what the query's goal asks."""
    MINIMAL = "minimal"
    """Valid, and no single item (or group) of it can be given back."""
    MINIMUM = "minimum"
    """Valid, and no smaller set exists; with costs, no cheaper one."""


class Removal(StrEnum):
    """What it means that items are removed."""

    INFERENCE = "inference"
    """The history is changed, and the model scores it as it is."""
    RETRAINED = "retrained"
    """The model is fitted anew without these interactions of the user."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What re-ranking says of one named set, under one candidate rule.

    `necessary`: without the set, the target is not in the top k. `sufficient`: with the set as the whole history, it
    is. `minimal`: no single item (or group) of a valid set can be given back; None where that was not checked. A query with
    no set (`found` False) is carried along, so that no metric can lose it; the `rank_alone` is that of an empty history.

    `margin` is by how much the set does what the goal asks, in units of score: above 0 for a valid set. `within_rounding`:
    some competitor lies so near the bar that rounding decides; the verdict holds whichever way it goes. `without_evidence`:
    the set is valid only since nothing that is left of the history speaks for the target, which then ties with other items
    of which the same is true. `whole_history`: that, and the set is a whole history of two items or more; such a set counts
    in the share of whole histories and nowhere else. `at_least` and `proof_by` are the claim's: what a set costs at least,
    and the method that proved it.

    `removal` names what was done. Retrained, `necessary`, `rank_after` and `replacements` are of the model fitted anew, in
    `seconds`; `sufficient` and `rank_alone` stay those of inference, and `minimal` is None, as each item given back would
    be another fit.
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
    margin: float | None = field(default=None, compare=False)
    within_rounding: bool = False
    without_evidence: bool = False
    whole_history: bool = False
    at_least: float | None = None
    proof_by: str = ""
    removal: Removal = Removal.INFERENCE
    seconds: float = 0.0

    @property
    def valid(self) -> bool:
        """Whether the set does what the query's goal asks."""
        goal = self.query.goal
        return (self.necessary or goal is Goal.SUFFICIENT) and (self.sufficient or goal is Goal.NECESSARY)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What an explainer answered to a query, after verification.

    `items` is the named set, what is removed; with the goal `sufficient` it is what is kept. `positions` are those of the
    named events in the history. With status `found` and no `proof` it is a set that re-ranking refuted. `rank_after` is the
    target's rank without the set, `rank_alone` with nothing but the set. `alternatives` are other sets of the same size (with
    costs, of the same cost), each re-ranked and true. `at_least` is what no set that does it costs less than (items, or the
    costs that the query gives): the set's own cost where it is a minimum, infinity where no set does it. `proof_by` names the
    method whose proof that is. Ranks are 1-based; `cost` is in scored histories; `seconds` is the query's share of its batch's
    wall time.

    `margin`, `within_rounding`: as in the Verdict. `attributions`: a number for each event, higher holds the target up, with
    `attribution_errors` where a method knows them. `shown`: the list as it was shown, and `shown_is_models` whether it is the
    model's, where that was asked. `model`, `catalogue`, `data`: identities; `at`: when (UTC), by `version` of topple.
    `verdict` is what verification made of the set in this process.
    """

    query: Query
    status: Status
    items: tuple[ItemId, ...] = ()
    positions: tuple[int, ...] = ()
    replacements: tuple[ItemId, ...] = ()
    rank_before: int | None = None
    rank_after: int | None = None
    rank_alone: int | None = None
    alternatives: tuple[tuple[ItemId, ...], ...] = ()
    proof: Proof | None = None
    at_least: float | None = None
    proof_by: str = ""
    margin: float | None = field(default=None, compare=False)
    within_rounding: bool = False
    attributions: tuple[float, ...] = ()
    attribution_errors: tuple[float, ...] = ()
    shown: tuple[ItemId, ...] = ()
    shown_is_models: bool | None = None
    cost: int = 0
    seconds: float = 0.0
    method: str = ""
    settings: JsonObject = field(default_factory=dict)
    model: str = ""
    catalogue: str = ""
    data: str = ""
    at: str = field(default="", compare=False)
    version: str = ""
    reason: str = ""
    verdict: Verdict | None = field(default=None, compare=False, repr=False)

    @property
    def valid(self) -> bool:
        """Whether a set was found and re-ranking without it confirms it."""
        return self.proof is not None
