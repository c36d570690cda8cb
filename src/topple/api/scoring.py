"""Score: what a recommender says of histories, in outside ids."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from topple.api.answers.order import say_no_order
from topple.api.asking import by_user, contexts_of
from topple.api.limits import leaving_out
from topple.errors import QueryError, UnknownIdError, is_list, shown
from topple.records.history import History
from topple.records.question import Request, Unknown
from topple.scoring.checks import check_context, check_recommender
from topple.scoring.devices import computing
from topple.scoring.memory import histories_at_once
from topple.scoring.recommender import Recommender
from topple.scoring.variations import HistoryBatch, unchanged
from topple.types import FloatArray, ItemId, UserHistories, UserId, plain


@computing()
def score(
    recommender: Recommender,
    histories: UserHistories | Sequence[ItemId],
    items: Sequence[ItemId] | None = None,
    *,
    contexts: Mapping[UserId, Any] | None = None,
    context: object = None,
    unknown: Unknown | str = Unknown.REFUSE,
) -> FloatArray:
    """Return the scores of items for histories, as the model gives them: higher is better, comparable within one row.

    Items of the history are scored as any others, and nothing is left out of the catalogue; `recommend` ranks.

    Args:
        recommender: what scores.
        histories: user id to history, or one history as a sequence of item ids; an empty one is scored too. A `topple.History`
            has weights with it.
        items: the items to score, in this order; None for the whole catalogue, in the order of `catalogue.vocabulary.ids`.
        contexts: what a wrapped model is told besides, by user.
        context: the same, of one history.
        unknown: "refuse" items of histories that the catalogue does not hold, or "drop" them: they are left out and counted
            through logging. Items to score are always refused.

    Returns:
        scores [B, C], or [B, I] without items, a row a history in the order of the mapping; for one history [C] or [I].
        NaN where the model has no score for an item.

    Raises:
        QueryError: an id that is not in the catalogue, or a context that the model is not told, or lacks.

    Example:
        >>> from topple.testing import film_recommender
        >>> model = film_recommender()
        >>> first, second = model.catalogue.vocabulary.ids[:2]
        >>> score(model, {"ann": [first], "bob": [first, second]}, [second]).shape
        (2, 1)
        >>> score(model, [first]).shape == (len(model.catalogue),)
        True
    """
    check_recommender(recommender)
    users, single = by_user(histories)
    say_no_order(recommender, users.values())
    told = contexts_of(recommender, contexts, context, single=single)
    for user in users:
        check_context(Request.of(history=(), user=user, context=told.get(user)), recommender)
    left_out = leaving_out(unknown, recommender.catalogue.vocabulary)
    if left_out is not None:
        users = {user: left_out.history(history) for user, history in users.items()}
        left_out.log()
    encoded = [indices_of(recommender, history) for history in users.values()]
    weights = [history.weights if isinstance(history, History) else () for history in users.values()]
    besides = [told.get(user) for user in users]
    columns = None if items is None else torch.from_numpy(_indices(recommender, items))
    width = len(recommender.catalogue) if columns is None else len(columns)
    out = np.empty((len(encoded), width))
    at_once = histories_at_once(len(recommender.catalogue))
    for start in range(0, len(encoded), at_once):
        rows = slice(start, start + at_once)
        out[rows] = scores_of(recommender, encoded[rows], columns, weights[rows], besides[rows]).cpu().numpy()
    return out[0] if single else out


def scores_of(
    recommender: Recommender,
    histories: Sequence[Sequence[int]],
    columns: torch.Tensor | None = None,
    weights: Sequence[Sequence[float]] = (),
    contexts: Sequence[object] = (),
) -> torch.Tensor:
    """Return the scores of histories of indices in float64, [B, I], or [B, C] for the columns given [C]; weights 1 if none."""
    batch = HistoryBatch.of(histories, device=recommender.device, weights=weights, contexts=contexts)
    candidates = None if columns is None else columns.to(recommender.device).expand(len(histories), -1)
    with torch.no_grad():
        return recommender.score(batch, unchanged(batch), candidates)[:, 0].double()


def indices_of(recommender: Recommender, history: Sequence[ItemId]) -> list[int]:
    """Return the indices of a history.

    Raises:
        QueryError: an id that is not in the catalogue.
    """
    indices: list[int] = _indices(recommender, history).tolist()
    return indices


def _indices(recommender: Recommender, items: Sequence[ItemId]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    if not is_list(items):
        raise QueryError(f"{shown(items)} is not a sequence of ids. Give a list of ids.")
    try:
        return recommender.catalogue.vocabulary.encode([plain(item) for item in items])
    except UnknownIdError as error:
        raise QueryError(f"{error} Leave it out.") from error
