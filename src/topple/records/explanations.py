"""Several explanations: a list that can be looked at, and told as JSON and as a frame."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, SupportsIndex, overload

from topple.errors import counted
from topple.records.answer import Explanation, Proof, Status
from topple.records.as_json import as_json
from topple.records.telling.above import by
from topple.types import JsonObject


class Explanations(list[Explanation]):
    """A list of explanations, as `explain` returns it.

    It is a list in every respect; parts of it and sums with other lists are Explanations too. In a notebook it is shown as a
    table whose rows open to cards.

    Args:
        explanations: the explanations, in order.

    Example:
        >>> from topple.testing import film_recommender
        >>> import topple
        >>> found = topple.explain(film_recommender(), ["alien", "brazil"], k=2, progress=False)
        >>> found
        <Explanations: 2 of a history; 2 true, of these 2 minimum>
        >>> type(found[:1]).__name__, found == list(found)
        ('Explanations', True)
    """

    def __init__(self, explanations: Iterable[Explanation] = ()) -> None:
        super().__init__(explanations)

    def __repr__(self) -> str:
        users = {each.query.user for each in self if isinstance(each, Explanation)}
        of = "" if not self else " of a history" if users == {None} else f" of {counted(len(users), 'user')}"
        told = "; ".join(status_counts(self))
        return f"<Explanations: {len(self):,}{of}{'; ' if told else ''}{told}>"

    def _repr_html_(self) -> str:
        """Return the table of cards that a notebook shows."""
        return str(by("card")(self))

    @overload
    def __getitem__(self, position: SupportsIndex) -> Explanation: ...
    @overload
    def __getitem__(self, position: slice) -> "Explanations": ...
    def __getitem__(self, position: SupportsIndex | slice) -> "Explanation | Explanations":
        """Return an explanation, or a part of the list."""
        if isinstance(position, slice):
            return Explanations(super().__getitem__(position))
        return super().__getitem__(position)

    def __add__(self, others: list[Explanation]) -> "Explanations":  # type: ignore[override] # of explanations alone
        return Explanations(super().__add__(others))

    def copy(self) -> "Explanations":
        """Return a new list of the same explanations."""
        return Explanations(self)

    def to_dict(self) -> JsonObject:
        """Return a JSON object: `explanations`, each as `Explanation.to_dict` tells it, and once for all the `item_lists` they name."""
        lists: JsonObject = {}
        told = [each.to_dict() for each in self]
        for row in told:
            lists |= row.pop("item_lists", {})
        return {"explanations": told, **({"item_lists": lists} if lists else {})}

    def to_json(self, *, indent: int | None = None) -> str:
        """Return what `to_dict` does as JSON text; `from_json` reads it.

        Args:
            indent: spaces a level, for people; None for one line.
        """
        return as_json(self.to_dict(), indent=indent)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any] | list[Any]) -> "Explanations":
        """Return the explanations that `to_dict` told, or that `topple explain --json` printed; a list of objects too.

        Raises:
            DataError: the object is none of these.
        """
        from topple.records.telling.stored import explanations_of

        return explanations_of(stored)

    @classmethod
    def from_json(cls, text: str) -> "Explanations":
        """Return the explanations of a JSON text that `to_json` made, or that `topple explain --json` printed.

        Raises:
            DataError: the text is no JSON, or holds no explanations.
        """
        from topple.records.telling.stored import json_told

        return cls.from_dict(json_told(text))

    def to_frame(self, library: str = "pandas", *, rows: str = "explanations") -> Any:
        """Return a frame of plain columns: numbers, truths and texts, no lists.

        Args:
            library: "pandas" or "polars".
            rows: what a row is about: "explanations", "items" (each item of a set), or "events" (each event of a history, with
                the attribution where the method gives one). Column `explanation` counts the explanations from 0.

        Raises:
            SettingsError: another library, or rows of something else.
            CapabilityError: the library is not installed.
        """
        return by("frame")(self, library, rows=rows)


def status_counts(explanations: Iterable[Explanation]) -> list[str]:
    """Return how many explanations ended how, in words: first the true sets, and what of them is proven.

    Example:
        >>> from topple.records.question import Query
        >>> status_counts([Explanation(Query(["alien"], "brazil"), Status.NOT_FOUND)])
        ['1 not found']
    """
    valid = [each for each in explanations if each.valid]
    minimum = sum(each.proof is Proof.MINIMUM for each in valid)
    told = []
    if valid:
        told.append(f"{len(valid):,} true" + (f", of these {minimum:,} minimum" if minimum else ""))
    others = Counter(each.status for each in explanations if not each.valid)
    for status, count in others.most_common():
        told.append(f"{count:,} {'refuted' if status is Status.FOUND else status.value.replace('_', ' ')}")
    return told
