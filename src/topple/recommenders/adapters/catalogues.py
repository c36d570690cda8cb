"""An outside model: its library, its class, and its catalogue, the ids that its user gives or its library keeps."""

import logging
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from importlib import import_module
from typing import Any

import numpy as np

from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import DataError, RecommenderError, as_list, how_to_install
from topple.types import Id

logger = logging.getLogger(__name__)


def catalogue_of(
    items: Catalogue | Vocabulary | Iterable[Id] | None, name: str, columns: int | None = None
) -> Catalogue:
    """Return the catalogue that `items` stand for.

    Args:
        items: outside ids in the order of the model's score columns, or a catalogue of them.
        name: of the model.
        columns: how many items the model scores, where it says so.

    Raises:
        DataError: none were given and the model keeps none, or they are no ids.
        RecommenderError: not as many as the model scores.
    """
    if items is None:
        raise DataError(
            f"{name} does not say which items it scores. Give items=: their ids in the order of its score columns."
        )
    if isinstance(items, AbstractSet | Mapping | str | bytes):
        raise DataError(
            f"the items of {name} are a {type(items).__name__}, which has no order of columns or holds no ids. Give a list: the id "
            "of the item of each score column in turn."
        )
    try:
        catalogue = items if isinstance(items, Catalogue) else Catalogue(_vocabulary(items))
    except DataError as error:
        raise DataError(f"the items of {name}: {error}") from error
    if columns is not None and len(catalogue) != columns:
        raise RecommenderError(
            f"{len(catalogue):,} items for {name}, which scores {columns:,}. Give one id an item, in the order of its columns."
        )
    return catalogue


def say_weighted(name: str, weights: Any) -> None:
    """Say through logging that a model was fitted on weights, if they are not all 1.

    Args:
        name: of the model.
        weights: what it was fitted on, or the least and the largest of that.
    """
    numbers = np.asarray(weights, dtype=np.float64)
    low, high = float(np.min(numbers, initial=1)), float(np.max(numbers, initial=1))
    if low != 1 or high != 1:
        logger.warning(
            "%s was fitted on weights from %g to %g. Give the weights of a history with its items: with weights of 1 the lists are "
            "those of somebody who met each item once.",
            name,
            low,
            high,
        )


def library(name: str, extra: str | None = None) -> Any:
    """Import an outside library, or a module of it.

    Raises:
        RecommenderError: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        root = name.split(".")[0]
        raise RecommenderError(
            f"{root} cannot be imported ({error}). Install it: {how_to_install(extra or root)}."
        ) from error


def is_of(model: Any, module: Any, kind: str) -> bool:
    """Say whether the model is of a class of a module that this version of a library may not have."""
    found = getattr(module, kind, None)
    return found is not None and isinstance(model, found)


def _vocabulary(items: Vocabulary | Iterable[Id]) -> Vocabulary:
    if isinstance(items, Vocabulary):
        return items
    return Vocabulary(as_list(items, "items", "a list: the id of the item of each score column in turn"))
