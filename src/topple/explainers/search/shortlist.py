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
from topple.scoring.variations import equal_rows, without

SHORTLIST = 100
"""Competitors that a search looks at; the full catalogue settles what it finds."""
LEAST = 64
"""Sets that are scored together at least, if memory allows, however large the catalogue is."""


class Shortlist:
    """The best W competitors of each of B unchanged histories, and the T targets of each: C columns.

    Under `unseen_after` the history itself too: an item may be listed once it is removed. A set that topples a target among these
    topples it among all. Whatever else is asked of a history, as many competitors count for a target as its own list needs.

    Args:
        recommender: what is explained.
        table: the histories and their targets.
        rule: which items compete.
        named: the W best competitors, by unchanged score, and the targets that are none of them, since many items tie; any where a
            history has fewer of these, and none where no history has any [B, W + T].
        scores: their unchanged scores, minus infinity for what does not compete: only a tiny catalogue has it here [B, W + T].
        best: W.
        tolerance: of each query [B, T].
    """

    def __init__(
        self,
        recommender: Recommender,
        table: TargetTable,
        rule: CandidateRule,
        named: Tensor,
        scores: Tensor,
        best: int,
        tolerance: Tensor,
    ) -> None:
        self._recommender, self._table, self._rule, self._tolerance = recommender, table, rule, tolerance
        self._named, self._named_scores = named, scores
        self.best, self.best_scores = named[:, :best], scores[:, :best]
        self._history_competes = rule is CandidateRule.UNSEEN_AFTER
        self.items = torch.cat([named, table.histories.items], 1) if self._history_competes else named  # [B, C]
        self.target_columns = (named[:, None] == table.target[..., None]).int().argmax(-1)  # [B, T]
        self.columns = self.items.shape[1]
        self._barred = scores.isinf()  # [B, W + T]
        self._bars_any = self._history_competes or bool(self._barred.any())

    @classmethod
    def of(cls, unchanged: UnchangedScores, table: TargetTable, rule: CandidateRule, tolerance: Tensor) -> "Shortlist":
        """Choose the competitors by the scores of the unchanged histories."""
        most = min(max(SHORTLIST, int(table.k.max()) + 1), len(unchanged.recommender.catalogue))
        best = unchanged.best(most)[0][table.source]
        named = torch.cat([best, _below(best, table)], 1)
        return cls(unchanged.recommender, table, rule, named, unchanged.scores_of(table.source, named), most, tolerance)

    def part(self, table: TargetTable, rows: Tensor, tolerance: Tensor) -> "Shortlist":
        """Return the shortlists of the histories `rows` [R], which are those of another table, with the tolerances there."""
        named, scores, best = self._named[rows], self._named_scores[rows], self.best.shape[1]
        return Shortlist(self._recommender, table, self._rule, named, scores, best, tolerance)

    @cached_property
    def unchanged(self) -> Tensor:
        """The scores of the unchanged histories, minus infinity for what does not compete [B, C]."""
        return torch.nn.functional.pad(self._named_scores, (0, self.columns - self._named.shape[1]), value=-torch.inf)

    @cached_property
    def counted(self) -> Tensor | None:
        """Columns that count for each target, bool [B, T, C]; None where all do.

        Those do not that are there for longer lists, or for other targets below the best.
        """
        named = self._named.shape[1]
        if named <= SHORTLIST:
            return None
        column, needed = torch.arange(self.columns, device=self._named.device), (self._table.k + 1).clamp(min=SHORTLIST)
        counted = (column < needed[..., None]) | (column >= named) | (column == self.target_columns[..., None])
        return None if bool(counted.all()) else counted

    def counted_for(self, row: Tensor, column: Tensor) -> Tensor:
        """Return which columns count for one target a row, bool [Q, C]; the arguments are those of `targets`."""
        if self.counted is None:
            return torch.ones(len(row), self.columns, dtype=torch.bool, device=row.device)
        return self.counted[row, column]

    @cached_property
    def _bound(self) -> Scorer:
        return self._recommender.bind(self._table.histories, self.items)

    @cached_property
    def _proposing(self) -> tuple[Scorer, float]:
        return self._recommender.bind_to_propose(self._table.histories, self.items)

    @cached_property
    def tolerance(self) -> Tensor:
        """By how much a competitor must be above each target, by the rounding of the scores that propose sets [B, T]."""
        scorer_rounding, rounding = self._proposing[1], self._recommender.rounding
        return self._tolerance if scorer_rounding == rounding else self._tolerance * (scorer_rounding / rounding)

    def scores(self, rows: Tensor, keep: Tensor) -> Tensor:
        """Return the scores [R, S, C] of variations [R, S, H] of the histories `rows` [R], minus infinity for what does not compete."""
        scorer = self._bound if keep.requires_grad else self._proposing[0]
        scores = scorer(keep, rows)
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

    def scores_where(self, rows: Tensor, units: Tensor, real: Tensor) -> Tensor:
        """Return what `scores_without` does for the sets that are real, bool [R, S], and 0 for the others; the caller counts them."""
        row, number = real.nonzero(as_tuple=True)  # [M]
        out = self._table.histories.weights.new_zeros(*real.shape, self.columns)
        for of_one, every in equal_rows(rows[row]):  # [R], [R, S]
            cells = row[every], number[every]
            out[cells] = self.scores_without(of_one, units[cells])
        return out

    def leads(self, rows: Tensor, scores: Tensor) -> Tensor:
        """Return by how much each target of the histories `rows` [R] is out of the lists of scores [R, S, C]; [R, S, T]."""
        k = self._table.same_k or self._table.k[rows, None]
        counted = None if self.counted is None else self.counted[rows]
        return Targets(self.target_columns[rows, None], k, self.tolerance[rows, None], counted).leads(scores)

    def targets(self, row: Tensor, column: Tensor) -> "Targets":
        """Return one target a row, by the history [Q] and where it stands among the targets of the history [Q]."""
        k = self._table.same_k or self._table.k[row, column][:, None, None]
        tolerance = self.tolerance[row, column][:, None, None]
        counted = None if self.counted is None else self.counted_for(row, column)[:, None]
        return Targets(self.target_columns[row, column][:, None, None], k, tolerance, counted)

    def _not_competing(self, rows: Tensor, keep: Tensor) -> Tensor:
        """Return which columns do not compete, bool [R, S, C] or [R, 1, C]."""
        barred = self._barred[rows][:, None]
        if not self._history_competes:
            return barred
        out = torch.ones(*keep.shape[:2], self.columns, dtype=torch.bool, device=keep.device)
        out[..., : barred.shape[-1]] = barred
        stays = self._table.item_stays(rows, keep.detach())
        if self._never_back is not None:
            stays = stays | self._never_back[rows, None, : keep.shape[-1]]
        out[..., barred.shape[-1] : barred.shape[-1] + keep.shape[-1]] = stays
        return out

    @cached_property
    def _never_back(self) -> Tensor | None:
        """At which positions of the history a filter keeps the item from being listed, bool [B, H]; None where there is no filter."""
        histories = self._table.histories
        if histories.filters is None or histories.filter_of is None:
            return None
        return ~histories.filters[histories.filter_of[:, None], histories.items]


@dataclass(frozen=True, eq=False)
class Targets:
    """T targets a row, among the columns of Q shortlists.

    Args:
        columns: of the targets [Q, 1, T].
        k: length of the lists: of all, or of each target [Q, 1, T].
        tolerance: of each target [Q, 1, T].
        counted: columns that count for each target, bool [Q, T, C]; None where all do.
    """

    columns: Tensor
    k: Tensor | int
    tolerance: Tensor
    counted: Tensor | None = None

    def leads(self, scores: Tensor) -> Tensor:
        """Return by how much each target is out of the lists of scores [Q, S, C]; [Q, S, T]."""
        shape = (-1, scores.shape[1], -1)
        columns, k = self.columns.expand(shape), self.k if isinstance(self.k, int) else self.k.expand(shape)
        if self.counted is None:
            return Ranking.lead(scores, columns, k, self.tolerance)
        tolerance, leads = self.tolerance.expand_as(columns), []
        for number, counted in enumerate(self.counted.unbind(1)):
            one = slice(number, number + 1)
            length = k if isinstance(k, int) else k[..., one]
            counting = scores.masked_fill(~counted[:, None], -torch.inf)
            leads.append(Ranking.lead(counting, columns[..., one], length, tolerance[..., one]))
        return torch.cat(leads, -1)

    def select(self, chosen: Tensor) -> "Targets":
        """Return the targets of the rows `chosen`, bool [Q], or by number."""
        k = self.k if isinstance(self.k, int) else self.k[chosen]
        counted = None if self.counted is None else self.counted[chosen]
        return Targets(self.columns[chosen], k, self.tolerance[chosen], counted)


def _below(best: Tensor, table: TargetTable) -> Tensor:
    """Return the targets that are not among the best items [B, W]; where a history has fewer than another, targets that are [B, T]."""
    missing = table.asked & ~(best[:, None] == table.target[..., None]).any(-1)  # [B, T]
    first = missing.int().sort(dim=1, descending=True, stable=True).indices
    return table.target.gather(1, first[:, : int(missing.sum(1).max())])


def sets_at_once(shape: torch.Size, columns: int) -> int:
    """Return how many rows of S sets of H units are scored at a time, with so many columns."""
    _, sets, units = shape
    return rows_at_once(sets * (columns + 2 * units), max(CHUNK, LEAST * columns))
