"""The full catalogue: what settles a set that a search has found."""

from functools import cached_property

import torch
from torch import Tensor

from topple.explainers.search.targets import TargetTable
from topple.records.question import CandidateRule
from topple.scoring.changed import ChangedRows
from topple.scoring.lists.listable import candidates_of, few_listable, spread
from topple.scoring.ranking import Ranking, only_competing
from topple.scoring.recommender import Recommender, Scorer


class FullCatalogue:
    """All I items as the competitors of the T targets of each of B histories, fillers included.

    Args:
        recommender: what is explained.
        table: the histories and their targets.
        rule: which items compete.
        ranking: the ranking rule.
        tolerance: of each query [B, T].
        names_kept: whether a set may name what is kept, and not what is removed.
    """

    def __init__(
        self,
        recommender: Recommender,
        table: TargetTable,
        rule: CandidateRule,
        ranking: Ranking,
        tolerance: Tensor,
        *,
        names_kept: bool,
    ) -> None:
        self._recommender, self._table, self._rule, self._ranking = recommender, table, rule, ranking
        self._tolerance, self._names_kept, self.columns = tolerance, names_kept, len(recommender.catalogue)
        self.undecided = torch.full_like(tolerance, torch.inf)
        """What the cheapest set costs that rounding decides about, in thousandths [B, T]: nothing is proven from there on."""

    @cached_property
    def _listable(self) -> Tensor | None:
        return few_listable(self._table.histories)

    @cached_property
    def _bound(self) -> Scorer:
        histories = self._table.histories
        return self._recommender.bind(histories, candidates_of(self._listable, histories))

    def scores(self, rows: Tensor, keep: Tensor, changed: ChangedRows | None) -> Tensor:
        """Return the scores [R, S, I] of variations [R, S, H], minus infinity for what does not compete; `changed` holds them."""
        histories = self._table.histories.rows(rows, keep.shape[-1])
        scores = spread(self._bound(keep, rows), self._listable, histories)
        scores = only_competing(scores, histories, keep, self._rule)
        if changed is not None:
            source = self._table.source[rows].repeat_interleave(keep.shape[1])
            changed.hold(source, keep.flatten(0, 1), scores.flatten(0, 1))
        return scores

    def leads(self, rows: Tensor, keep: Tensor, scores: Tensor, *, kept: bool) -> Tensor:
        """Return by how much each target is surely out of the list, or surely in it where it is to be kept [R, S, T].

        Args:
            rows: which histories [R].
            keep: what is kept of them [R, S, H].
            scores: of these variations [R, S, I].
            kept: whether the target is to stay.
        """
        shape = (-1, keep.shape[1], -1)
        cells = (self._table.target, self._table.k, self._tolerance)
        columns, k, tolerance = (each[rows, None].expand(shape) for each in cells)  # [R, S, T]
        standing = self._ranking.standing(scores, columns, k, tolerance)
        tiny = torch.finfo(scores.dtype).tiny
        self._note_undecided(rows, keep, standing.within_rounding)
        # what rounding may have done is no part of a lead: equal leads are equal, however large the scores are
        if kept:
            lead = torch.where(standing.possibly_out, standing.lead.clamp(min=0), standing.lead)
            stays = -lead.masked_fill((lead == 0) & ~standing.possibly_out, -tiny)  # a tie of zeros stays in the list
            return stays.masked_fill(standing.by_fillers, -tiny)
        lead = torch.where(standing.lead > standing.band, standing.lead, standing.lead.clamp(max=0))
        return lead.masked_fill(standing.by_fillers, tiny)

    def _note_undecided(self, rows: Tensor, keep: Tensor, within: Tensor) -> None:
        """Remember what the cheapest set costs that rounding decides about, for nothing is proven from there on."""
        if not within.any():
            return
        table = self._table
        gone = table.histories.present[rows, None, : keep.shape[-1]] & (keep == 0)  # [R, S, H]
        cost = torch.einsum("rsh,rth->rst", gone.double(), table.unit_cost[rows, :, : keep.shape[-1]].double())
        if self._names_kept:
            cost = torch.zeros_like(cost)
        least = cost.masked_fill(~within, torch.inf).amin(1)  # [R, T]
        self.undecided.scatter_reduce_(0, rows[:, None].expand_as(least), least.to(self.undecided), "amin")
