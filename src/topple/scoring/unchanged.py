"""The scores of unchanged histories: scored once, they answer four questions, and show no row of the catalogue."""

import torch
from torch import Tensor

from topple.records.question import CandidateRule
from topple.scoring.encoding import EncodedHistories, EncodedQueries
from topple.scoring.ranking import Ranking, Standing, top_k, whole_rows
from topple.scoring.recommender import Recommender
from topple.scoring.variations import HistoryBatch, unchanged


def unchanged_scores(recommender: Recommender, queries: EncodedQueries, rule: CandidateRule) -> "UnchangedScores":
    """Return the scores of the queries' unchanged histories under a rule: those that came with the queries, or new ones."""
    if queries.unchanged is not None and queries.unchanged.serves(rule):
        return queries.unchanged
    encoded = EncodedHistories(queries.histories, queries.unit, queries.size, queries.row.tolist())
    return UnchangedScores(recommender, encoded, rule)


class UnchangedScores:
    """What a recommender says of B histories as they are.

    Args:
        recommender: the recommender.
        encoded: the histories.
        rule: which items compete.
    """

    def __init__(self, recommender: Recommender, encoded: EncodedHistories, rule: CandidateRule) -> None:
        self.recommender, self.encoded, self.rule = recommender, encoded, rule
        self._scores = whole_rows(recommender, self.histories, unchanged(self.histories), rule)[:, 0]  # [B, I]
        self.ranking = Ranking.of(recommender)

    def serves(self, rule: CandidateRule) -> bool:
        """Return whether the unchanged lists are those under another rule too; unseen is unseen before any change."""
        return (rule is CandidateRule.ALL) == (self.rule is CandidateRule.ALL)

    @property
    def histories(self) -> HistoryBatch:
        """The B histories."""
        return self.encoded.histories

    def best(self, k: int) -> tuple[Tensor, Tensor]:
        """Return the k best items of each history and their scores, best first, both [B, K]."""
        items = top_k(self._scores, k)
        return items, self._scores.gather(1, items)

    def shortlist(self, row: Tensor, most: int) -> Tensor:
        """Return the best candidates of some histories [R], as many as there are up to `most` [R, C]."""
        return top_k(self._scores[row], min(most, self._scores.shape[1]))

    def scores_of(self, row: Tensor, items: Tensor) -> Tensor:
        """Return the scores of items [R, T] for histories [R]; minus infinity where one does not compete."""
        return self._scores[row].gather(1, items)

    def tolerance(self, row: Tensor, targets: Tensor) -> Tensor:
        """Return the tolerance of queries about targets [R, T] of histories [R], [R, T]."""
        return self.ranking.tolerance(self.scores_of(row, targets))

    def ranks(self, row: Tensor, targets: Tensor, k: Tensor) -> tuple[Tensor, Standing]:
        """Return the ranks of targets [R, T] of histories [R] in lists of length k [R, T], and where they stand."""
        scores, tolerance = self._scores[row], self.tolerance(row, targets)
        standing = self.ranking.standing(scores, targets, k, tolerance)
        return self.ranking.rank(scores, standing, tolerance), standing

    def evidence(self, row: Tensor, items: Tensor) -> Tensor:
        """Return whether anything in the histories [R] speaks for items [R, T], bool [R, T]."""
        empty = self.ranking.empty
        if empty is None:
            return torch.ones_like(items, dtype=torch.bool)
        scores = self.scores_of(row, items)
        return (scores - empty.to(scores)[items]).abs() > self.ranking.tolerance(scores)
