"""The records of an answer: Verdict and Explanation. Frozen, in outside ids."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from topple.records.as_json import as_json
from topple.records.question import CandidateRule, Goal, Query
from topple.records.telling.above import by
from topple.records.telling.beside import HasBeside, beside
from topple.records.telling.reprs import explanation_text, record_text
from topple.types import ItemId, JsonObject


class Status(StrEnum):
    """How a query ended."""

    FOUND = "found"
    """The explainer names a set; proof and Verdict say whether the set is true."""
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


class _Stamped:
    """Holds, beside the fields of a record, what is known of this one object: no copy, no replaced record and no file has it."""

    __slots__ = ("stamp",)


@dataclass(frozen=True, slots=True, repr=False)
class Verdict(_Stamped):
    """What re-ranking says of one named set, under one candidate rule.

    `necessary`: without the set, the target is not in the top k. `sufficient`: with the set as the whole history, it
    is. `minimal`: no single item (or group) of a valid set can be given back; None where that was not checked. A query without
    a set has a Verdict too, with `found` False, so that no metric loses the query.

    `margin` is by how much the set does what the goal asks, in units of score: above 0 for a valid set. `within_rounding`:
    a competitor is so near the target that rounding decides who outranks; the verdict then counts the set as not valid.
    `without_evidence`: the set is valid only since nothing that is left of the history speaks for the target, which then ties
    with other items of which the same is true. `whole_history`: `without_evidence`, and the set is a whole history of two items
    or more; such a set counts in the share of whole histories and nowhere else. `at_least`: what the explainer claims that a
    set costs at least, where the judge could not refute it, and `proof_by` the explainer's name. `tied_before`, `tied_after`: how many
    other items tie with the target, where it has `rank_before` and `rank_after`.

    `removal` says what removing items means. Retrained, `necessary`, `rank_after` and `replacements` are of the model fitted anew, in
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
    tied_before: int = field(default=0, compare=False)
    tied_after: int = field(default=0, compare=False)
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

    def __repr__(self) -> str:
        return record_text(self)

    @property
    def valid(self) -> bool:
        """Whether the set does what the query's goal asks."""
        goal = self.query.goal
        return (self.necessary or goal is Goal.SUFFICIENT) and (self.sufficient or goal is Goal.NECESSARY)


@dataclass(frozen=True, slots=True, repr=False)
class Explanation(HasBeside):
    """What an explainer answered to a query, after verification.

    `items` is the named set: what is removed, or with the goal `sufficient` what is kept. `positions` are the positions of
    the named events in the history. With status `found` and no `proof`, `items` is a set that re-ranking refuted.
    `rank_after` is the target's rank without the set, `rank_alone` with nothing but the set. `alternatives` are other sets of
    the same size (with costs, of the same cost), each re-ranked and true. `at_least` is what a set that does what the goal
    asks costs at least, in items or in the costs that the query gives: the cost of `items` where they are a minimum, infinity
    where no set does it, None where nothing is proven or the set was refuted. `proof_by` names the method that proved `at_least`.
    Ranks are 1-based; `cost` is in scored histories; `seconds` is the query's share of its batch's wall time.

    `margin`, `within_rounding`: as in the Verdict. `attributions`: a number for each event, higher holds the target up, with
    `attribution_errors` where a method knows them. `shown`: the list as it was shown, and `shown_is_models` whether it is the
    model's, where that was asked. `model`, `catalogue`, `data`: identities; `at`: when (UTC), by `version` of topple.
    `verdict` is what verification made of the set in this process.

    In a notebook an Explanation is shown as a card (`topple.card`).
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

    def __repr__(self) -> str:
        return explanation_text(self)

    def _repr_html_(self) -> str:
        """Return the card that a notebook shows."""
        return str(by("card")(self))

    def title(self, item: ItemId | None) -> str:
        """Return the title of an item, or the id as text where no title is known: of an explanation that was pickled or copied."""
        return beside(self).titles.title(item)

    def to_dict(self) -> JsonObject:
        """Return every field as a JSON object, titles and sentence with them, as `explanations.jsonl` of a result folder has it.

        Candidates and excluded items are under `item_lists`, by the names that `candidates` and `exclude` hold.
        """
        told: JsonObject = by("as_dict")(self)
        return told

    def to_json(self, *, indent: int | None = None) -> str:
        """Return what `to_dict` does as JSON text; `from_json` reads it.

        Args:
            indent: spaces a level, for people; None for one line.
        """
        return as_json(self.to_dict(), indent=indent)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Explanation":
        """Return the explanation that `to_dict` told; the Verdict is not in it.

        Raises:
            DataError: the object is no explanation, or one of a schema that this version does not read.
        """
        from topple.records.telling.stored import explanation_of

        return explanation_of(stored)

    @classmethod
    def from_json(cls, text: str) -> "Explanation":
        """Return the explanation of a JSON text that `to_json` made.

        Raises:
            DataError: the text is no JSON, or no explanation.
        """
        from topple.records.telling.stored import json_told

        return cls.from_dict(json_told(text))

    def to_frame(self, library: str = "pandas", *, rows: str = "explanations") -> Any:
        """Return a frame of plain columns; the arguments are those of `Explanations.to_frame`."""
        return by("frame")([self], library, rows=rows)
