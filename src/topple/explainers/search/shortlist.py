"""The shortlist of each history: the competitors whose columns alone are scored while a search looks for sets."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from topple.explainers.search.targets import TargetTable
from topple.records.question import CandidateRule
from topple.scoring.memory import CHUNK, in_chunks, rows_at_once
from topple.scoring.ranking import Ranking
from topple.scoring.recommender import Recommender, Scorer
from topple.scoring.unchanged import UnchangedScores
from topple.scoring.variations import without

SHORTLIST = 100
"""Competitors that a search looks at; the full catalogue settles what it finds."""
LEAST = 64
"""Sets that are scored together at least, if memory allows, however large the catalogue is."""


class Shortlist:
    """The best C competitors of each of B unchanged histories, the T targets of each among them.

    Under `unseen_after` the history itself too: an item may be listed once it is removed. A set that topples a target among these
    topples it among all.

    Args:
        recommender: what is explained.
        table: the histories and their targets.
        rule: which items compete.
        best: the best competitors, by unchanged score [B, W].
        best_scores: their unchanged scores, minus infinity for what does not compete: only a tiny catalogue has it here [B, W].
        tolerance: of each query [B, T].
    """

    def __init__(
        self,
        recommender: Recommender,
        table: TargetTable,
        rule: CandidateRule,
        best: Tensor,
        best_scores: Tensor,
        tolerance: Tensor,
    ) -> None:
        self._recommender, self._table, self._rule, self._tolerance = recommender, table, rule, tolerance
        self.best, self.best_scores = best, best_scores
        self._history_competes = rule is CandidateRule.UNSEEN_AFTER
        self.items = torch.cat([best, table.histories.items], 1) if self._history_competes else best  # [B, C]
        self.target_columns = (best[:, None] == table.target[..., None]).int().argmax(-1)  # [B, T]
        self.columns = self.items.shape[1]
        self._barred = best_scores.isinf()  # [B, W]
        self._bars_any = self._history_competes or bool(self._barred.any())

    @classmethod
    def of(cls, unchanged: UnchangedScores, table: TargetTable, rule: CandidateRule, tolerance: Tensor) -> "Shortlist":
        """Choose the competitors by the scores of the unchanged histories."""
        most = max(SHORTLIST + table.target.shape[1], int(table.k.max()) + 1)
        best = unchanged.shortlist(table.source, most, table.target)
        return cls(unchanged.recommender, table, rule, best, unchanged.scores_of(table.source, best), tolerance)

    def part(self, table: TargetTable, rows: Tensor, tolerance: Tensor) -> "Shortlist":
        """Return the shortlists of the histories `rows` [R], which are those of another table, with the tolerances there."""
        return Shortlist(self._recommender, table, self._rule, self.best[rows], self.best_scores[rows], tolerance)

    @cached_property
    def unchanged(self) -> Tensor:
        """The scores of the unchanged histories, minus infinity for what does not compete [B, C]."""
        more = self.columns - self.best.shape[1]
        return torch.nn.functional.pad(self.best_scores, (0, more), value=-torch.inf)

    @cached_property
    def _bound(self) -> Scorer:
        return self._recommender.bind(self._table.histories, self.items)

    def scores(self, rows: Tensor, keep: Tensor) -> Tensor:
        """Return the scores [R, S, C] of variations [R, S, H] of the histories `rows` [R], minus infinity for what does not compete."""
        scores = self._bound(keep, rows)
        if not self._bars_any:
            return scores
        bars = self._not_competing(rows, keep)
        return scores.masked_fill(bars, -torch.inf) if scores.requires_grad else scores.masked_fill_(bars, -torch.inf)

    def scores_without(self, rows: Tensor, units: Tensor) -> Tensor:
        """Return the scores [R, S, C] of the histories `rows` [R] without sets of units, bool [R, S, H]; the caller counts them."""
        histories = self._table.histories
        out = histories.weights.new_zeros(*units.shape[:2], self.columns)

        def ask(part: slice) -> None:
            sets = self._table.positions(rows[part], units[part])[..., : histories.longest(rows[part])]
            out[part] = self.scores(rows[part], without(histories, sets, rows[part]))

        with torch.no_grad():
            in_chunks(len(out), sets_at_once(units.shape, self.columns), ask, units.shape[1])
        return out

    def leads(self, rows: Tensor, scores: Tensor) -> Tensor:
        """Return by how much each target of the histories `rows` [R] is out of the lists of scores [R, S, C]; [R, S, T]."""
        k = self._table.same_k or self._table.k[rows, None]
        return Targets(self.target_columns[rows, None], k, self._tolerance[rows, None]).leads(scores)

    def targets(self, row: Tensor, column: Tensor) -> "Targets":
        """Return one target a row, by the history [Q] and where it stands among the targets of the history [Q]."""
        k = self._table.same_k or self._table.k[row, column][:, None, None]
        return Targets(self.target_columns[row, column][:, None, None], k, self._tolerance[row, column][:, None, None])

    def _not_competing(self, rows: Tensor, keep: Tensor) -> Tensor:
        """Return which columns do not compete, bool [R, S, C] or [R, 1, C]."""
        barred = self._barred[rows][:, None]
        if not self._history_competes:
            return barred
        out = torch.ones(*keep.shape[:2], self.columns, dtype=torch.bool, device=keep.device)
        out[..., : barred.shape[-1]] = barred
        stays = self._table.item_stays(rows, keep.detach())
        out[..., barred.shape[-1] : barred.shape[-1] + keep.shape[-1]] = stays
        return out


@dataclass(frozen=True, eq=False)
class Targets:
    """T targets a row, among the columns of Q shortlists.

    Args:
        columns: of the targets [Q, 1, T].
        k: length of the lists: of all, or of each target [Q, 1, T].
        tolerance: of each target [Q, 1, T].
    """

    columns: Tensor
    k: Tensor | int
    tolerance: Tensor

    def leads(self, scores: Tensor) -> Tensor:
        """Return by how much each target is out of the lists of scores [Q, S, C]; [Q, S, T]."""
        shape = (-1, scores.shape[1], -1)
        k = self.k if isinstance(self.k, int) else self.k.expand(shape)
        return Ranking.lead(scores, self.columns.expand(shape), k, self.tolerance)

    def select(self, chosen: Tensor) -> "Targets":
        """Return the targets of the rows `chosen`, bool [Q], or by number."""
        k = self.k if isinstance(self.k, int) else self.k[chosen]
        return Targets(self.columns[chosen], k, self.tolerance[chosen])


def sets_at_once(shape: torch.Size, columns: int) -> int:
    """Return how many rows of S sets of H units are scored at a time, with so many columns."""
    _, sets, units = shape
    return rows_at_once(sets * (columns + 2 * units), max(CHUNK, LEAST * columns))
