"""What a command works on: the model of a folder, and histories of the data or of a person's own."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from topple.errors import QueryError, counted
from topple.records.history import History
from topple.types import Id

if TYPE_CHECKING:
    from topple.data.splitting import Split
    from topple.scoring.recommender import Recommender

logger = logging.getLogger(__name__)


def load_on(folder: Path, device: str = "cpu", factory: str | None = None) -> "Recommender":
    """Load the model of a folder onto a device; a factory is looked for where Python looks, and in the working folder."""
    from topple.recommenders.saving.folders import load_model
    from topple.scoring.devices import device_of, on_device

    chosen = device_of(device)  # refused before anything is read
    here = str(Path.cwd())
    if factory is not None and here not in sys.path:
        sys.path.append(here)  # last, so that nothing of the working folder hides a module of Python's
    return on_device(load_model(folder, factory=factory), chosen)


def split_of(folder: Path) -> "Split | None":
    """Return the data of a model folder, if it holds any."""
    from topple.recommenders.saving.folders import load_model_split

    return load_model_split(folder)


def histories_of(
    folder: Path,
    recommender: "Recommender",
    users: Sequence[str] | None,
    history: str | None,
    limit: int | None,
    *,
    trained: bool = False,
    weights: str | None = None,
    known: bool = True,
) -> dict[Id, History]:
    """Return the histories that a person chose: users by id, a history by item ids, or the first test or training users.

    Items of a history that are not known are refused unless `known` is False.
    """
    from topple.api.answers.order import say_no_order
    from topple.api.faces.parsing import history_of

    if weights is not None and history is None:
        raise QueryError(
            "--history-weights are the weights of --history, and users have their own. Give both, or neither."
        )
    if history is not None:
        if users:
            raise QueryError("give --user or --history, not both.")
        if trained:
            raise QueryError("--trained-users are users of the data, and --history is nobody's. Give one of the two.")
        return {"you": history_of(history, weights, recommender.catalogue.vocabulary, known=known)}
    split = split_of(folder)
    if split is None:
        raise QueryError("this model folder holds no users. Give --history with item ids.")
    chosen = split.training_histories if trained else split.histories
    found = chosen([split.train_users.typed(text) for text in users]) if users else chosen(limit=limit)
    if not users and limit is not None and 0 < len(found) < limit:
        there = counted(len(found), "training user" if trained else "test user")
        more = "" if trained else "; others are named with --user"
        logger.warning("%d users are asked for, and the data has %s with a history%s", limit, there, more)
    say_no_order(recommender, found.values())
    return found
