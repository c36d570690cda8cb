"""The counting engine under all searches: removals in, how far each target is out, every scored history counted."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from topple.explainers.grid import Grid
from topple.explanation import CandidateRule
from topple.recommenders.base import Recommender, Scorer
from topple.recommenders.encoding import EncodedQueries
from topple.recommenders.ranking import exclude, lead, top_k, unseen_scores
from topple.recommenders.what_if import PACKED, HistoryBatch, Packing, without

SHORTLIST = 100
"""Competitors that a search looks at; the full catalogue settles what it finds."""
SCORES = 4_000_000
"""Scores held at a time."""


@dataclass(eq=False)
class Engine:
    """Asks a recommender about many removals of some histories at once.

    A search looks at a shortlist of competitors (the best for the unchanged history; under `unseen_after` the history
    itself too), so that only their columns are scored. A set that topples among them topples among all. `settle` asks
    the full catalogue.

    Args:
        recommender: what is explained.
        grid: B histories with T targets each.
        rule: which items compete.
    """

    recommender: Recommender
    grid: Grid
    rule: CandidateRule

    def __post_init__(self) -> None:
        histories = self.grid.histories
        scores = unseen_scores(self.recommender, histories)
        wanted = max(SHORTLIST, int(self.grid.k.max()) + 1)
        best = top_k(scores, min(wanted, len(self.recommender.catalogue)))
        self.barred = torch.isinf(scores.gather(1, best))  # of the history: only a tiny catalogue has them here
        self.candidates = best if self.rule is CandidateRule.UNSEEN_BEFORE else torch.cat([best, histories.items], 1)
        self.places = (self.candidates[:, None] == self.grid.target[..., None]).int().argmax(-1)  # [B, T]
        self.cost = torch.ones_like(self.grid.k)  # [B, T]

    @cached_property
    def scorer(self) -> Scorer:
        """The recommender, bound to all histories and their shortlists."""
        return self.recommender.bind(self.grid.histories, self.candidates)

    def leads(self, rows: Tensor, removed: Tensor, *, full: bool = False) -> Tensor:
        """Return the lead over every target of a history after each removal.

        Args:
            rows: which histories are asked about [R].
            removed: their removals, bool [R, S, H].
            full: among the full catalogue and not only the shortlist.

        Returns:
            [R, S, T]; above 0 the target has left the list.
        """
        columns = len(self.recommender.catalogue) if full else self.candidates.shape[1]
        variations = removed.shape[1]
        at_once = max(1, SCORES // max(1, variations * (columns + 2 * removed.shape[2])))
        out = torch.zeros(len(rows), variations, self.grid.target.shape[1], dtype=self.grid.histories.weights.dtype)
        out = out.to(rows.device)
        for part in self.grid.histories.rows(rows).chunks(at_once):
            mine = self.grid.histories.rows(rows[part])
            keep = without(mine, removed[part][..., : mine.items.shape[1]])
            scores = self._score(mine, keep, None if full else rows[part])
            places = (self.grid.target if full else self.places)[rows[part]]
            shape = (-1, variations, -1)
            out[part] = lead(scores, places[:, None].expand(shape), self.grid.k[rows[part]][:, None].expand(shape))
        return out

    def slopes(self, removed: Tensor, alpha: float, restarts: int) -> tuple[Tensor, Tensor]:
        """Return leads among the shortlist, and how a shortfall of each changes with every item kept.

        The shortfall is relu(alpha - lead). Every history is asked about.

        Args:
            removed: for each target of a history `restarts` removals, bool [B, T * restarts, H].
            alpha: the lead that is wanted.
            restarts: removals of each target.

        Returns:
            leads over the own target [B, T * restarts], slopes [B, T * restarts, H].
        """
        grid = self.grid
        keep = without(grid.histories, removed).requires_grad_()
        out = self._out(torch.arange(len(keep), device=keep.device), grid.histories, keep)
        scores = self.scorer(keep).masked_fill(out, -torch.inf)
        places, k = (values.repeat_interleave(restarts, 1)[..., None] for values in (self.places, grid.k))
        leads = lead(scores, places, k)[..., 0]
        (slope,) = torch.autograd.grad(torch.relu(alpha - leads).sum(), keep)
        return leads.detach(), slope

    def _score(self, histories: HistoryBatch, keep: Tensor, rows: Tensor | None) -> Tensor:
        """Score the full catalogue, or the shortlists of `rows`; minus infinity where an item does not compete."""
        with torch.no_grad():
            if rows is None:
                return exclude(self.recommender.score(histories, keep), histories, keep, self.rule)
            scores = self.recommender.score(histories, keep, self.candidates[rows])
        return scores.masked_fill_(self._out(rows, histories, keep), -torch.inf)

    def _out(self, rows: Tensor, histories: HistoryBatch, keep: Tensor) -> Tensor:
        """Return which columns of the shortlists do not compete, bool [R, S, C] or [R, 1, C]."""
        barred = self.barred[rows][:, None]
        if self.rule is CandidateRule.UNSEEN_BEFORE:
            return barred
        out = torch.ones(*keep.shape[:2], self.candidates.shape[1], dtype=torch.bool, device=keep.device)
        out[..., : barred.shape[-1]] = barred
        stays = (keep != 0) | ~histories.present[:, None]
        out[..., barred.shape[-1] : barred.shape[-1] + keep.shape[-1]] = stays
        return out

    def settle(self, row: Tensor, slot: Tensor, removed: Tensor) -> Tensor:
        """Return the lead over one target after each removal, among the full catalogue.

        Args:
            row: the history of each question [M].
            slot: its target's slot [M].
            removed: the removal, bool [M, H].

        Returns:
            [M]; above 0 the target has left the list.
        """
        packing = Packing.of(row, PACKED)
        leads = self.leads(packing.which, packing.lay(removed), full=True)
        self.cost.index_put_((row, slot), torch.ones_like(row), accumulate=True)
        return packing.pick(leads).gather(-1, slot[:, None])[:, 0]


def engines(
    recommender: Recommender, queries: EncodedQueries, histories_at_once: int
) -> Iterator[tuple[Tensor, Engine]]:
    """Yield engines over all queries, and which queries each holds: one rule, a bounded number of histories each."""
    for rule, asked in queries.by_rule().items():
        for together in queries.histories.chunks(histories_at_once):
            mine = asked[torch.isin(queries.row[asked], together)]
            if len(mine):
                yield mine, Engine(recommender, Grid.of(queries, mine), rule)
