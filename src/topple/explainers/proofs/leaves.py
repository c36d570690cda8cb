"""Sets that bounds leave open, for feed-forward networks: scored among few items, and where that is not all, settled."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from topple.explainers.proofs.branch_and_bound import Problem
from topple.explainers.proofs.linear_relaxation import Network
from topple.explainers.search.engine import Engine
from topple.records.question import Goal
from topple.scoring.memory import A_POSITION, rows_at_once
from topple.scoring.ranking import Standing
from topple.scoring.recommender import Scorer
from topple.scoring.variations import HistoryBatch, only, without

ROUNDINGS = 8
"""Roundings of float32 that a score may be off, each a share of 2^-24 of the absolute values that it is a sum of.

With the reference Mult-VAE (600 and 200 units) a lead was off by 1.2e-5 at most in 360,000 sets; this allows for 1.1e-3.
"""


@dataclass(frozen=True, eq=False)
class Leaves:
    """Scores the sets of one problem.

    Args:
        engine: the engine.
        row: the history.
        column: where the target stands among the targets of the history.
        items: the items of the history [H].
        start: the first units' inputs with nothing removed yet, but divided by the norm of what will stay [D].
        effect: what the removal of each item adds to them [H, D].
        problem: the sets, and the pool of competitors.
    """

    engine: Engine
    row: int
    column: int
    items: Tensor
    start: Tensor
    effect: Tensor
    problem: Problem

    @cached_property
    def settles(self) -> bool:
        """Whether a set that is past the goal among the pool is asked of the full catalogue.

        That is where it is to do more than topple, and where fillers may be counted beside those that outrank.
        """
        fillers = self.problem.k < int(self.engine.table.k[self.row, self.column])
        return fillers or self.engine.goal is not Goal.NECESSARY

    @property
    def work(self) -> int:
        """What a set costs as a rule, in scored histories: few are scored twice."""
        return 1 + self.engine.scored_per_set if self.settles else 1

    @property
    def most(self) -> int:
        """What a set costs at most, in scored histories."""
        return 1 + self.work

    def score(self, removed: Tensor) -> Tensor:
        """Return how far removals, bool [S, H], are past the goal [S]; minus infinity for those that are surely not.

        Among the pool, that is; where that is not all that counts, those that are past it are settled. What float32 refutes by
        more than rounding can do is not scored in float64.
        """
        self._count(len(removed))
        leads = self.engine.tolerance.new_full((len(removed),), -torch.inf)
        for part in torch.split(torch.arange(len(removed), device=leads.device), rows_at_once(2 * A_POSITION)):
            near = part[self._may_be_past(removed[part])]
            if len(near):
                self._count(len(near))
                leads[near] = self._leads(removed[near])
        return self._settled(removed, leads) if self.settles else leads

    def _may_be_past(self, removed: Tensor) -> Tensor:
        """Return which removals, bool [S, H], float32 cannot refute, bool [S]."""
        history, error = self._history_in_float32, self._error
        scores = self._among_pool_in_float32(without(history, removed[None]))[0]
        bar = scores[:, :1] - error[0] + float(self.engine.tolerance[self.row, self.column])
        above = (scores[:, 1:] + error[1:] >= bar) & ~self._staying(removed)
        return above.sum(1) >= self.problem.k

    def _leads(self, removed: Tensor) -> Tensor:
        """Return how far removals, bool [S, H], are past the goal among the pool, in float64 [S]."""
        scores = self._among_pool(without(self._history, removed[None]))  # [1, S, 1 + C]
        scores[0, :, 1:].masked_fill_(self._staying(removed), -torch.inf)
        standing = self._standing(scores, self.problem.k)
        return (standing.lead + standing.band)[0, :, 0]

    def _staying(self, removed: Tensor) -> Tensor:
        """Return which competitors do not compete, since they stay in the history, bool [S, C], for removals, bool [S, H]."""
        position = self.problem.position
        return (position >= 0) & ~removed[:, position.clamp(min=0)]

    def _settled(self, removed: Tensor, leads: Tensor) -> Tensor:
        """Return the leads [S] of removals, bool [S, H], margins among the full catalogue for those above 0."""
        if self.engine.goal is Goal.BOTH:
            leads = self._kept_alone(removed, leads)
        past = (leads > 0).nonzero()[:, 0]
        if not len(past):
            return leads
        sets = torch.zeros(len(past), self.engine.table.removable.shape[-1], dtype=torch.bool, device=leads.device)
        sets[:, : removed.shape[1]] = removed[past]
        row, at = (torch.full_like(past, number) for number in (self.row, self.column))
        return leads.index_put((past,), self.engine.settle(row, at, sets))

    def _kept_alone(self, removed: Tensor, leads: Tensor) -> Tensor:
        """Return the leads [S], 0 for sets that alone surely do not keep the target in the list.

        The best items of the unchanged history are asked: where they outrank the target, the full catalogue does.
        """
        best, k = self._best, int(self.engine.table.k[self.row, self.column])
        past = (leads > 0).nonzero()[:, 0]
        if len(best) < k or not len(past):
            return leads
        self._count(len(past))
        scorer, leads = self._among_best, leads.clone()
        for part in torch.split(past, rows_at_once(A_POSITION + len(best))):
            standing = self._standing(scorer(only(self._history, removed[None, part])), k)
            leads[part[standing.surely_out[0, :, 0]]] = 0
        return leads

    def _count(self, sets: int) -> None:
        """Count scored sets for the run, and charge the query."""
        self.engine.count(sets, self.engine.table.query[self.row, self.column][None], sets)

    def _standing(self, scores: Tensor, k: int) -> Standing:
        """Return where the target, the first of the items, stands by scores [1, S, 1 + C]."""
        first = torch.zeros_like(scores[..., :1], dtype=torch.int64)
        tolerance = self.engine.tolerance[self.row, self.column].expand(first.shape)
        return self.engine.ranking.without_fillers().standing(scores, first, torch.full_like(first, k), tolerance)

    @cached_property
    def _best(self) -> Tensor:
        """The best competitors of the unchanged history [C]."""
        shortlist = self.engine.shortlist
        best = shortlist.best[self.row][~shortlist.best_scores[self.row].isinf()]
        return best[best != self.problem.target]

    @cached_property
    def _error(self) -> Tensor:
        """How far the scores of the target and the pool may be off in float32 [1 + C]."""
        return error_in_float32(self.problem.network, self.start, self.effect, self._with_target(self.problem.pool))

    @cached_property
    def _among_pool(self) -> Scorer:
        return self._bound(self._history, self._with_target(self.problem.pool))

    @cached_property
    def _among_pool_in_float32(self) -> Scorer:
        return self._bound(self._history_in_float32, self._with_target(self.problem.pool))

    @cached_property
    def _among_best(self) -> Scorer:
        return self._bound(self._history, self._with_target(self._best))

    def _with_target(self, others: Tensor) -> Tensor:
        """Return the target and other items [1 + C]."""
        return torch.cat([others.new_tensor([self.problem.target]), others])

    def _bound(self, history: HistoryBatch, items: Tensor) -> Scorer:
        """Return the recommender, bound to the history and some items; without gradients."""
        bound = self.engine.recommender.bind(history, items[None])

        def scorer(keep: Tensor, rows: Tensor | None = None) -> Tensor:
            with torch.no_grad():
                return bound(keep, rows)

        return scorer

    @cached_property
    def _history(self) -> HistoryBatch:
        """The history alone."""
        histories = self.engine.table.histories
        return HistoryBatch(self.items[None], histories.weights[self.row][histories.present[self.row]][None])

    @cached_property
    def _history_in_float32(self) -> HistoryBatch:
        return HistoryBatch(self._history.items, self._history.weights.float())


def error_in_float32(network: Network, start: Tensor, effect: Tensor, items: Tensor) -> Tensor:
    """Return how far the scores of items [C] may be off in float32, without any items of a history; [C].

    Args:
        network: the network.
        start: the first units' inputs with nothing removed [D].
        effect: what the removal of each item adds to them [H, D].
        items: the items [C].
    """
    size = start.abs() + effect.abs().sum(0)  # of what is added up for a unit's input, at most
    for block in network.inner:
        size = (1 + size) @ block.size + block.bias.abs()
    last = network.last
    return (ROUNDINGS * 2.0**-24 * (last.columns(items).abs() @ (1 + size) + last.bias[items].abs())).float()
