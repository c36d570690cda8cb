"""The engine under all searches: sets in, how far each is past the goal out; everything that is scored is counted here."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property, partial

import torch
from torch import Tensor

from topple.explainers.base import OnProgress
from topple.explainers.search.full_catalogue import FullCatalogue
from topple.explainers.search.memo import Memos
from topple.explainers.search.noted import NotedSets
from topple.explainers.search.shortlist import Shortlist, sets_at_once
from topple.explainers.search.targets import TargetTable
from topple.records.claims import Claims
from topple.records.question import CandidateRule, Goal
from topple.scoring.budget import Account, Meter
from topple.scoring.changed import ChangedRows
from topple.scoring.encoding import EncodedHistories
from topple.scoring.folded.histories import Folded
from topple.scoring.memory import in_chunks
from topple.scoring.pace import in_time
from topple.scoring.ranking import Ranking
from topple.scoring.recommender import Recommender
from topple.scoring.sums.rows import Sums
from topple.scoring.unchanged import UnchangedScores
from topple.scoring.variations import equal_rows, only, without


class Part(Enum):
    """What the margin of a set is made of."""

    SHORT = "without the set, among the shortlist"
    FULL = "without the set, among the full catalogue"
    ALONE = "the set alone, among the full catalogue"


@dataclass(eq=False)
class Engine:
    """Asks a recommender about many sets of units of B histories at once, each with T targets.

    A search looks at a shortlist of competitors (the best for the unchanged history; under `unseen_after` the history
    itself too), so that only their columns are scored. A set that topples among them topples among all. `settle` asks
    the full catalogue. What a set alone keeps in the list is always asked of the full catalogue.

    A query is charged with what would have been scored for it alone, the run with what was scored. Nothing else counts.

    Args:
        recommender: what is explained.
        table: the histories and their targets.
        rule: which items compete.
        goal: what a set is to do.
        account: what the queries have spent.
        ranking: the rule.
        tolerance: of each query [B, T].
        make_shortlist: returns the competitors of each history that a search looks at.
        changed: rows of the full catalogue that the judge will ask for again; None: none are held.
        sums: the encoded histories as sums; None where their scores are none.
        folded: the encoded histories folded in; None where they are not.
        on_progress: called with how many more queries are done.
    """

    recommender: Recommender
    table: TargetTable
    rule: CandidateRule
    goal: Goal
    account: Account
    ranking: Ranking
    tolerance: Tensor
    make_shortlist: Callable[[], Shortlist]
    changed: ChangedRows | None = None
    sums: Sums | None = None
    folded: Folded | None = None
    on_progress: OnProgress | None = None
    reported: float = field(default=0.0, init=False)

    @classmethod
    def over(
        cls,
        recommender: Recommender,
        table: TargetTable,
        rule: CandidateRule,
        goal: Goal = Goal.NECESSARY,
        meter: Meter | None = None,
        on_progress: OnProgress | None = None,
        unchanged: UnchangedScores | None = None,
    ) -> "Engine":
        """Begin, with what is known of the unchanged histories; they are scored where nothing is."""
        if unchanged is None:
            alone = EncodedHistories(table.histories, table.unit, table.size, [])
            unchanged, source = UnchangedScores(recommender, alone, rule), torch.arange(len(table.histories))
        else:
            source = table.source
        tolerance = unchanged.tolerance(source, table.target)
        account = (meter or Meter()).account(table.nobody, table.row.device)
        engine = cls(
            recommender,
            table,
            rule,
            goal,
            account,
            unchanged.ranking,
            tolerance,
            partial(Shortlist.of, unchanged, table, rule, tolerance),
            unchanged.changed if unchanged.rule is rule else None,
            unchanged.sums if unchanged.rule is rule else None,
            unchanged.folded if unchanged.rule is rule else None,
            on_progress,
        )
        engine.count(len(table.histories), table.query[table.cells], 1)
        return engine

    def part(self, chosen: Tensor) -> "Engine":
        """Return an engine for the queries in the chosen cells, bool [B, T]; they are charged on."""
        table = self.table.select(chosen)
        row = (chosen & self.table.asked).any(1).nonzero()[:, 0]
        tolerance = table.arranged_like(self.table, chosen, self.tolerance)
        shortlist = partial(self.shortlist.part, table, row, tolerance)
        return replace(self, table=table, tolerance=tolerance, make_shortlist=shortlist, on_progress=None)

    def __post_init__(self) -> None:
        of, names_kept = (self.recommender, self.table, self.rule, self.ranking), self.goal is not Goal.NECESSARY
        self.catalogue = FullCatalogue(*of, self.tolerance, names_kept=names_kept)
        self.noted = NotedSets(self.table, on=self.account.meter.timed)
        units, targets = self.table.removable.shape[-1], self.table.target.shape[1]
        self._memos: Memos[Part] = Memos(units, targets, self.table.histories.weights)

    @cached_property
    def shortlist(self) -> Shortlist:
        """The competitors of each history that a search looks at."""
        return self.make_shortlist()

    @property
    def cost(self) -> Tensor:
        """What each target has cost, in scored histories [B, T]."""
        return self.account.cost[self.table.query]

    @property
    def spent(self) -> Tensor:
        """Which targets may spend no more, bool [B, T]."""
        return self.account.spent(self.table.query)

    @property
    def open(self) -> Tensor:
        """Which targets may be asked about still, bool [B, T]: those of a query, before its budget is spent."""
        return self.table.asked & ~self.spent

    @property
    def scored_per_set(self) -> int:
        """What one set costs, in scored histories."""
        return 2 if self.goal is Goal.BOTH else 1

    def can_afford(self, sets: int) -> Tensor:
        """Return for which targets the budget lasts for so many sets more, bool [B, T]."""
        return self.table.asked & ~self.account.spent(self.table.query, self.scored_per_set * sets - 1)

    def report(self, share: float) -> None:
        """Report that this share of the work for the queries is done, 1 at the end."""
        if self.on_progress and share > self.reported:
            self.on_progress(len(self.table.row) * (share - self.reported))
            self.reported = share

    def claims(self, sets: Tensor, proven_below: Tensor | None = None, ended: Tensor | None = None) -> Claims:
        """Claim sets, bool [B, T, H], with what is proven and which searches the budget ended [B, T]; nothing for None."""
        unproven = Claims.unproven(sets, self.cost)
        return Claims(
            sets,
            unproven.proven_below if proven_below is None else proven_below,
            unproven.ended if ended is None else ended,
            unproven.cost,
        )

    def count(self, scored: int, query: Tensor, amounts: Tensor | int) -> None:
        """Count histories that are scored for the run, and charge queries, by number [M], with so many each.

        For what scores beside the methods below: slopes, contributions, bounds.
        """
        self.account.meter.scored += scored
        self.account.charge(query, amounts)

    def margins(self, row: Tensor, units: Tensor, charged: Tensor, *, full: bool = False) -> Tensor:
        """Return how far each set is past its goal, for every target of its history; none is scored twice.

        Args:
            row: which histories are asked about [M].
            units: their sets, bool [M, H].
            charged: the targets that are charged with each set, bool [M, T].
            full: among the full catalogue and not only the shortlist.

        Returns:
            [M, T]; above 0 the goal is met.
        """
        self.account.charge(self.table.query[row].flatten(), charged.flatten() * self.scored_per_set)
        return self._remembered(row, units, full=full)

    def margin(self, row: Tensor, column: Tensor, units: Tensor, *, full: bool = False) -> Tensor:
        """Return how far each set is past the goal of one target, which is charged with it [M].

        Args:
            row: the history of each set [M].
            column: where its target stands [M].
            units: the sets, bool [M, H].
            full: among the full catalogue and not only the shortlist.
        """
        self.account.charge(self.table.query[row, column], self.scored_per_set)
        return self._remembered(row, units, full=full).gather(1, column[:, None])[:, 0]

    def short_margin(self, row: Tensor, column: Tensor, units: Tensor) -> Tensor:
        """Return how far each set is past the goal `necessary` of one target among the shortlist [M]; none is remembered.

        Args:
            row: the history of each set [M].
            column: where its target stands [M].
            units: the sets, bool [M, H].
        """
        self.count(len(row), self.table.query[row, column], 1)
        scores = self.shortlist.scores_without(row, units[:, None])  # [M, 1, C]
        return self.shortlist.targets(row, column).leads(scores)[:, 0, 0]

    def margins_and_scores(self, row: Tensor, units: Tensor, charged: Tensor) -> tuple[Tensor, Tensor]:
        """Return what `margins` does, and the scores of the shortlist [M, C]; for the goal `necessary`."""
        self.count(len(row), self.table.query[row].flatten(), charged.flatten().long())
        weights, shortlist = self.table.histories.weights, self.shortlist
        margins = weights.new_zeros(len(row), self.table.target.shape[1])  # [M, T]
        scores = weights.new_zeros(len(row), shortlist.columns)  # [M, C]
        for rows, every in equal_rows(row):
            for numbers in in_time(every):
                scores[numbers] = shortlist.scores_without(rows, units[numbers])  # [R, S, C]
                margins[numbers] = shortlist.leads(rows, scores[numbers])
                self.noted.note(row[numbers].flatten(), units[numbers].flatten(0, 1), margins[numbers].flatten(0, 1))
        memo = self._memos[Part.SHORT]
        memo.keep(memo.look_up(row, units)[0], margins)
        return margins, scores

    def settle(self, row: Tensor, column: Tensor, units: Tensor) -> Tensor:
        """Return the margin for one target of each set among the full catalogue [M]."""
        return self.margin(row, column, units, full=True)

    def _remembered(self, row: Tensor, units: Tensor, *, full: bool) -> Tensor:
        """Return the margins [M, T] of sets, bool [M, H]; no part of them is worked out twice."""

        def remembered(part: Part) -> Tensor:
            memo = self._memos[part]
            at, new = memo.look_up(row, units)
            if len(new):
                memo.keep(at[new], self._scored(row[new], units[new], part, self.changed))
            return memo.read(at)

        return self.noted.note(row, units, _together([remembered(part) for part in self._parts(full=full)]))

    def new_margins(self, row: Tensor, units: Tensor, charged: Tensor, *, full: bool = False) -> Tensor:
        """Return what `margins` does for sets that are sure to be new, and remember none of them."""
        self.account.charge(self.table.query[row].flatten(), charged.flatten() * self.scored_per_set)
        margins = _together([self._scored(row, units, part) for part in self._parts(full=full)])
        return self.noted.note(row, units, margins)

    def _parts(self, *, full: bool) -> list[Part]:
        """Return what a margin is made of."""
        without_set = [Part.FULL if full else Part.SHORT] if self.goal is not Goal.SUFFICIENT else []
        return without_set + ([Part.ALONE] if self.goal is not Goal.NECESSARY else [])

    def _scored(self, row: Tensor, units: Tensor, part: Part, changed: ChangedRows | None = None) -> Tensor:
        """Return a part of the margins [M, T] of sets, bool [M, H]; rows of the full catalogue are held in `changed`."""
        histories, full = self.table.histories, part is not Part.SHORT
        columns = (self.catalogue if full else self.shortlist).columns
        out = histories.weights.new_zeros(len(row), self.table.target.shape[1])  # [M, T]
        kept, new = part is Part.ALONE, torch.arange(len(row), device=row.device)
        change = only if kept else without
        if changed is not None and full and self.goal is not Goal.NECESSARY:  # one set alone may be what another leaves
            keep = change(histories, self.table.positions(row, units[:, None]), row)  # [M, 1, H]
            known, scores, new = changed.find(self.table.source[row], keep[:, 0])
            if len(known):
                out[known] = self.catalogue.leads(row[known], keep[known], scores[:, None], kept=kept)[:, 0]
        self.account.meter.scored += len(new)
        for rows, at in equal_rows(row[new]):  # [R], [R, S]
            numbers = new[at]
            sets = self.table.positions(rows, units[numbers])  # [R, S, H]

            def ask(chunk: slice, rows: Tensor = rows, numbers: Tensor = numbers, sets: Tensor = sets) -> None:
                chosen = rows[chunk]
                keep = change(histories, sets[chunk, :, : histories.longest(chosen)], chosen)
                if full:
                    scores = self.catalogue.scores(chosen, keep, changed)
                    out[numbers[chunk]] = self.catalogue.leads(chosen, keep, scores, kept=kept)
                else:
                    out[numbers[chunk]] = self.shortlist.leads(chosen, self.shortlist.scores(chosen, keep))

            with torch.no_grad():
                in_chunks(len(rows), sets_at_once(sets.shape, columns), ask, sets.shape[1])
        return out


def _together(parts: list[Tensor]) -> Tensor:
    """Return the margins [M, T] that one part or two parts come to: above 0 where all parts are."""
    if len(parts) == 1:
        return parts[0]
    least, both = torch.minimum(*parts), parts[0].clamp(max=0) + parts[1].clamp(max=0)
    return torch.where(least > 0, least, both)
