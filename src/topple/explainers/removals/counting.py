"""Who could outrank targets alone, for histories that are sums: from the engine's tables to compiled functions and back."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from topple.explainers.proofs.evidence import Speaking
from topple.explainers.proofs.gaps import COMPETITORS, ROUNDING, Counted, Gaps
from topple.explainers.removals.asked import Asked
from topple.explainers.search.engine import Engine
from topple.scoring.lists.standings import stand_without
from topple.scoring.sums.rows import Sums
from topple.types import BoolArray, IntArray


@dataclass(frozen=True, eq=False)
class SummedScores:
    """The scores of histories as sums of rows; the methods are those of `AdditiveScores`.

    Args:
        sums: the encoded histories as sums.
    """

    sums: Sums

    def counted(self, engine: Engine, cells: tuple[Tensor, Tensor], most: Tensor, *, every: bool) -> Counted:
        """Return what counting says of Q queries."""
        from topple.explainers.removals.competing import able_competitors  # compiled where it is first needed

        table = engine.table
        removable = table.positions(cells[0], table.removable[cells])
        asked = _asked(engine, cells, removable, most, max(ROUNDING, engine.ranking.rounding))
        bound, first = np.empty(len(most), dtype=np.int64), np.empty(len(most) + 1, dtype=np.int64)
        able = able_competitors(self.sums, asked, COMPETITORS, every, bound, first)
        lengths = table.histories.lengths[cells[0]].numpy()
        return Counted(bound.clip(min=0), partial(self._gaps, asked, bound, lengths, first, able))

    def _gaps(
        self, asked: Asked, bound: IntArray, lengths: IntArray, first: IntArray, able: IntArray, query: int
    ) -> Gaps | None:
        """Return the gaps of one query; None where there are too many competitors to be told apart."""
        from topple.explainers.removals.competing import fill_gaps

        if bound[query] < 0:
            return None
        chosen, free = able[first[query] : first[query + 1]], asked.removable[query, : lengths[query]]
        start, gains = np.empty(len(chosen)), np.empty((len(chosen), asked.removable.shape[1]))
        counts = np.empty((len(chosen), 2), dtype=np.int64)
        fill_gaps(self.sums, asked, query, chosen, start, gains, counts)
        return Gaps(
            start,
            gains[:, : len(free)],
            counts[:, 0],
            counts[:, 1],
            free,
            int(asked.k[query]),
            np.full(len(chosen), -1),
        )

    def speaking(self, engine: Engine, sizes: Tensor) -> Speaking:
        """Return what speaks for the targets, where at most so many units are removed [B, T]."""
        from topple.explainers.removals.speaking import could_be_silent

        table, ranking, cells = engine.table, engine.ranking, engine.table.cells
        speaking = Speaking(torch.zeros_like(table.asked), torch.zeros_like(table.unit_cost, dtype=torch.float64))
        if ranking.empty is not None:
            asked = _asked(engine, cells, table.removable[cells], sizes[cells], ranking.rounding)
            possible, parts = np.zeros(len(cells[0]), dtype=np.bool_), np.zeros(asked.removable.shape)
            unit = table.unit[cells[0]].numpy()
            could_be_silent(self.sums, asked, unit, ranking.empty.numpy(), possible, parts)
            speaking.possible[cells], speaking.parts[cells] = torch.from_numpy(possible), torch.from_numpy(parts)
        return speaking

    def settled(self, engine: Engine, at: tuple[int, int], sets: BoolArray) -> BoolArray:
        """Return whether sets of units, bool [M, H], topple one target among the full catalogue."""
        table, count = engine.table, len(sets)
        units = torch.nn.functional.pad(torch.from_numpy(sets), (0, table.unit.shape[1] - sets.shape[1]))
        engine.count(count, table.query[at].expand(count), 1)
        target, k, tolerance = (part[at].expand(count) for part in (table.target, table.k, engine.tolerance))
        asked = np.arange(count + 1), target, k, tolerance
        history = table.source[at[0]].expand(count).numpy()
        standing = stand_without(
            self.sums, engine.ranking, (history, table.positions(torch.full((count,), at[0]), units).numpy()), asked
        ).standing
        if standing.within_rounding.any():
            cost = (units[standing.within_rounding] * table.unit_cost[at]).sum(1).min()
            engine.catalogue.undecided[at] = torch.minimum(engine.catalogue.undecided[at], cost)
        return np.asarray(standing.surely_out.numpy())


def _asked(engine: Engine, cells: tuple[Tensor, Tensor], removable: Tensor, most: Tensor, rounding: float) -> Asked:
    """Return what is asked about the queries in cells."""
    table, row = engine.table, cells[0]
    return Asked(
        table.source[row].numpy(),
        table.target[cells].numpy(),
        engine.tolerance[cells].numpy(),
        removable.numpy(),
        table.k[cells].numpy(),
        most.numpy(),
        rounding,
    )
