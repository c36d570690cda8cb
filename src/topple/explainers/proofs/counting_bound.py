"""A proof by counting, for additive models: how many removals at least, before enough competitors can outrank a target."""

from dataclasses import dataclass

import torch
from torch import Tensor

from topple.explainers.search.grid import Grid
from topple.records.question import CandidateRule
from topple.scoring.ranking import TOLERANCE
from topple.scoring.variations import HistoryBatch

ROUNDING = 1e-12
"""Rounding of a float64 sum, relative to the sum of its absolute terms; a gap this near 0 may be above it."""
MOST = 20_000
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
class Rivals:
    """The competitors that could outrank a target alone: P pairs of a query and a competitor, in the order of both.

    A competitor outranks its target only where its gap is above 0. The gap is its score, less the target's, less the
    tolerance times the score (plus it, for a score below 0 to begin with): necessary under the library's rule for ties, and
    linear in the removal.

    Args:
        query: the query of each pair [P].
        item: the competitor [P].
        share: what its score counts for in the gap, 1 less or plus the tolerance [P].
        start: the gap before any removal [P].
        gains: how much the gap grows when a place is removed [P, H]; 0 where it may not be.
        own: the place of a competitor that comes back when it is removed [P]; -1 for one outside the history.
        slack: how far below 0 rounding could put a gap that is 0 [P].
        fewest: the fewest removals after which the competitor alone outranks the target [P].
        crowded: the queries that have too many competitors to be told apart, and none here, bool [N].
    """

    query: Tensor
    item: Tensor
    share: Tensor
    start: Tensor
    gains: Tensor
    own: Tensor
    slack: Tensor
    fewest: Tensor
    crowded: Tensor

    def at(self, pairs: Tensor) -> "Rivals":
        """Return some of the pairs."""
        return Rivals(
            self.query[pairs],
            self.item[pairs],
            self.share[pairs],
            self.start[pairs],
            self.gains[pairs],
            self.own[pairs],
            self.slack[pairs],
            self.fewest[pairs],
            self.crowded,
        )


def counting_bound(rivals: Rivals, k: Tensor, most: Tensor) -> Tensor:
    """Return the size below which no set topples each target [N]; `most` + 1 where no set of up to `most` does.

    The target leaves a list of length k when k competitors outrank it together, so not before each of k could alone.
    Source: METHODS, "Proofs of a minimum".

    Args:
        rivals: the pairs that `find_rivals` found for the same queries and the same `most`.
        k: the list lengths [N].
        most: the largest sets asked about [N].
    """
    sizes = int(most.max()) + 2
    counts = torch.bincount(rivals.query * sizes + rivals.fewest.clamp(max=sizes - 1), minlength=len(k) * sizes)
    able = counts.reshape(len(k), sizes).cumsum(1) >= k[:, None]
    able[:, -1] = True
    return torch.minimum(able.int().argmax(1), most + 1)


def find_rivals(scores: AdditiveScores, grid: Grid, rule: CandidateRule, most: Tensor) -> Rivals:
    """Find every competitor that could outrank its target alone after at most so many removals.

    Args:
        scores: of the grid's histories.
        grid: N queries.
        rule: which items compete; under `unseen_after` a removed item does, and only when it is removed.
        most: the largest sets asked about [N].
    """
    competes, place = _competitors(grid, rule, scores.constant.shape[1])
    level = scores.contributions.sum(1) + scores.constant  # [B, I]
    target = grid.target[grid.row, grid.slot]
    share = 1 - TOLERANCE * torch.where(level < 0, -1, 1)  # [B, I]
    gap = (share * level)[grid.row] - level[grid.row, target][:, None]  # [N, I]
    hopeful = gap + ROUNDING * _size(scores)
    could = competes & (hopeful + _most_gain(scores.contributions, grid.row, target, most, hopeful) > 0)
    could &= ~_never(scores, grid.row, target)
    crowded = could.sum(1) > MOST
    could &= ~crowded[:, None]
    query, item = could.nonzero(as_tuple=True)
    row, aim = grid.row[query], target[query]
    share = share[row, item]
    ours, theirs = scores.contributions[row, :, aim], scores.contributions[row, :, item]  # [P, H]
    gains = (ours - share[:, None] * theirs) * grid.removable[row, grid.slot[query]]
    size = (
        ours.abs().sum(1) + theirs.abs().sum(1) + (scores.constant[row, aim].abs() + scores.constant[row, item].abs())
    )
    start, slack, own = gap[query, item], ROUNDING * size, place[row, item]
    fewest = _fewest(start + slack, gains, own, int(most.max()))
    rivals = Rivals(query, item, share, start, gains, own, slack, fewest, crowded)
    return rivals.at((fewest <= most[query]).nonzero()[:, 0])


def _never(scores: AdditiveScores, row: Tensor, target: Tensor) -> Tensor:
    """Return which items never outrank a target, bool [N, I]: they have no part in the history, and it has only gains from it."""
    still = (scores.contributions == 0).all(1)[row]
    gains = (scores.contributions[row, :, target] >= 0).all(1)
    return still & gains[:, None] & (scores.constant[row] <= scores.constant[row, target][:, None])


def _competitors(grid: Grid, rule: CandidateRule, items: int) -> tuple[Tensor, Tensor]:
    """Return which items compete against each target, bool [N, I], and where an item stands in a history [B, I] or -1."""
    histories = grid.histories
    place = torch.full((len(histories), items), -1, dtype=torch.int64, device=grid.row.device)
    row, where = histories.present.nonzero(as_tuple=True)
    place[row, histories.items[row, where]] = where
    query, every = torch.arange(len(grid.row), device=grid.row.device), place[grid.row]
    competes = every < 0
    if rule is CandidateRule.UNSEEN_AFTER:
        free = grid.removable[grid.row, grid.slot]
        competes = competes | (free.gather(1, every.clamp(min=0)) & (every >= 0))
    competes[query, grid.target[grid.row, grid.slot]] = False
    return competes, place


def _size(scores: AdditiveScores) -> Tensor:
    """Return what no sum of the absolute terms of two scores is above."""
    low, high = scores.contributions.aminmax()
    most = torch.maximum(low.abs(), high.abs()) * scores.contributions.shape[1]
    return 2 * (most + scores.constant.abs().max())


def _most_gain(contributions: Tensor, row: Tensor, target: Tensor, most: Tensor, gap: Tensor) -> Tensor:
    """Return a number [N, I] that no gap can grow by more than, in `most` removals; the histories' part is shared.

    Competitors whose best single item, `most` times, leaves their gap below 0 are told apart no further.
    """
    up = _best(contributions[row, :, target][..., None], int(most.max()))[..., 0]  # [N, R + 1]
    query, depth = torch.arange(len(row), device=row.device), most.clamp(max=up.shape[1] - 1)
    lift = up[query, depth][:, None]
    gain = lift + (1 + TOLERANCE) * contributions.amin(1).clamp(max=0).neg()[row] * most[:, None]
    near = (gap + gain > 0).any(0).nonzero()[:, 0]
    down = (1 + TOLERANCE) * _best(contributions[:, :, near].neg(), int(most.max()))  # [B, R + 1, near]
    gain[:, near] = lift + down[row, depth]
    return gain


def _best(values: Tensor, most: int) -> Tensor:
    """Return the largest sums of 0, 1, ... `most` of the values above 0 along dimension 1: [B, R + 1, I]."""
    positive = values.clamp(min=0)
    if most >= min(DEEP, values.shape[1]):
        return positive.sum(1, keepdim=True)
    sums = positive.topk(most, dim=1).values.cumsum(1)
    return torch.cat([torch.zeros_like(positive[:, :1]), sums], 1)


def _fewest(start: Tensor, gains: Tensor, own: Tensor, most: int) -> Tensor:
    """Return the fewest removals that bring each gap above 0 [P]; `most` + 1 where so many do not."""
    comes_back = own >= 0
    forced = gains.gather(1, own.clamp(min=0)[:, None])[:, 0].masked_fill(~comes_back, 0)
    free = gains.clamp(min=0)
    free = torch.where(comes_back[:, None], free.scatter(1, own.clamp(min=0)[:, None], 0), free)
    sums = free.topk(min(most, free.shape[1]), dim=1).values.cumsum(1)
    reach = (start + forced)[:, None] + torch.cat([torch.zeros_like(sums[:, :1]), sums], 1)
    above = torch.cat([reach > 0, torch.ones_like(comes_back)[:, None]], 1)
    first = above.int().argmax(1) + comes_back.long()
    return first.clamp(max=most + 1)
