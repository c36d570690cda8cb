"""What stands beside the fields of an explanation while it is in this process: titles, and the model to ask for lists."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from weakref import ReferenceType

from topple.types import Id, ItemId


class Titles(Protocol):
    """Tells titles, as a Catalogue does."""

    def title(self, item: Id | None) -> str:
        """Return the title of an item, or the id as text where no title is known; no text for None."""
        ...


@dataclass(frozen=True, slots=True)
class StoredTitles:
    """The titles that a file holds, of the items that explanations name.

    Args:
        known: by item.
    """

    known: Mapping[Id, str] = field(default_factory=dict)

    def title(self, item: Id | None) -> str:
        """Return the title of an item, or the id as text where no title is known; no text for None."""
        if item is None:
            return ""
        known = isinstance(item, str | int)  # a question that could not be asked may hold anything
        return self.known.get(item, str(item)) if known else str(item)


@dataclass(frozen=True, eq=False, slots=True)
class Beside:
    """Who can be asked about an explanation; shared by all explanations of a call.

    It is in no file, and a copy of an explanation, one that was pickled and one made by `replace` have none. The model is not kept in
    memory for it.

    Args:
        titles: the catalogue, or the titles that a file holds.
        model: the recommender that was explained; None for an explanation from a file.
        listed: the recommended list of the whole history, best first; empty where it is not known.
    """

    titles: Titles
    model: ReferenceType[Any] | None = None
    listed: tuple[ItemId, ...] = ()


NOTHING = Beside(StoredTitles())
"""Beside an explanation of which nothing more is known."""


class HasBeside:
    """Holds, beside the fields of a record, who can be asked about this one object."""

    __slots__ = ("_beside",)


def beside(record: HasBeside) -> Beside:
    """Return what stands beside a record."""
    found: Beside = getattr(record, "_beside", NOTHING)
    return found


def put_beside(record: HasBeside, found: Beside) -> None:
    """Put something beside a record that was just made."""
    object.__setattr__(record, "_beside", found)
