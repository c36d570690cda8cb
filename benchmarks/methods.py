"""The methods that are measured, by the names that tables give them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Method:
    """An explainer as it is measured.

    Args:
        explainer: the name of the explainer.
        settings: of the explainer.
        goal: what a set must do.
        seconds: the budget of a query, None for none.
        one: whether users are asked about one by one, in a request each.
    """

    explainer: str
    settings: dict[str, Any] = field(default_factory=dict)
    goal: str = "necessary"
    seconds: float | None = None
    one: bool = False

    def budget(self) -> dict[str, float]:
        """Return the budget as `topple.explain` takes it."""
        return {} if self.seconds is None else {"seconds": self.seconds}


METHODS = {
    "lcer": Method("lcer"),
    "lcer-rank": Method("lcer-rank"),
    "greedy": Method("greedy"),
    "auto, no proof": Method("auto", {"budget": 0}),
    "auto, 50 ms": Method("auto", seconds=0.05),
    "auto": Method("auto"),
    "auto, both": Method("auto", goal="both"),
    "auto, sufficient": Method("auto", goal="sufficient"),
    "request, no proof": Method("auto", {"budget": 0}, one=True),
    "request": Method("auto", one=True),
}
LEARNED = ("lcer", "lcer-rank")
BATCHES = [name for name, method in METHODS.items() if not method.one]


def outcome(answers: Sequence[Sequence[Any]]) -> dict[str, float | None]:
    """Return what became of queries: shares of found and proven, of found sets the share that is minimal and their mean size.

    Args:
        answers: of each query the status, the size of its set, and what is proven of the set, as texts and a number.
    """
    sizes = [size for status, size, _ in answers if status == "found"]
    asked = [answer for answer in answers if answer[0] != "invalid"]
    minimal = sum(status == "found" and proof in ("minimal", "minimum") for status, _, proof in answers)
    proven = sum(status == "impossible" or proof == "minimum" for status, _, proof in answers)
    return {
        "found": len(sizes) / len(asked) if asked else None,
        "minimal": minimal / len(sizes) if sizes else None,
        "proven": proven / len(asked) if asked else None,
        "size": sum(sizes) / len(sizes) if sizes else None,
    }
