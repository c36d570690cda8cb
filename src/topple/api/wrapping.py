"""Wrap: a model that another library trained, as a recommender."""

import inspect
from collections.abc import Iterable
from typing import Any

from topple import registry
from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import SettingsError
from topple.scoring.recommender import Recommender
from topple.types import Id


def wrap(
    model: Any, library: str = "callable", items: Catalogue | Vocabulary | Iterable[Id] | None = None, **options: Any
) -> Recommender:
    """Return a trained model of another library as a recommender.

    Args:
        model: the model; it is never changed.
        library: a name of the registry: "callable" (any function), "torch", "sklearn", "implicit", "lenskit", "rectools",
            "cornac" or "recbole".
        items: the ids of the items in the order of the model's score columns; None where the library keeps them.
        options: of the adapter, such as `histories="csr"` of "callable".

    Raises:
        UnknownNameError: no such library.
        SettingsError: an option that the adapter does not have.
        CapabilityError: the model cannot score a history that has changed; the message says what would work.
        RecommenderError: the model breaks the scoring contract.

    Example:
        >>> import numpy as np
        >>> gives = np.array([[0.0, 2.0, 1.0], [3.0, 0.0, 1.0], [1.0, 5.0, 0.0]])
        >>> model = wrap(lambda rows: rows @ gives, "callable", ["alien", "brazil", "duel"], histories="csr")
    """
    adapter = registry.load("adapters", library)
    known = list(inspect.signature(adapter).parameters)[2:]
    unknown = [option for option in options if option not in known]
    if unknown:
        raise SettingsError(
            f"{unknown[0]!r} is not an option of the adapter of {library}: {', '.join(known) or 'it has none'}. Leave it out."
        )
    recommender: Recommender = adapter(model, items, **options)
    return recommender
