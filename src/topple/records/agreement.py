"""The records of an agreement: lists that were shown, and what became of each when the model was asked."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from topple.records.telling.reprs import record_text
from topple.types import ItemId, JsonObject, UserId


class Cause(StrEnum):
    """Why a list that was shown is not the model's."""

    WEIGHTS = "weights"
    """The model was asked, or trained, with other weights."""
    FILTER = "filter"
    """Items were kept from the list (out of stock), or items of the history were not."""
    FACTORS = "other factors"
    """Another training: other data, seed or version of the model."""
    LENGTH = "another k"
    """The shown list is the model's as far as it goes, and shorter or longer."""
    TIES = "ties"
    """The lists differ only among items with equal scores."""
    HISTORY = "history"
    """The history is newer or older than the list."""
    CATALOGUE = "catalogue"
    """The shown list holds items that the model does not know."""
    UNKNOWN = "unknown"
    """Nothing that was tried gives the shown list."""


class Match(StrEnum):
    """How a shown list compares with the model's."""

    IDENTICAL = "identical"
    """The same items in the same order."""
    TIED = "identical up to ties"
    """The same but among items whose scores are equal, or equal within rounding of float32."""
    REORDERED = "another order"
    """The same items in another order."""
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True, repr=False)
class Shown:
    """A list that was shown, and the history that it was made for.

    Args:
        history: the item of each event, oldest first where there is an order.
        items: the list as it was shown, best first.
        user: whose list it is, if known.
        weights: the weight of each event that the model is to be asked with; empty: 1 each.
        context: what a wrapped model is told besides.
    """

    history: tuple[ItemId, ...]
    items: tuple[ItemId, ...]
    user: UserId | None = None
    weights: tuple[float, ...] = ()
    context: Any = field(default=None, compare=False)

    def __repr__(self) -> str:
        return record_text(self)


@dataclass(frozen=True, slots=True, repr=False)
class ComparedList:
    """One shown list beside the model's.

    Args:
        user: whose list it is.
        shown: the list as it was shown.
        listed: the model's list of length k.
        match: how the two compare.
        overlap: the share of the model's k items that are among the first k shown.
        cause: why they differ; None where they are identical.
        reason: the cause in words; nothing where they are identical.
    """

    user: UserId | None
    shown: tuple[ItemId, ...]
    listed: tuple[ItemId, ...]
    match: Match
    overlap: float
    cause: Cause | None = None
    reason: str = ""

    def __repr__(self) -> str:
        return record_text(self)


@dataclass(frozen=True, slots=True, repr=False)
class Agreement:
    """How many of the lists that were shown are the model's.

    Args:
        k: length of the model's lists.
        lists: each shown list beside the model's.
    """

    k: int
    lists: tuple[ComparedList, ...]

    def __repr__(self) -> str:
        if not self.lists:
            return f"<Agreement of no lists at {self.k}>"
        same = self.count(Match.IDENTICAL) + self.count(Match.TIED)
        return f"<Agreement of {len(self.lists):,} shown lists at {self.k}: {same:,} are the model's, mean overlap {self.overlap:.3f}>"

    def count(self, match: Match) -> int:
        """Return how many lists compare in this way."""
        return sum(each.match is match for each in self.lists)

    @property
    def share(self) -> float:
        """The share of the lists that are the model's, identical or identical up to ties."""
        return (self.count(Match.IDENTICAL) + self.count(Match.TIED)) / len(self.lists)

    @property
    def overlap(self) -> float:
        """The mean overlap at k."""
        return sum(each.overlap for each in self.lists) / len(self.lists)

    @property
    def causes(self) -> dict[Cause, int]:
        """How many lists differ for each cause, most frequent first."""
        return dict(Counter(each.cause for each in self.lists if each.cause is not None).most_common())

    @property
    def differing(self) -> tuple[ComparedList, ...]:
        """The lists that are not the model's, ties apart."""
        return tuple(each for each in self.lists if each.match in (Match.REORDERED, Match.DIFFERENT))

    def as_json(self) -> JsonObject:
        """Return the figures and the lists as JSON."""
        return {
            "k": self.k,
            "lists": len(self.lists),
            "identical": self.count(Match.IDENTICAL),
            "identical_up_to_ties": self.count(Match.TIED),
            "another_order": self.count(Match.REORDERED),
            "different": self.count(Match.DIFFERENT),
            "overlap": self.overlap,
            "causes": {cause.value: count for cause, count in self.causes.items()},
            "users": [
                {
                    "user": each.user,
                    "match": each.match.value,
                    "overlap": each.overlap,
                    "cause": None if each.cause is None else each.cause.value,
                    "reason": each.reason,
                    "shown": list(each.shown),
                    "listed": list(each.listed),
                }
                for each in self.lists
            ],
        }
