"""The probe: a few histories that a model is asked about once, so that its scores have a scale."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch
from torch import Tensor

from topple.data.splitting import Split, events
from topple.randomness import derive_seed, uniform
from topple.scoring.memory import in_chunks, rows_at_once
from topple.scoring.variations import HistoryBatch
from topple.types import FloatArray

if TYPE_CHECKING:
    from topple.scoring.recommender import Recommender

HISTORIES = 64
"""Histories of a probe."""
LENGTH = 10
"""Items of a history that is drawn."""
TENTH = 10
"""The rank whose score tells the scale of a history's scores."""
TOP = 20
"""Ranks whose gaps tell how fine the scores are."""
COARSE = 64
"""How many times the rounding must lie within the usual gap between two scores."""
NEGLIGIBLE = 1e-6
"""A share of the largest scale of a history below which another history's does not count."""

Histories: TypeAlias = Sequence[Sequence[int]]
"""Items as indices."""


@dataclass(frozen=True, eq=False)
class Probe:
    """Histories that a model is asked about.

    Args:
        histories: the items of each, as indices.
        weights: the weight of each event; empty: 1.
        times: the time of each event; empty: none.
        contexts: what the model is told besides each history; empty: nothing.
    """

    histories: Histories
    weights: Sequence[Sequence[float]] = ()
    times: Sequence[Sequence[float]] = ()
    contexts: Sequence[object] = ()

    def __len__(self) -> int:
        return len(self.histories)

    def batch(self, chosen: Iterable[int], device: torch.device, dtype: torch.dtype = torch.float64) -> HistoryBatch:
        """Return some of the histories, by number, as a batch."""
        numbers = list(chosen)
        return HistoryBatch.of(
            [self.histories[number] for number in numbers],
            dtype,
            device,
            weights=[self.weights[number] for number in numbers] if self.weights else (),
            times=[self.times[number] for number in numbers] if self.times else (),
            contexts=[self.contexts[number] for number in numbers] if self.contexts else (),
        )

    def other(self, histories: Histories) -> "Probe":
        """Return other histories, with what the model is told besides the first of these."""
        return Probe(histories, contexts=[self.contexts[0]] * len(histories) if self.contexts else ())


@dataclass(frozen=True, slots=True)
class Measures:
    """What a model's scores for its probe tell.

    Args:
        scale: how large the scores of good items are: the median over the histories of |the 10th best score|.
        gap: how far apart two different scores among the best usually are; infinite where all are equal, and 0 where the model is
            saturated: no digits are left that could tell the best items apart.
    """

    scale: float
    gap: float

    def coarse(self, rounding: float) -> bool:
        """Say whether so much rounding may hide which of two scores among the best is higher."""
        return COARSE * rounding * self.scale > self.gap


def drawn(items: int) -> Probe:
    """Return 64 drawn histories."""
    return Probe(drawn_histories(items))


def drawn_histories(items: int) -> list[list[int]]:
    """Return 64 histories of 10 items each, or of all where there are fewer, the same for every catalogue of this size."""
    item, length = torch.arange(items), min(LENGTH, items)
    seed = derive_seed(0, "probe")
    draws = (uniform(torch.tensor(seed ^ row), torch.tensor(0), item) for row in range(HISTORIES))
    return [torch.topk(draw, length).indices.tolist() for draw in draws]


def training_probe(split: Split, most: int = HISTORIES) -> Probe:
    """Return the histories of `most` training users, or of all where there are fewer; oldest item first where times are known."""
    users = np.flatnonzero(np.diff(split.train.indptr))
    draws = uniform(torch.tensor(derive_seed(0, "training users")), torch.tensor(0), torch.from_numpy(users))
    chosen = users[torch.topk(draws, min(most, len(users))).indices.sort().values.numpy()]
    told = [events(split.train, split.times, row) for row in chosen.tolist()]
    weights = [() if (each == 1).all() else each.tolist() for _, each in told]
    return Probe([items.tolist() for items, _ in told], weights if any(weights) else ())


def measure(recommender: "Recommender", probe: Probe) -> Measures:
    """Ask a model for the scores of the probe and return what they tell.

    Args:
        recommender: the model.
        probe: the histories.
    """
    answers = _asked(recommender, probe)
    best = answers.best
    tenths = [abs(scores[min(TENTH, len(scores)) - 1]) for scores in best if len(scores)]
    counted = [tenth for tenth in tenths if tenth and tenth >= NEGLIGIBLE * max(tenths)]
    scale = float(median(counted)) if counted else 0.0
    differ = len({frozenset(history) for history in probe.histories}) > 1
    if differ and answers.saturated:
        return Measures(scale, 0.0)
    gaps = [float(np.median(steps)) for scores in best if len(steps := np.diff(np.unique(scores)))]
    return Measures(scale, median(gaps) if gaps else math.inf)


@dataclass(frozen=True, eq=False)
class _Answers:
    """What a model answered to a probe.

    Args:
        best: the best finite scores of each history, the highest first, 20 or as many as there are.
        same: every history has the same scores.
        flat: all items of a history have the same score, whichever history.
    """

    best: list[FloatArray]
    same: bool
    flat: bool

    @property
    def saturated(self) -> bool:
        """Whether the scores of the best items stand at a ceiling, as those of a sigmoid that is 1 to the last bit.

        So it is where in most histories the best 20 all have one score, and that is the highest of the whole probe. Equal scores
        are no ceiling where they are 0, for nothing speaks for these items (item-kNN has many); where another history has higher
        ones, for then the model could tell more (counts); and where all histories have the same scores and the items have not,
        for that is a model that ignores the history (popularity). A model that gives one number to every item of every history
        tells nothing, and counts as saturated.
        """
        compared = [scores for scores in self.best if len(scores) > 1]
        if not compared or (self.same and not self.flat):
            return False
        ceiling = max(float(scores[0]) for scores in compared)
        return ceiling != 0 and 2 * sum(bool(scores[-1] == ceiling) for scores in compared) > len(compared)


def _asked(recommender: "Recommender", probe: Probe) -> _Answers:
    """Ask a model for the scores of the probe."""
    items = len(recommender.catalogue)
    best = torch.full((len(probe), min(TOP, items)), -torch.inf, dtype=torch.float64)
    first: list[Tensor] = []  # the scores of the first history
    same, flat = [], []

    def ask(rows: slice) -> None:
        scores = known_scores(recommender, probe.batch(range(len(probe))[rows], recommender.device))
        best[rows] = torch.topk(scores, best.shape[1]).values.cpu()
        if not first:
            first.append(scores[0].clone())
        same.append(bool((scores == first[0]).all()))
        flat.append(bool(((scores == scores.amax(1, keepdim=True)) | (scores == -torch.inf)).all()))

    in_chunks(len(probe), rows_at_once(items), ask)
    return _Answers([scores[np.isfinite(scores)] for scores in best.numpy()], all(same), all(flat))


def known_scores(recommender: "Recommender", histories: HistoryBatch) -> Tensor:
    """Return the scores of unchanged histories [B, I], minus infinity where the model has none for an item."""
    scores = recommender.known_scores(histories)
    return scores.masked_fill(~torch.isfinite(scores), -torch.inf)
