"""The engine under all searches: sets in, how far each is past the goal out; everything that is scored is counted here."""

from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from topple.explainers.base import OnProgress
from topple.explainers.search.memo import Memo
from topple.explainers.search.shortlist import Shortlist, sets_at_once
from topple.explainers.search.targets import TargetTable
from topple.records.claims import Claims
from topple.records.question import CandidateRule, Goal
from topple.scoring.budget import Account, Meter
from topple.scoring.changed import ChangedRows
from topple.scoring.encoding import EncodedHistories
from topple.scoring.memory import in_chunks
from topple.scoring.ranking import Ranking, only_competing
from topple.scoring.recommender import Recommender, Scorer
from topple.scoring.unchanged import UnchangedScores
from topple.scoring.variations import VARIATIONS_A_ROW, HistoryBatch, VariationTable, only, without


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
        shortlist: the competitors of each history that a search looks at.
        changed: rows of the full catalogue that the judge will ask for again; None: none are held.
        on_progress: called with how many more queries are done.
    """

    recommender: Recommender
    table: TargetTable
    rule: CandidateRule
    goal: Goal
    account: Account
    ranking: Ranking
    tolerance: Tensor
    shortlist: Shortlist
    changed: ChangedRows | None = None
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
            Shortlist.of(unchanged, table, rule, tolerance),
            unchanged.changed if unchanged.rule is rule else None,
            on_progress,
        )
        engine.count(len(table.histories), table.query[table.cells], 1)
        return engine

    def part(self, chosen: Tensor) -> "Engine":
        """Return an engine for the queries in the chosen cells, bool [B, T]; they are charged on."""
        table = self.table.select(chosen)
        row = (chosen & self.table.asked).any(1).nonzero()[:, 0]
        tolerance = table.arranged_like(self.table, chosen, self.tolerance)
        return Engine(
            self.recommender,
            table,
            self.rule,
            self.goal,
            self.account,
            self.ranking,
            tolerance,
            self.shortlist.part(table, row, tolerance),
            self.changed,
        )

    def __post_init__(self) -> None:
        histories, targets = self.table.histories, self.table.target
        self.undecided = torch.full_like(self.tolerance, torch.inf)  # [B, T]
        self._memos = [Memo(histories.items.shape[1], targets.shape[1], histories.weights) for _ in range(2)]

    @cached_property
    def everything(self) -> Scorer:
        """The recommender, bound to all histories and the full catalogue."""
        return self.recommender.bind(self.table.histories)

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

    def margins_and_scores(self, row: Tensor, units: Tensor, charged: Tensor) -> tuple[Tensor, Tensor]:
        """Return what `margins` does, and the scores of the shortlist [M, C]; for the goal `necessary`."""
        self.count(len(row), self.table.query[row].flatten(), charged.flatten().long())
        cells = VariationTable.of(row, VARIATIONS_A_ROW)
        scores = self.shortlist.scores_without(cells.history, cells.fill(units))  # [R, S, C]
        margins = cells.read(self.shortlist.leads(cells.history, scores))  # [M, T]
        memo = self._memos[False]
        memo.keep(memo.look_up(row, units)[0], margins)
        return margins, cells.read(scores)

    def settle(self, row: Tensor, column: Tensor, units: Tensor) -> Tensor:
        """Return the margin for one target of each set among the full catalogue [M]."""
        return self.margin(row, column, units, full=True)

    def _remembered(self, row: Tensor, units: Tensor, *, full: bool) -> Tensor:
        memo = self._memos[full]
        at, new = memo.look_up(row, units)
        if len(new):
            memo.keep(at[new], self._scored(row[new], units[new], full=full, changed=self.changed))
        return memo.read(at)

    def new_margins(self, row: Tensor, units: Tensor, charged: Tensor, *, full: bool = False) -> Tensor:
        """Return what `margins` does for sets that are sure to be new, and remember none of them."""
        self.account.charge(self.table.query[row].flatten(), charged.flatten() * self.scored_per_set)
        return self._scored(row, units, full=full)

    def _scored(self, row: Tensor, units: Tensor, *, full: bool, changed: ChangedRows | None = None) -> Tensor:
        """Return the margins [M, T] of sets, bool [M, H]; rows of the full catalogue are held in `changed`."""
        cells = VariationTable.of(row, VARIATIONS_A_ROW)
        sets = self.table.positions(cells.history, cells.fill(units))  # [R, S, H]
        whole_rows = full or self.goal is not Goal.NECESSARY
        columns = len(self.recommender.catalogue) if whole_rows else self.shortlist.items.shape[1]
        self.account.meter.scored += len(row) * self.scored_per_set
        out = self.table.histories.weights.new_zeros(*sets.shape[:2], self.table.target.shape[1])  # [R, S, T]

        def ask(part: slice) -> None:
            out[part] = self._margins(cells.history[part], sets[part], full, changed)

        with torch.no_grad():
            in_chunks(len(out), sets_at_once(sets.shape, columns), ask)
        return cells.read(out)

    def _margins(self, rows: Tensor, sets: Tensor, full: bool, changed: ChangedRows | None) -> Tensor:
        """Return the margins [R, S, T] of sets of positions, bool [R, S, H]."""
        histories = self.table.histories.rows(rows)
        sets = sets[..., : histories.items.shape[1]]
        out = []
        if self.goal is not Goal.SUFFICIENT:
            keep = without(histories, sets)
            out.append(
                self._leads(rows, histories, keep, changed)
                if full
                else self.shortlist.leads(rows, self.shortlist.scores(rows, keep))
            )
        if self.goal is not Goal.NECESSARY:
            out.append(self._leads(rows, histories, only(histories, sets), changed, kept=True))
        if len(out) == 1:
            return out[0]
        least, both = torch.minimum(*out), out[0].clamp(max=0) + out[1].clamp(max=0)
        return torch.where(least > 0, least, both)

    def _leads(
        self, rows: Tensor, histories: HistoryBatch, keep: Tensor, changed: ChangedRows | None, *, kept: bool = False
    ) -> Tensor:
        """Return by how much each target is surely out of the list, or surely in it where it is to be kept [R, S, T].

        The full catalogue is asked, fillers included.

        Args:
            rows: which histories [R].
            histories: those.
            keep: what is kept of them [R, S, H].
            changed: holds the rows.
            kept: whether the target is to stay.
        """
        scores = only_competing(self.everything(keep, rows), histories, keep, self.rule)  # [R, S, I]
        if changed is not None:
            source = self.table.source[rows].repeat_interleave(keep.shape[1])
            changed.hold(source, keep.flatten(0, 1), scores.flatten(0, 1))
        shape = (-1, keep.shape[1], -1)
        cells = (self.table.target, self.table.k, self.tolerance)
        columns, k, tolerance = (each[rows, None].expand(shape) for each in cells)  # [R, S, T]
        standing = self.ranking.standing(scores, columns, k, tolerance)
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
        gone = self.table.histories.present[rows, None, : keep.shape[-1]] & (keep == 0)  # [R, S, H]
        cost = torch.einsum("rsh,rth->rst", gone.double(), self.table.unit_cost[rows, :, : keep.shape[-1]].double())
        if self.goal is not Goal.NECESSARY:  # the set may be what is kept
            cost = torch.zeros_like(cost)
        least = cost.masked_fill(~within, torch.inf).amin(1)  # [R, T]
        self.undecided.scatter_reduce_(0, rows[:, None].expand_as(least), least.to(self.undecided), "amin")
