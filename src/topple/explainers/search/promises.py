"""Which units are worth a try next, while a set grows.

Everywhere here: Q targets whose sets grow, V units tried for each of them, L units looked at, C competitors of the shortlist.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from topple.explainers.search.engine import Engine
from topple.records.question import CandidateRule
from topple.scoring.recommender import Capability

if TYPE_CHECKING:
    from topple.explainers.loops.promises import Alone, Growing

LOOKED_AT = 32
"""Units, those that do most alone, whose effect on a grown set is estimated."""


@dataclass(frozen=True, eq=False)
class Singles:
    """What removing each unit alone does.

    Args:
        margins: of each target [B, T, H]; minus infinity for units that may not be named.
        scores: of the shortlist without each unit, minus infinity for what does not compete [B, H, C]; None where the full
            catalogue judges the goal.
    """

    margins: Tensor
    scores: Tensor | None

    @property
    def known_scores(self) -> Tensor:
        """The scores without each unit [B, H, C].

        Raises:
            TypeError: the full catalogue judges the goal.
        """
        if self.scores is None:
            raise TypeError("no scores of single units: the full catalogue judges the goal")
        return self.scores

    def numbers(self, engine: Engine) -> "Alone":
        """Return them for compiled functions."""
        from topple.explainers.loops.promises import Alone  # compiled functions: imported where they are needed

        return Alone(*map(numbers_of, (self.known_scores, engine.shortlist.unchanged)))

    def growing(self, engine: Engine, row: Tensor, column: Tensor, scores: Tensor) -> "Growing":
        """Return sets of some targets for compiled functions.

        Args:
            engine: the engine.
            row: the history of each target [Q].
            column: where each target stands among the targets of the history [Q].
            scores: of the shortlist without the sets [Q, C].
        """
        from topple.explainers.loops.promises import Growing  # as above

        shortlist, k = engine.shortlist, engine.table.k[row, column]
        target, tolerance = shortlist.target_columns[row, column], shortlist.tolerance[row, column]
        known = scores, self.margins[row, column], shortlist.counted_for(row, column)
        return Growing(*map(numbers_of, (row, target, k, tolerance, *known)))


class Promises(ABC):
    """What units promise for sets of Q targets that grow, and what the units that are tried do.

    Args:
        engine: the engine.
        alone: what each unit does alone.
        row: the history of each target [Q].
        column: where each target stands among the targets of the history [Q].
        first: the unit that each set begins with [Q].
        behind: how far each unit falls behind the first in what it is worth [Q, H].
    """

    @abstractmethod
    def __init__(
        self, engine: Engine, alone: Singles, row: Tensor, column: Tensor, first: Tensor, behind: Tensor
    ) -> None: ...

    @abstractmethod
    def units(self, free: Tensor, now: Tensor, price: Tensor, width: int) -> tuple[Tensor, Tensor]:
        """Return the units to try, and which of them are free, both [Q, V].

        Args:
            free: units that may be named and are not, bool [Q, H].
            now: the margins of the sets as they are [Q].
            price: what each unit costs [Q, H].
            width: units to try, at most.
        """

    @abstractmethod
    def margins(self, sets: Tensor, able: Tensor) -> Tensor:
        """Return the margins of sets, bool [Q, V, H], that are to be tried, bool [Q, V]; minus infinity for others."""

    @abstractmethod
    def take(self, tried: Tensor, best: Tensor, behind: Tensor) -> None:
        """Note which of the units tried [Q, V] each set took [Q, 1], and how far the others fell behind it [Q, V]."""

    @abstractmethod
    def select(self, going: Tensor) -> None:
        """Go on with the targets `going`, bool [Q], alone."""


class AdditivePromises(Promises):
    """A unit is expected to change the scores as it does alone; only sets that are judged by a shortlist can be foreseen so."""

    def __init__(
        self, engine: Engine, alone: Singles, row: Tensor, column: Tensor, first: Tensor, behind: Tensor
    ) -> None:
        self._engine, self._row, self._column = engine, row, column
        self._targets = engine.shortlist.targets(row, column)
        scores = alone.known_scores[row, first]
        self._alone, self._growing = alone.numbers(engine), alone.growing(engine, row, column, scores)
        self._tried = scores

    def units(self, free: Tensor, now: Tensor, price: Tensor, width: int) -> tuple[Tensor, Tensor]:
        """Return the units to try, and which of them are free, both [Q, V]."""
        from topple.explainers.loops.promises import most_promising_units  # as above

        looked_at, asked = max(width, LOOKED_AT), (numbers_of(free), numbers_of(now), numbers_of(price))
        found = most_promising_units(self._alone, self._growing, *asked, looked_at, width)
        most = int(found[1].sum(1).max())  # the free ones come first
        tried, able = (torch.from_numpy(each[:, :most]).to(free.device) for each in found)
        return tried, able

    def margins(self, sets: Tensor, able: Tensor) -> Tensor:
        """Return the margins of sets, bool [Q, V, H], that are to be tried, bool [Q, V]; minus infinity for others."""
        self._engine.count(able.numel(), self._engine.table.query[self._row, self._column], able.sum(1))
        self._tried = self._engine.shortlist.scores_without(self._row, sets)  # [Q, V, C]
        return self._targets.leads(self._tried)[..., 0].masked_fill_(~able, -torch.inf)

    def take(self, tried: Tensor, best: Tensor, behind: Tensor) -> None:
        """Keep the scores without the set that each target took."""
        scores = self._tried[torch.arange(len(best), device=best.device), best[:, 0]]
        self._growing = self._growing._replace(scores=numbers_of(scores))

    def select(self, going: Tensor) -> None:
        """Go on with the targets `going`, bool [Q], alone."""
        self._row, self._column, self._targets = self._row[going], self._column[going], self._targets.select(going)
        self._growing = self._growing.select(numbers_of(going))


class ScoredPromises(AdditivePromises):
    """What a unit does beside the set is scored: an item that comes back does not score what it does where it alone is removed."""

    def units(self, free: Tensor, now: Tensor, price: Tensor, width: int) -> tuple[Tensor, Tensor]:
        """Return the units to try, and which of them are free, both [Q, V]."""
        engine, cells = self._engine, (self._row, self._column)
        alone = torch.from_numpy(self._growing.promise).to(free.device)  # [Q, H]
        looked, able = most_promising(alone, free, max(width, LOOKED_AT))  # [Q, L]
        leads = scored_leads(engine, *cells, engine.table.removable[cells] & ~free, looked, able)
        worths = worth(leads, leads - now[:, None], price.gather(1, looked))
        number, able = most_promising(worths, able, min(width, int(able.sum(1).max())))  # [Q, V]
        return looked.gather(1, number), able


class PastPromises(Promises):
    """A unit promises what it did when it was last tried."""

    def __init__(
        self, engine: Engine, alone: Singles, row: Tensor, column: Tensor, first: Tensor, behind: Tensor
    ) -> None:
        self._engine, self._row, self._column, self._promise = engine, row, column, behind

    def units(self, free: Tensor, now: Tensor, price: Tensor, width: int) -> tuple[Tensor, Tensor]:
        """Return the units to try, and which of them are free, both [Q, V]."""
        return most_promising(self._promise, free, width)

    def margins(self, sets: Tensor, able: Tensor) -> Tensor:
        """Return the margins of sets, bool [Q, V, H], that are to be tried, bool [Q, V]; minus infinity for others."""
        return margins_of(self._engine, self._row, self._column, sets, able)

    def take(self, tried: Tensor, best: Tensor, behind: Tensor) -> None:
        """Remember what each unit that was tried did."""
        self._promise = self._promise.scatter(-1, tried, behind)

    def select(self, going: Tensor) -> None:
        """Go on with the targets `going`, bool [Q], alone."""
        self._row, self._column, self._promise = self._row[going], self._column[going], self._promise[going]


def promises_of(engine: Engine, alone: Singles) -> type[Promises]:
    """Return what foresees what units do for sets that grow."""
    if alone.scores is None:
        return PastPromises
    return ScoredPromises if effects_are_scored(engine) else AdditivePromises


def effects_are_scored(engine: Engine) -> bool:
    """Return whether what units do beside a set is scored and not foreseen.

    That is so where scores add up and an item that is removed may be listed: all could be foreseen but what this item scores.
    """
    return Capability.ADDITIVE in engine.recommender.capabilities and engine.rule is CandidateRule.UNSEEN_AFTER


def scored_leads(engine: Engine, row: Tensor, column: Tensor, sets: Tensor, units: Tensor, able: Tensor) -> Tensor:
    """Return by how much each target is out of the list without a set and one unit more; the target is charged with each.

    Args:
        engine: the engine.
        row: the history of each target [Q].
        column: where each target stands among the targets of the history [Q].
        sets: bool [Q, H].
        units: that are looked at, the free ones first [Q, L].
        able: which of them are free, bool [Q, L].

    Returns:
        [Q, L]; minus infinity for units that are not free.
    """
    most = int(able.sum(1).max())
    engine.count(len(row) * most, engine.table.query[row, column], able.sum(1))
    scores = engine.shortlist.scores_without(row, with_one_more(sets, units[:, :most]))  # [Q, most, C]
    leads = engine.shortlist.targets(row, column).leads(scores)[..., 0]
    return torch.nn.functional.pad(leads, (0, units.shape[1] - most)).masked_fill(~able, -torch.inf)


def worth(margin: Tensor, effect: Tensor, price: Tensor) -> Tensor:
    """Return what units are worth for their price [..., V], minus infinity for units that may not be named.

    Args:
        margin: what is reached [..., V]; minus infinity where it may not be named, at a price of 0 as part of a group.
        effect: how much it brings to the margin [..., V].
        price: what it costs [..., V].
    """
    return torch.where(effect > 0, effect / price, effect * price).masked_fill(margin.isneginf(), -torch.inf)


def with_one_more(base: Tensor, units: Tensor) -> Tensor:
    """Return each set, bool [Q, H], with one of V units [Q, V] more, bool [Q, V, H]."""
    return base[:, None].repeat(1, units.shape[1], 1).scatter(-1, units[..., None], True)


def margins_of(engine: Engine, row: Tensor, column: Tensor, sets: Tensor, real: Tensor) -> Tensor:
    """Return the margins of sets of each target, bool [Q, V, H], that are real, bool [Q, V]; minus infinity for others."""
    query, which = real.nonzero(as_tuple=True)
    out = engine.table.histories.weights.new_full(real.shape, -torch.inf)
    out[query, which] = engine.margin(row[query], column[query], sets[query, which])
    return out


def most_promising(promise: Tensor, free: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Return the `width` free units, bool [Q, H], that promise most [Q, H], and which of these are free; both [Q, V].

    Of level ones the first come first, so that they are the same in a batch with longer histories.
    """
    hope = promise.masked_fill(~free, -torch.inf)
    units = hope.sort(dim=-1, descending=True, stable=True).indices[:, :width]
    return units, torch.isfinite(hope.gather(-1, units))


def numbers_of(tensor: Tensor) -> NDArray[Any]:
    """Return a tensor as an array, its numbers side by side in memory."""
    return np.ascontiguousarray(tensor.cpu().numpy())
