"""Who could outrank a target in a history of nothing but the set, for additive models: a set that is to suffice allows few."""

from dataclasses import dataclass, field

import numpy as np
import torch

from topple.explainers.proofs.additive_scores import AdditiveScores
from topple.explainers.proofs.gaps import ROUNDING
from topple.explainers.search.engine import Engine
from topple.records.question import CandidateRule
from topple.types import BoolArray, FloatArray, IntArray

FURTHER = 5
"""Competitors that a program is told of beyond those that refute a set."""


@dataclass(eq=False)
class Keeping:
    """What each item lacks to outrank the target when units are kept, and who matters; gaps are linear in what is kept.

    A catalogue has too many items for a program. The program is told of those that refuted a set of it, and has only to keep
    these down, so that what it finds costs no more than what truly suffices.

    Args:
        start: the gap of each item with nothing kept, what rounding could hide deducted [I].
        gains: how much each gap grows when a unit is kept [H, I]; 0 for what may not be named.
        competes: the items that compete, bool [I].
        holds: the units that hold an item, which does not compete while one of them is kept, bool [H, I]; None where that
            does not matter.
        allowed: how many items may outrank the target.
    """

    start: FloatArray
    gains: FloatArray
    competes: BoolArray
    holds: BoolArray | None
    allowed: int
    told: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64), init=False)
    """The items that the program knows of [C]."""

    @classmethod
    def of(cls, engine: Engine, scores: AdditiveScores, at: tuple[int, int], length: int) -> "Keeping":
        """Return what keeps one target in the list; the history is so long."""
        table, row, target = engine.table, at[0], int(engine.table.target[at])
        parts = scores.contributions[row, :length]  # [H, I]
        constant, rounding = scores.constant[row], max(ROUNDING, engine.ranking.rounding)
        size = parts.abs().sum(0) + constant.abs()
        start = constant - constant[target] - engine.tolerance[at] - rounding * (size + size[target])
        unit = table.unit[row, :length]
        lifts = torch.zeros_like(parts).index_add_(0, unit, parts - parts[:, target, None])
        competes = torch.ones_like(start, dtype=torch.bool)
        histories, items = table.histories, table.histories.items[row, :length]
        if histories.filters is not None and histories.filter_of is not None:
            competes &= histories.filters[histories.filter_of[row]]
        holds = None
        if engine.rule is CandidateRule.UNSEEN_BEFORE:
            competes[items] = False
        elif engine.rule is CandidateRule.UNSEEN_AFTER:
            holds = torch.zeros_like(parts, dtype=torch.bool)
            holds[unit, items] = True
        competes[target] = False
        lifts = lifts * table.removable[at][:length, None]
        numbers = (start.cpu().numpy(), lifts.cpu().numpy(), competes.cpu().numpy())
        return cls(*numbers, None if holds is None else holds.cpu().numpy(), int(table.k[at]) - 1)

    def tell(self, kept: BoolArray, loose: float) -> bool:
        """Tell the program who outranks the target when `kept`, units, bool [H], is all there is; return whether anybody is new.

        Args:
            kept: a set that did not suffice.
            loose: by how much, in units of the largest gain, a gap may be above 0 in the program.
        """
        reached = self.start + kept @ self.gains
        above = self.competes & (reached > loose * self._unit(slice(None)))
        if self.holds is not None:
            above &= ~(kept @ self.holds)
        if above.sum() <= self.allowed:
            return False
        order = np.argsort(-np.where(above, reached, -np.inf), kind="stable")[: self.allowed + 1 + FURTHER]
        new = np.setdiff1d(order[above[order]], self.told)
        self.told = np.concatenate([self.told, new])
        return bool(len(new))

    def scaled(self, positions: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return the gaps of those told of, each in a unit of its gains: start [C], gains [C, positions]."""
        unit = self._unit(self.told)
        return self.start[self.told] / unit, (self.gains[np.ix_(positions, self.told)] / unit).T

    def _unit(self, items: IntArray | slice) -> FloatArray:
        """Return the unit of the gap of each item [C]: the largest gain, or more where the start is far from 0."""
        most = np.maximum(np.abs(self.gains[:, items]).max(0), np.abs(self.start[items]) / len(self.gains))
        return np.where(most > 0, most, 1.0)
