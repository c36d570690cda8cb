"""The items of a history with the weight of each event, as one value."""

from collections.abc import Iterable
from typing import Any, Self, SupportsIndex

from topple.types import ItemId


class History(tuple[ItemId, ...]):
    """The item of each event of a history, and the weights that go with them wherever the history is given.

    Args:
        items: the item of each event.
        weights: the weight of each event; empty for 1 each.
        ordered: whether the items are in the order of the events; False where that is not known.

    Raises:
        ValueError: not as many weights as items.

    Example:
        >>> listened = History(["alien", "brazil"], [12, 1])
        >>> list(listened), listened.weights, listened[:1].weights
        (['alien', 'brazil'], (12.0, 1.0), (12.0,))
    """

    weights: tuple[float, ...]
    ordered: bool

    def __new__(cls, items: Iterable[ItemId] = (), weights: Iterable[float] = (), *, ordered: bool = True) -> Self:
        """Make the tuple of the items."""
        history = super().__new__(cls, items)
        history.weights = tuple(map(float, weights))
        history.ordered = ordered
        if history.weights and len(history.weights) != len(history):
            raise ValueError(
                f"{len(history.weights)} weights for a history of {len(history)} events. Give one an event, or none."
            )
        return history

    def __getitem__(self, position: SupportsIndex | slice) -> Any:
        """Return an item, or part of the history with the weights of that part."""
        if isinstance(position, slice):
            return History(super().__getitem__(position), self.weights[position], ordered=self.ordered)
        return super().__getitem__(position)

    def __repr__(self) -> str:
        return f"History({super().__repr__()}, weights={self.weights})" if self.weights else super().__repr__()
