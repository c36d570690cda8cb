"""The gaps of targets by what each item of a history adds to each score, for every recommender that is additive.

Everywhere here: Q queries of B histories, P pairs of a query and a competitor, C competitors of one query.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from topple.explainers.proofs.evidence import Speaking, could_want_evidence
from topple.explainers.proofs.gaps import COMPETITORS, ROUNDING, Counted, Gaps
from topple.explainers.search.engine import Engine
from topple.explainers.search.targets import TargetTable
from topple.records.question import CandidateRule
from topple.scoring.variations import HistoryBatch, unchanged
from topple.types import BoolArray, FloatArray, IntArray

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

    @classmethod
    def of(cls, engine: Engine) -> "AdditiveScores":
        """Return the scores of an engine's histories."""
        histories, recommender = engine.table.histories, engine.recommender
        with torch.no_grad():
            empty = HistoryBatch(histories.items[:, :1], torch.zeros_like(histories.weights[:, :1]))
            constant = recommender.score(empty, unchanged(empty))[:, 0]  # [B, I]
            return cls(histories, recommender.contributions(histories), constant)

    def counted(self, engine: Engine, cells: tuple[Tensor, Tensor], most: Tensor, *, every: bool) -> Counted:
        """Return what counting says of Q queries.

        Args:
            engine: the histories and their targets.
            cells: rows and columns of the queries.
            most: the largest sets asked about [Q].
            every: whether gaps are wanted of queries that the bound settles too.
        """
        found: list[Gaps | None] = [None] * len(most)
        for group in (most < DEEP, most >= DEEP):
            number = group.nonzero()[:, 0]
            if len(number):
                row, column = cells[0][number], cells[1][number]
                for query, gaps in zip(
                    number.tolist(), find_gaps(engine, self, (row, column), most[number]), strict=True
                ):
                    found[query] = gaps
        limits = zip(found, most.tolist(), strict=True)
        bound = [0 if gaps is None else gaps.counting_bound(limit) for gaps, limit in limits]
        return Counted(np.array(bound, dtype=np.int64), found.__getitem__)

    def speaking(self, engine: Engine, sizes: Tensor) -> Speaking:
        """Return what speaks for the targets, where at most so many units are removed [B, T]."""
        index = engine.table.target[:, None].expand(-1, engine.table.removable.shape[2], -1)
        return Speaking(could_want_evidence(engine), self.contributions.gather(2, index).transpose(1, 2))

    def settled(self, engine: Engine, at: tuple[int, int], sets: BoolArray) -> BoolArray:
        """Return whether sets of units, bool [M, H], topple one target among the full catalogue."""
        device = engine.table.row.device
        row, column = (torch.full((len(sets),), one, device=device) for one in at)
        removed = torch.zeros(len(sets), engine.table.removable.shape[-1], dtype=torch.bool, device=device)
        removed[:, : sets.shape[1]] = torch.from_numpy(sets).to(device)
        return np.asarray((engine.settle(row, column, removed) > 0).cpu().numpy())


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
