"""Worlds of one table of numbers whose scores are shifted, pinned, squashed, or given a bonus: what shops do to scores."""

import warnings
from dataclasses import dataclass

import numpy as np

import topple
from tests.oracle.worlds import World, catalogue_of

ITEMS = 40
PINNED = 12


@dataclass(frozen=True)
class Shift:
    """What is done to the scores, and in which precision they are handed over.

    `after` takes scores [N, I] and says what they become; the first so many of a list are not asked about.
    """

    name: str
    after: object
    dtype: type = np.float64
    first: int = 0


def _stock():
    return np.arange(ITEMS) % 3 != 0


def _pinned(scores):
    return np.where(np.arange(ITEMS) < PINNED, 1e6, scores)


def _sigmoid(scores):
    return 0.5 * (1 + np.tanh(scores / 2))


SHIFTS = [
    Shift(f"offset {offset:g}, {np.dtype(dtype).name}", lambda scores, offset=offset: scores + offset, dtype)
    for dtype in (np.float32, np.float64)
    for offset in (0, 100, 1e4, 1e6)
]
SHIFTS += [
    Shift("12 items pinned at 1e6", _pinned, first=PINNED),
    Shift("in stock + 10", lambda scores: scores + 10 * _stock()),
    Shift("in stock + 1000", lambda scores: scores + 1000 * _stock()),
    Shift("in stock + 1e6", lambda scores: scores + 1e6 * _stock()),
    Shift("out of stock: -1e9", lambda scores: np.where(_stock(), scores, -1e9)),
    Shift("a sigmoid", _sigmoid),
    Shift("a saturated sigmoid", lambda scores: _sigmoid(3 * scores + 20)),
    Shift("a sigmoid that is 1", lambda scores: _sigmoid(scores + 40)),
]


def shifted_world(shift, seed=0, numbers=None):
    """Return the world of a shift, and whether it was warned that its scores are coarse."""
    random = np.random.default_rng(seed)
    table = (
        random.normal(0.3, 1, (ITEMS, ITEMS)) * (random.random((ITEMS, ITEMS)) < 0.7) if numbers is None else numbers
    )

    def ask(rows):
        return shift.after(np.asarray(rows, dtype=float) @ table).astype(shift.dtype)

    def score(event_items, kept):
        rows = np.zeros((len(kept), ITEMS))
        np.add.at(rows.T, np.asarray(event_items), kept.T)
        return ask(rows).astype(np.float64)

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        model = topple.wrap(ask, "callable", catalogue_of(ITEMS), histories="dense")
    return World(shift.name, model, score, ties=False), any("coarse" in str(each.message) for each in said)
