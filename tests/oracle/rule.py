"""The rule of the ranking, worked out by brute force: who outranks whom, which sets topple a target, what they cost.

Nothing of the library is asked here. A score may lie so near the bar that rounding decides; so everything is answered twice:
what is certain, and what is possible.
"""

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

CERTAIN, POSSIBLE = 0, 1


@dataclass(frozen=True)
class Precision:
    """What the rule needs to know of a model.

    Args:
        rounding: how far scores are off, as a share.
        scale: the size of the model's scores.
        fillers: whether an item that scores as for an empty history is a tie without evidence.
    """

    rounding: float
    scale: float
    fillers: bool = True

    def eps(self, target_score):
        """Return by how much a score must be above that of the target, a power of two."""
        wanted = 8 * self.rounding * max(abs(target_score), self.scale)
        return float(2.0 ** np.ceil(np.log2(wanted))) if wanted > 0 else 0.0


class History:
    """The scores of every variation of one history: [2 ** H, I], by the bits of the events that are kept."""

    def __init__(self, score, items, weights=None):
        self.items = np.asarray(items)
        self.weights = np.ones(len(items)) if weights is None or not len(weights) else np.asarray(weights, dtype=float)
        self.full = 2 ** len(self.items) - 1
        bits = np.arange(self.full + 1)[:, None] >> np.arange(len(self.items)) & 1
        self.kept = bits.astype(bool)
        self.scores = score(self.items, bits * self.weights)

    @property
    def empty(self):
        """The scores of the empty history [I]."""
        return self.scores[0]

    def holds(self, catalogue_size):
        """Return which items each variation still holds, bool [2 ** H, I]."""
        out = np.zeros((len(self.kept), catalogue_size), dtype=bool)
        for event, item in enumerate(self.items):
            out[:, item] |= self.kept[:, event]
        return out


@dataclass
class Question:
    """One query in indices: the history is a `History`, sets are bits of events.

    Args:
        history: the history.
        precision: of the model.
        target: index of the target.
        k: length of the list.
        rule, goal: by their names.
        units: bits of the events that may be named together, disjoint [U].
        costs: of each unit, in whole thousandths [U].
        sizes: of each unit, in items [U].
        largest: most items of a set.
        may_be_listed: bool [I].
        ids: the ids of the catalogue.
    """

    history: History
    precision: Precision
    target: int
    k: int
    rule: str
    goal: str
    units: np.ndarray
    costs: np.ndarray
    sizes: np.ndarray
    largest: int | None
    may_be_listed: np.ndarray
    ids: list

    @cached_property
    def eps(self):
        return self.precision.eps(self.history.scores[-1, self.target])

    @cached_property
    def competing(self):
        """Which items compete with the target in each variation, bool [2 ** H, I]."""
        items = self.history.scores.shape[1]
        holds = self.history.holds(items)
        hidden = {"unseen_before": holds[-1:], "unseen_after": holds, "all": np.zeros_like(holds[:1])}[self.rule]
        out = np.broadcast_to(~hidden & self.may_be_listed, holds.shape).copy()
        out[:, self.target] = False
        return out

    @cached_property
    def counts(self):
        """How many items stand above the target in each variation [2, 2, 2 ** H]: certain and possible; without and with fillers."""
        s, rounding, eps = self.history.scores, self.precision.rounding, self.eps
        t = s[:, self.target, None]
        with np.errstate(invalid="ignore"):
            gap, band = s - t, rounding * np.maximum(np.abs(s), np.abs(t))
            band = np.where(np.isfinite(band), band, 0)
            above = [gap - eps > band, gap - eps >= -band]
            moved, off = np.abs(s - s[:1]), rounding * np.maximum(np.abs(s), np.abs(s[:1]))
            filler = [moved <= eps - off, moved <= eps + off]
            level = [gap >= -eps + band, gap >= -eps - band]
        out = np.zeros((2, 2, len(s)), dtype=int)
        for sure in (CERTAIN, POSSIBLE):
            outranks = above[sure] & self.competing
            fills = filler[sure] & level[sure] & self.competing
            fills &= filler[sure][:, self.target, None] & self.precision.fillers
            out[sure, 0] = outranks.sum(1)
            out[sure, 1] = (outranks | fills).sum(1)
        return out

    @cached_property
    def out(self):
        """Whether the target is out of the list in each variation, certain and possible, bool [2, 2 ** H]."""
        return self.counts[:, 1] >= self.k

    def does(self, bits, sure):
        """Whether a set of events (or an array of sets) does what the goal asks, for certain or possibly."""
        necessary = self.out[sure, self.history.full ^ bits]
        sufficient = ~self.out[1 - sure, bits]
        return {"necessary": necessary, "sufficient": sufficient, "both": necessary & sufficient}[self.goal]

    @cached_property
    def allowed(self):
        """Bits [N] and costs [N] of all sets that are allowed."""
        chosen = _chosen(len(self.units))
        chosen = chosen if self.largest is None else chosen[chosen @ self.sizes <= self.largest]
        return chosen @ self.units, chosen @ self.costs

    def cheapest(self, sure):
        """Return the bits and the cost of a cheapest set that does it, for certain or possibly; None where none does."""
        bits, cost = self.allowed
        does = self.does(bits, sure)
        if not does.any():
            return None
        first = np.where(does, cost, np.iinfo(np.int64).max).argmin()
        return int(bits[first]), int(cost[first])

    def one_less(self, bits):
        """Return the sets with one unit given back, none of them empty."""
        return [bits ^ unit for unit in self.units.tolist() if unit & bits and bits ^ unit]


@cache
def _chosen(units):
    """Return all choices of units but the empty one, as 0 and 1 [2 ** U - 1, U]."""
    return np.arange(1, 2**units)[:, None] >> np.arange(units) & 1


def scale_of(score, items, histories=None, histories_drawn=64, length=10):
    """Return the scale of a model by the definition, over a probe of histories (drawn here unless they are given).

    It is the median, over the probe, of the size of the tenth best finite score; what is under a millionth of the largest is
    left out.
    """
    random = np.random.default_rng(0)
    drawn = [random.permutation(items)[: min(length, items)] for _ in range(histories_drawn)]
    sizes = []
    for history in drawn if histories is None else histories:
        found = score(np.asarray(history), np.ones((1, len(history))))[0]
        best = np.sort(found[np.isfinite(found)])[::-1]
        sizes.append(abs(best[min(9, len(best) - 1)]) if len(best) else 0.0)
    sizes = np.array(sizes)
    kept = sizes[sizes >= 1e-6 * sizes.max()] if sizes.max() > 0 else sizes
    return float(np.median(kept))
