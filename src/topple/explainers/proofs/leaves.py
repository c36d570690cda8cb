"""Sets that bounds leave open, for feed-forward networks: scored among few items, and where that is not all, settled."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from topple.explainers.proofs.branch_and_bound import Problem
from topple.explainers.search.engine import Engine
from topple.records.question import Goal
from topple.scoring.memory import A_POSITION, rows_at_once
from topple.scoring.ranking import Standing
from topple.scoring.recommender import Scorer
from topple.scoring.variations import HistoryBatch, only, without


@dataclass(frozen=True, eq=False)
class Leaves:
    """Scores the sets of one problem.

    Args:
        engine: the engine.
        row: the history.
        column: where the target stands among the targets of the history.
        items: the items of the history [H].
        problem: the sets, and the pool of competitors.
    """

    engine: Engine
    row: int
    column: int
    items: Tensor
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
        """What a set costs at most, in scored histories."""
        return 1 + self.engine.scored_per_set if self.settles else 1

    def score(self, removed: Tensor) -> Tensor:
        """Return how far removals, bool [S, H], are past the goal [S].

        Among the pool, that is; where that is not all that counts, those that are past it are settled.
        """
        self._count(len(removed))
        position, scorer, leads = self.problem.position, self._among_pool, []
        for part in torch.split(removed, rows_at_once(A_POSITION + len(position))):
            scores = scorer(without(self._history, part[None]))  # [1, S, 1 + C]
            stays = (position >= 0) & ~part[:, position.clamp(min=0)]
            scores[0, :, 1:].masked_fill_(stays, -torch.inf)
            standing = self._standing(scores, self.problem.k)
            leads.append((standing.lead + standing.band)[0, :, 0])
        lead = torch.cat(leads)
        return self._settled(removed, lead) if self.settles else lead

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
    def _among_pool(self) -> Scorer:
        return self._bound(self.problem.pool)

    @cached_property
    def _among_best(self) -> Scorer:
        return self._bound(self._best)

    def _bound(self, others: Tensor) -> Scorer:
        """Return the recommender, bound to the history, the target and other items [C]; without gradients."""
        columns = torch.cat([others.new_tensor([self.problem.target]), others])[None]
        bound = self.engine.recommender.bind(self._history, columns)

        def scorer(keep: Tensor, rows: Tensor | None = None) -> Tensor:
            with torch.no_grad():
                return bound(keep, rows)

        return scorer

    @cached_property
    def _history(self) -> HistoryBatch:
        """The history alone."""
        histories = self.engine.table.histories
        return HistoryBatch(self.items[None], histories.weights[self.row][histories.present[self.row]][None])
