"""Wrap: a model that another library trained, as a recommender."""

import inspect
import logging
import warnings
from collections.abc import Iterable
from importlib import import_module
from typing import Any

from topple import registry
from topple.api.agreement import agreement
from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import SettingsError, need
from topple.scoring.devices import computing
from topple.scoring.recommender import Recommender
from topple.types import Id

logger = logging.getLogger(__name__)

USERS, K = 8, 10
"""Lists of the library that are compared with those of the wrapped model, and their length."""
ENOUGH = 0.75
"""Share of the lists that must be the library's; below it a warning is given."""


@computing(gradients=True)
def wrap(
    model: Any,
    library: str = "callable",
    items: Catalogue | Vocabulary | Iterable[Id] | None = None,
    *,
    check: bool = True,
    **options: Any,
) -> Recommender:
    """Return a trained model of another library as a recommender.

    Args:
        model: the model; it is never changed.
        library: a name of the registry: "callable" (any function), "torch", "sklearn", "implicit", "lenskit", "rectools",
            "cornac" or "recbole".
        items: the ids of the items in the order of the model's score columns; None where the library keeps them.
        check: whether to compare a few lists with those that the library itself recommends, where it can, and to warn where they
            are others: what is explained would not be what is shown.
        options: of the adapter, such as `histories="csr"` of "callable".

    Warns once where rounding may hide which of two good items scores higher, or has made all good items equal, and says what
    helps.

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
    given: object = items
    if isinstance(given, int | float):  # anything else may be what a library calls its data
        need(given, Iterable, "items", "the id of the item of each score column in turn")
    adapter = registry.load("adapters", library)
    known = list(inspect.signature(adapter).parameters)[2:]
    unknown = [option for option in options if option not in known]
    if unknown:
        raise SettingsError(
            f"{unknown[0]!r} is not an option of the adapter of {library}: {', '.join(known) or 'it has none'}. Leave it out."
        )
    recommender: Recommender = adapter(model, items, **options)
    if recommender.coarse:
        warnings.warn(_coarse(recommender), stacklevel=3)  # past the decorator
    _ = recommender.fingerprint  # found out here, so that no answer's deadline pays for it
    told = _disagreement(model, items, recommender, adapter.__module__) if check else ""
    if told:
        warnings.warn(told, stacklevel=3)  # past the decorator
    return recommender


def _disagreement(model: Any, items: Any, recommender: Recommender, adapter: str) -> str:
    """Say how few of the lists that the library itself recommends are those of the wrapped model; nothing where enough are.

    An adapter that has a function `lists_of_library` is asked for them.
    """
    lists_of_library = getattr(import_module(adapter), "lists_of_library", None)
    k = min(K, len(recommender.catalogue) // 3)
    if lists_of_library is None or k < 1:
        return ""
    try:
        shown = lists_of_library(model, items, recommender, USERS, k)
        shown = [each for each in shown if each.items and each.history]
        found = agreement(recommender, shown, k) if shown else None
    except Exception as error:  # noqa: BLE001 - a library that cannot recommend here may still be explained
        logger.info(
            "%s was not compared with the library's lists: %s: %s", recommender.name, type(error).__name__, error
        )
        return ""
    if found is None:
        return ""
    logger.info("%s: %.0f %% of %d lists are those of the library", recommender.name, 100 * found.share, len(shown))
    if found.share >= ENOUGH:
        return ""
    cause, count = next(iter(found.causes.items()))
    reason = next(each.reason for each in found.lists if each.cause is cause)
    return (
        f"{round(found.share * len(shown))} of {len(shown)} lists that the library itself recommends are those of the wrapped "
        f"{recommender.name} (mean overlap at {k}: {found.overlap:.2f}): explanations would be of other lists. The likely reason of "
        f"{count}: {cause}: {reason}. check=False leaves the comparison out."
    )


def _coarse(recommender: Recommender) -> str:
    """Say that scores are coarse, what follows, and what helps."""
    helps = (
        "Wrap the logits and not what a sigmoid or softmax makes of them, compute in float64, or take a smaller constant off all "
        "scores."
    )
    if not recommender.measures().gap:
        return (
            f"{recommender.name} has scores so coarse that for most histories the best items all score {recommender.scale:.3g}: "
            f"which is above which is left to ties, and hardly any set is found. {helps}"
        )
    return (
        f"{recommender.name} has scores so coarse that rounding (up to {recommender.rounding:.1g} of {recommender.scale:.3g}, the "
        f"usual size of a good item's score) may decide who is above whom: fewer sets are found, and ties cannot be told. {helps}"
    )
