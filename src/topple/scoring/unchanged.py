"""The scores of unchanged histories, scored once.

The whole rows of the catalogue stay inside `UnchangedScores`. Others ask it for the best items, for the scores and ranks of
items, and for the competitors that a search begins with.
"""

from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from topple.records.question import CandidateRule
from topple.scoring.changed import ChangedRows
from topple.scoring.encoding import EncodedHistories, EncodedQueries
from topple.scoring.folded.building import folded
from topple.scoring.folded.histories import Folded
from topple.scoring.lists.standings import Stood, best_of, stand_unchanged, stand_without, tolerance_of
from topple.scoring.ranking import Ranking, Standing, catalogue_scores
from topple.scoring.recommender import Recommender
from topple.scoring.sums.building import summed, whole_rows
from topple.scoring.sums.rows import Sums, every_item
from topple.scoring.variations import HistoryBatch, unchanged


def unchanged_scores(recommender: Recommender, queries: EncodedQueries, rule: CandidateRule) -> "UnchangedScores":
    """Return the scores of the queries' unchanged histories under a rule: those that came with the queries, or new ones."""
    if queries.unchanged is not None and queries.unchanged.serves(rule):
        return queries.unchanged
    encoded = EncodedHistories(queries.histories, queries.unit, queries.size, queries.row.tolist())
    return UnchangedScores(recommender, encoded, rule)


class UnchangedScores:
    """What a recommender says of B unchanged histories.

    Args:
        recommender: the recommender.
        encoded: the B histories.
        rule: which items compete.
    """

    def __init__(self, recommender: Recommender, encoded: EncodedHistories, rule: CandidateRule) -> None:
        self.recommender, self.encoded, self.rule = recommender, encoded, rule
        self.sums = summed(recommender, self.histories, rule)
        """The histories as sums, where the recommender offers its rows."""
        if self.sums is None:
            keep = unchanged(self.histories)  # [B, 1, H]
            self._scores = catalogue_scores(recommender, self.histories, keep, rule)[:, 0]  # [B, I]
        self.ranking = Ranking.of(recommender)
        self._best: tuple[Tensor, Tensor] | None = None

    @cached_property
    def changed(self) -> ChangedRows:
        """The rows of changed histories that were scored last; whole rows of the unchanged ones are the first of them."""
        changed = ChangedRows()
        if self.sums is None:
            changed.hold(torch.arange(len(self._scores)), unchanged(self.histories)[:, 0], self._scores)
        return changed

    @cached_property
    def _scores(self) -> Tensor:
        """Whole rows [B, I]; of sums of fewer items they are written out where they are asked for, which few do."""
        assert self.sums is not None  # noqa: S101 - else they are there from the beginning
        return whole_rows(self.sums)

    @property
    def _part(self) -> Sums | None:
        """The histories as sums of fewer items than there are; None where whole rows are there."""
        return None if self.sums is None or every_item(self.sums) else self.sums

    def serves(self, rule: CandidateRule) -> bool:
        """Return whether the scores are those under another rule too: the two unseen rules differ only once items are removed."""
        return (rule is CandidateRule.ALL) == (self.rule is CandidateRule.ALL)

    @property
    def histories(self) -> HistoryBatch:
        """The B histories."""
        return self.encoded.histories

    @cached_property
    def folded(self) -> Folded | None:
        """The histories folded in, where the recommender offers the equations that it solves."""
        return None if self.sums is not None else folded(self.recommender, self.histories, self._scores, self.rule)

    @property
    def changeable(self) -> Sums | Folded | None:
        """What compiled functions change a history by; None where the recommender is to be asked."""
        return self.folded if self.sums is None else self.sums

    def best(self, k: int) -> tuple[Tensor, Tensor]:
        """Return the k best items of each history and their scores, best first, both [B, K]."""
        if self._best is None or self._best[0].shape[1] < k:
            self._best = self._found_best(k)
        items, scores = self._best
        return items[:, :k], scores[:, :k]

    def _found_best(self, k: int) -> tuple[Tensor, Tensor]:
        if self._part is not None:
            from topple.scoring.sums.listing import best_listed  # compiled where it is first needed

            items = torch.empty(len(self.histories), k, dtype=torch.int64)
            scores = torch.empty(items.shape, dtype=torch.float64)
            if best_listed(self._part, items.numpy(), scores.numpy()):
                return items, scores
        return best_of(self._scores, k)

    def scores_of(self, row: Tensor, items: Tensor) -> Tensor:
        """Return the scores of items [R, T] for the histories `row` [R]; minus infinity where an item does not compete."""
        if self._part is None:
            return self._scores[row[:, None], items]  # whole rows are not copied
        from topple.scoring.sums.listing import scores_of  # compiled where it is first needed

        scores = torch.empty(items.shape, dtype=torch.float64)
        scores_of(self._part, row.numpy(), items.numpy(), scores.numpy())
        return scores

    def tolerance(self, row: Tensor, targets: Tensor) -> Tensor:
        """Return the tolerance [R, T] of queries about targets [R, T] of the histories `row` [R]."""
        return tolerance_of(self.ranking, self.scores_of(row, targets))

    def ranks(self, row: Tensor, targets: Tensor, k: Tensor) -> tuple[Tensor, Standing]:
        """Return the ranks [R, T] of targets [R, T] of the histories `row` [R] in lists of length k [R, T], and where they stand."""
        stood = self.stand(row, targets, k)
        return stood.rank, stood.standing

    def stand(self, row: Tensor, targets: Tensor, k: Tensor) -> Stood:
        """Return where targets [R, T] of the histories `row` [R] stand in lists of length k [R, T]: ranks, ties, leads."""
        scores = self.scores_of(row, targets)
        tolerance = tolerance_of(self.ranking, scores)
        if self._part is None or torch.isinf(scores).any():  # what does not compete has no column
            return stand_unchanged(self._scores, self.ranking, row, targets, k, tolerance)
        nothing = np.zeros((len(row), self.histories.items.shape[1]), dtype=np.bool_)
        first, asked = (
            np.arange(len(row) + 1) * targets.shape[1],
            (targets.flatten(), k.expand_as(targets).flatten(), tolerance.flatten()),
        )
        stood = stand_without(self._part, self.ranking, (row.numpy(), nothing), (first, *asked))
        return stood.reshape(targets.shape)

    def tied(self, row: Tensor, targets: Tensor) -> Tensor:
        """Return how many other items tie with targets [R, T] of the histories `row` [R], [R, T]."""
        return self.stand(row, targets, torch.ones_like(targets)).tied

    def levels(self, k: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return of the k best items of each history the ranks, how many others tie, and which have evidence, each [B, K].

        A rank is 1 + the items that outrank: they are in the list; below it, items are looked at only where the next one ties.
        Nothing in a history speaks for an item that scores what an empty history gives it.
        """
        items, scores = self.best(min(k + 1, len(self.recommender.catalogue)))
        best, tolerance = scores[:, :k], self.ranking.tolerance(scores[:, :k])  # [B, K]
        ranks = 1 + (best[:, None] > (best + tolerance)[:, :, None]).sum(-1)
        tied = ((best[:, None] - best[:, :, None]).abs() <= tolerance[:, :, None]).sum(-1) - 1
        on = (scores[:, -1:] >= best - tolerance).any(1).nonzero()[:, 0] if scores.shape[1] > k else items.new_zeros(0)
        if len(on):
            tied[on] = self.tied(on, items[on, :k])
        empty = self.ranking.empty
        if empty is None:
            return ranks, tied, torch.ones_like(tied, dtype=torch.bool)
        return ranks, tied, (best - empty.to(best)[items[:, :k]]).abs() > tolerance
