"""What the trainings of the zoo share: what one may cost, how it draws, and the settings that rows are compared by."""

import logging
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

import torch

from topple.data.splitting import Split
from topple.scoring.recommender import Recommender

LAM = 350.0
"""Weight of the squared norm in every EASE here: the default of the native one, so that their rows can be compared."""
LONGEST = 50
"""Items that the sequence models here read."""


@dataclass(frozen=True)
class Effort:
    """What a training may cost, and the seed of the draws; not every library takes a limit."""

    max_minutes: float | None = None
    seed: int = 0

    def spent(self, started: float) -> bool:
        """Tell whether the time is up of a training that started at this `time.perf_counter`."""
        return self.max_minutes is not None and time.perf_counter() - started > 60 * self.max_minutes

    @contextmanager
    def draws(self) -> Iterator[None]:
        """Let torch draw by the seed, and leave the draws of everybody else as they are."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            yield


Train: TypeAlias = Callable[[Split, Effort], Recommender]


def factors(split: Split, wanted: int) -> int:
    """Return the dimensions of a factor model: as many as wanted, and fewer than users or items."""
    return max(1, min(wanted, min(split.train.shape) - 1))


@contextmanager
def quiet(logger: str) -> Iterator[None]:
    """Keep what a library tells of trainings, and advice on faster machines, off the screen."""
    library = logging.getLogger(logger)
    level = library.level
    try:
        library.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        library.setLevel(level)
