"""Keeping the best state of a training on disk while the training goes on."""

import time

from topple.data.splitting import Split
from topple.files import refuse_existing
from topple.inputs import path_of
from topple.recommenders.saving.folders import save_model
from topple.scoring.recommender import Recommender
from topple.types import FilePath

EVERY = 30.0
"""Seconds between two savings."""


class KeepBest:
    """A model folder that always holds the best state so far; give it to `fit` as `on_best`, and call `finish` at the end.

    Args:
        folder: the model folder to make.
        split: the data that is saved with the model, if any.
        overwrite: whether a model folder that is there may be replaced.
        every: seconds between two savings; the first state is saved at once.

    Raises:
        OutputExistsError: the folder may not be replaced; said before the training starts.
    """

    def __init__(
        self, folder: FilePath, split: Split | None = None, *, overwrite: bool = False, every: float = EVERY
    ) -> None:
        refuse_existing(folder, overwrite=overwrite, marker="model.json")
        self._folder, self._split, self._overwrite, self._every = path_of(folder), split, overwrite, every
        self._saved_at: float | None = None

    def __call__(self, model: Recommender) -> None:
        """Save a state that is the best so far, unless one was just saved."""
        if self._saved_at is None or time.monotonic() - self._saved_at >= self._every:
            self.finish(model)

    def finish(self, model: Recommender) -> None:
        """Save a model whatever the time."""
        save_model(model, self._folder, self._split, overwrite=self._overwrite or self._saved_at is not None)
        self._saved_at = time.monotonic()
