"""What each competitor lacks to outrank a target, for additive models: linear in the removal.

From these gaps comes the proof by counting: how many removals at least, before enough competitors can outrank a target.
Everywhere here: Q queries of B histories, P pairs of a query and a competitor, C competitors of one query.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from topple.explainers.search.engine import Engine
from topple.explainers.search.targets import TargetTable
from topple.records.question import CandidateRule
from topple.scoring.variations import HistoryBatch
from topple.types import BoolArray, FloatArray, IntArray

ROUNDING = 1e-12
"""Rounding of a float64 sum, relative to the sum of its absolute terms; a gap this near 0 may be above it."""
COMPETITORS = 20_000
"""Competitors of one target that are told apart; where there are more, nothing is said about it."""
DEEP = 32
"""From this many removals on, competitors are sifted by all that each could gain and not by its best few items."""


@dataclass(frozen=True, eq=False)
class AdditiveScores:
    """The scores of B histories as sums over their items.

    Args:
        histories: the histories.
        contributions: what each item adds to each score [B, H, I].
        constant: the scores of the empty history [B, I].
    """

    histories: HistoryBatch
    contributions: Tensor
    constant: Tensor


@dataclass(frozen=True, eq=False)
class Gaps:
    """One target and the competitors that could outrank it alone: C gaps, each linear in the removal.

    A competitor outranks the target only where its gap is above 0. The gap is its score, less the target's, less the
    tolerance of the query, with what rounding could hide added. So where no set brings enough gaps above 0 none topples by
    outranking; a set that does is for re-ranking to confirm.

    Args:
        start: the gaps before any removal, rounding added [C].
        gains: how much each gap grows when a position is removed [C, H]; 0 where it may not be.
        position: where a competitor stands in the history, which comes back when it is removed [C]; -1 for one outside.
        fewest: the fewest removals after which each competitor alone is above 0 [C].
        removable: the positions that may be removed, bool [H].
        needed: how many gaps must be above 0.
        item: the competitors [C].
    """

    start: FloatArray
    gains: FloatArray
    position: IntArray
    fewest: IntArray
    removable: BoolArray
    needed: int
    item: IntArray

    def at(self, competitors: IntArray, needed: int) -> "Gaps":
        """Return some of the competitors, so many of whom are needed."""
        return replace(
            self,
            start=self.start[competitors],
            gains=self.gains[competitors],
            position=self.position[competitors],
            fewest=self.fewest[competitors],
            needed=needed,
            item=self.item[competitors],
        )

    def counting_bound(self, most: int) -> int:
        """Return the size below which no set topples the target; `most` + 1 where no set of up to `most` positions does.

        The target leaves a list of length k when k competitors outrank it together, so not before each of k could alone.
        """
        if self.needed > len(self.fewest):
            return most + 1
        return min(int(np.sort(self.fewest)[self.needed - 1]) if self.needed > 0 else 0, most + 1)

    def within(self, size: int) -> "Gaps":
        """Return what matters for sets of up to `size` positions: without who cannot get above 0, and who cannot get below."""
        worst = self.start + np.sort(self.gains.clip(max=0), 1)[:, :size].sum(1)
        sure = (worst > 0) & (self.position < 0)
        matter = np.flatnonzero(~sure & (self.fewest <= size))
        return self.at(matter, self.needed - int(sure.sum()))

    def scaled(self) -> "Gaps":
        """Return the gaps each in a unit of its own: the largest gain is 1, or below where the start is far from 0."""
        most = np.maximum(np.abs(self.gains).max(1), np.abs(self.start) / self.gains.shape[1])
        unit = np.where(most > 0, most, 1.0)
        return replace(self, start=self.start / unit, gains=self.gains / unit[:, None])

    def worthwhile(self, size: int) -> IntArray:
        """Return the positions that a smallest set of up to `size` can be chosen from.

        A position that lifts no gap is never worth its removal. Nor is one with as many betters as the set may have positions:
        one of these is free to take its part. (A better one lifts every gap at least as much; of equals, the first.) The
        position of a competitor is kept.
        """
        comes_back = np.isin(np.arange(len(self.removable)), self.position)
        positions = np.flatnonzero((self.gains > 0).any(0) | comes_back)
        better = np.ones((len(positions), len(positions)), dtype=np.bool_)
        for gain in self.gains[:, positions]:
            better &= gain[:, None] >= gain
        order = np.arange(len(positions))
        better &= ~(better.T & (order[:, None] >= order))
        chosen: IntArray = positions[(better.sum(0) < size) | comes_back[positions]]
        return chosen


def find_gaps(engine: Engine, scores: AdditiveScores, cells: tuple[Tensor, Tensor], most: Tensor) -> list[Gaps | None]:
    """Find every competitor that could outrank its target alone after at most so many removals.

    Args:
        engine: the histories and their targets.
        scores: of the histories.
        cells: rows and columns of the Q queries to look at.
        most: the largest sets asked about [Q].

    Returns:
        The gaps of each query; None where there are too many competitors to be told apart.
    """
    table, row, rounding = engine.table, cells[0], max(ROUNDING, engine.ranking.rounding)
    tolerance = engine.tolerance[cells]  # [Q]
    target, every = table.target[cells], torch.arange(len(table.histories), device=table.row.device)
    removable = table.positions(every, table.removable)[cells]  # [Q, H]
    competes, position = _competitors(table, row, target, removable, engine.rule, scores.constant.shape[1])
    level = scores.contributions.sum(1) + scores.constant  # [B, I]
    bar = level[row, target] + tolerance - rounding * _size(scores)  # [Q]
    hopeful = level[row] - bar[:, None]  # [Q, I]
    could = competes & (hopeful + _most_gain(scores.contributions, row, target, most, hopeful) > 0)
    could &= ~_never(scores, row, target)
    crowded = could.sum(1) > COMPETITORS
    query, item = (could & ~crowded[:, None]).nonzero(as_tuple=True)  # [P]
    gains, start = _linear(scores, row[query], target[query], item, tolerance[query], rounding)
    at = position[row[query], item]
    gains = gains * removable[query]
    fewest = _fewest(start, gains, at, int(most.max()))
    able = fewest <= most[query]
    lengths = table.histories.present[row].sum(1)
    pairs = _Pairs(*(pair[able].cpu().numpy() for pair in (query, start, gains, at, fewest, item)))
    facts = zip(crowded.tolist(), lengths.tolist(), table.k[cells].tolist(), removable.cpu().numpy(), strict=True)
    return [
        None if crowd else pairs.of(number, free[:length], k) for number, (crowd, length, k, free) in enumerate(facts)
    ]


@dataclass(frozen=True, eq=False)
class _Pairs:
    """P pairs of a query and a competitor, in the order of the queries: see `Gaps`."""

    query: IntArray
    start: FloatArray
    gains: FloatArray
    position: IntArray
    fewest: IntArray
    item: IntArray

    def of(self, query: int, removable: BoolArray, k: int) -> Gaps:
        """Return the gaps of one query, whose history is as long as `removable`."""
        mine = slice(*np.searchsorted(self.query, [query, query + 1]))
        gains = self.gains[mine, : len(removable)]
        return Gaps(self.start[mine], gains, self.position[mine], self.fewest[mine], removable, k, self.item[mine])


def _linear(
    scores: AdditiveScores, row: Tensor, target: Tensor, item: Tensor, tolerance: Tensor, rounding: float
) -> tuple[Tensor, Tensor]:
    """Return the gains of P pairs [P, H], all positions counted, and where they start, rounding added [P].

    Sums run over a history in its order, so that what it is padded to changes no bit.
    """
    ours, theirs = scores.contributions[row, :, target], scores.contributions[row, :, item]  # [P, H]
    constant, others = scores.constant[row, target], scores.constant[row, item]
    start = theirs.cumsum(1)[:, -1] + others - (ours.cumsum(1)[:, -1] + constant) - tolerance
    size = (ours.abs() + theirs.abs()).cumsum(1)[:, -1] + (constant.abs() + others.abs())
    return ours - theirs, start + rounding * size


def _never(scores: AdditiveScores, row: Tensor, target: Tensor) -> Tensor:
    """Return which items never outrank a target, bool [Q, I]: they have no part in the history, and it has only gains from it."""
    still = (scores.contributions == 0).all(1)[row]
    gains = (scores.contributions[row, :, target] >= 0).all(1)
    return still & gains[:, None] & (scores.constant[row] <= scores.constant[row, target][:, None])


def _competitors(
    table: TargetTable, row: Tensor, target: Tensor, removable: Tensor, rule: CandidateRule, items: int
) -> tuple[Tensor, Tensor]:
    """Return which items compete against each target, bool [Q, I], and where an item stands in a history [B, I] or -1."""
    histories = table.histories
    position = torch.full((len(histories), items), -1, dtype=torch.int64, device=row.device)
    history, where = histories.present.nonzero(as_tuple=True)
    position[history, histories.items[history, where]] = where
    mine = position[row]  # [Q, I]
    competes = mine < 0
    if rule is CandidateRule.ALL:
        competes, position = torch.ones_like(competes), torch.full_like(position, -1)
    if rule is CandidateRule.UNSEEN_AFTER:
        competes = competes | (removable.gather(1, mine.clamp(min=0)) & (mine >= 0))
    if histories.filters is not None and histories.filter_of is not None:
        competes &= histories.filters[histories.filter_of[row]]
    competes[torch.arange(len(row), device=row.device), target] = False
    return competes, position


def _size(scores: AdditiveScores) -> Tensor:
    """Return what no sum of the absolute terms of two scores is above."""
    low, high = scores.contributions.aminmax()
    most = torch.maximum(low.abs(), high.abs()) * scores.contributions.shape[1]
    return 2 * (most + scores.constant.abs().max())


def _most_gain(contributions: Tensor, row: Tensor, target: Tensor, most: Tensor, gap: Tensor) -> Tensor:
    """Return a number [Q, I] that no gap can grow by more than, in `most` removals; the histories' part is shared.

    Competitors whose best single item, `most` times, leaves their gap below 0 are told apart no further.
    """
    up = _best(contributions[row, :, target][..., None], int(most.max()))[..., 0]  # [Q, R + 1]
    query, depth = torch.arange(len(row), device=row.device), most.clamp(max=up.shape[1] - 1)
    lift = up[query, depth][:, None]
    gain = lift + contributions.amin(1).clamp(max=0).neg()[row] * most[:, None]
    near = (gap + gain > 0).any(0).nonzero()[:, 0]
    down = _best(contributions[:, :, near].neg(), int(most.max()))  # [B, R + 1, near]
    gain[:, near] = lift + down[row, depth]
    return gain


def _best(values: Tensor, most: int) -> Tensor:
    """Return the largest sums of 0, 1, ... `most` of the values above 0 along dimension 1: [B, R + 1, I]."""
    positive = values.clamp(min=0)
    if most >= min(DEEP, values.shape[1]):
        return positive.sum(1, keepdim=True)
    sums = positive.topk(most, dim=1).values.cumsum(1)
    return torch.cat([torch.zeros_like(positive[:, :1]), sums], 1)


def _fewest(start: Tensor, gains: Tensor, position: Tensor, most: int) -> Tensor:
    """Return the fewest removals that bring each gap above 0 [P]; `most` + 1 where so many do not."""
    comes_back = position >= 0
    at = position.clamp(min=0)[:, None]
    forced = gains.gather(1, at)[:, 0].masked_fill(~comes_back, 0)
    free = gains.clamp(min=0)
    free = torch.where(comes_back[:, None], free.scatter(1, at, 0), free)
    sums = free.topk(min(most, free.shape[1]), dim=1).values.cumsum(1)
    reach = (start + forced)[:, None] + torch.cat([torch.zeros_like(sums[:, :1]), sums], 1)  # [P, R + 1]
    above = torch.cat([reach > 0, torch.ones_like(comes_back)[:, None]], 1)
    first = above.int().argmax(1) + comes_back.long()
    return first.clamp(max=most + 1)
