"""Models that read a history as a sequence, and data that do not tell the order of the events."""

import logging
from collections.abc import Iterable
from typing import Any
from weakref import WeakSet

from topple.records.history import History
from topple.scoring.recommender import Capability, Recommender

logger = logging.getLogger(__name__)

_TOLD: WeakSet[Recommender] = WeakSet()
"""The models of which it was said that the histories of data have no order."""


def no_order(model: str, data: str) -> str:
    """Say that a model reads an order that data do not have, what follows, and what to do.

    Args:
        model: the name of the model.
        data: how the data are called.
    """
    return (
        f"{model} reads a history as a sequence, and {data} has neither times nor an order of events: histories come sorted by item id, "
        "and which item is the latest is not known. Of a table, name the column of times (timestamp=, --time-column), or say that the "
        "rows are in the order of the events (ordered=True, --ordered); else choose a model that reads no order, such as ease or "
        "mult-vae."
    )


def say_no_order(recommender: Recommender, histories: Iterable[Any]) -> None:
    """Say through logging, once a model, that it reads histories as sequences, and that histories of data have no order."""
    if not isinstance(recommender, Recommender) or recommender in _TOLD:
        return
    if Capability.ORDER_AWARE not in recommender.capabilities or recommender.training.get("order") == "not known":
        return  # of a model that was fitted here without an order, it was said then
    if any(isinstance(history, History) and not history.ordered for history in histories):
        _TOLD.add(recommender)
        logger.warning("%s", no_order(recommender.name, "the data of these histories"))
