"""The counting engine under all searches: sets in, how far each is past its goal out; every scored history is counted."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from topple.explainers.search.grid import Grid
from topple.explainers.search.memo import Memo
from topple.records.question import CandidateRule, Goal
from topple.scoring.budget import Meter
from topple.scoring.encoding import EncodedQueries
from topple.scoring.memory import in_chunks
from topple.scoring.ranking import exclude, lead, top_k
from topple.scoring.recommender import Recommender, Scorer
from topple.scoring.variations import PACKED, HistoryBatch, Packing, only, unchanged, without

SHORTLIST = 100
"""Competitors that a search looks at; the full catalogue settles what it finds."""
SCORES = 4_000_000
"""Scores held at a time; more where a catalogue is so large that this were fewer than `LEAST` histories."""
LEAST = 64


@dataclass(eq=False)
class Engine:
    """Asks a recommender about many sets of units of some histories at once.

    A search looks at a shortlist of competitors (the best for the unchanged history; under `unseen_after` the history
    itself too), so that only their columns are scored. A set that topples among them topples among all. `settle` asks
    the full catalogue. What a set alone keeps in the list is always asked of the full catalogue.

    Args:
        recommender: what is explained.
        grid: B histories with T targets each.
        rule: which items compete.
        goal: what a set is to do.
        meter: counts what is spent.
    """

    recommender: Recommender
    grid: Grid
    rule: CandidateRule
    goal: Goal = Goal.NECESSARY
    meter: Meter = field(default_factory=Meter)

    def __post_init__(self) -> None:
        self.clock = self.meter.begin(int(self.grid.asked.sum()))
        self.cost = torch.ones_like(self.grid.k)  # [B, T]
        self.meter.scored += len(self.grid.histories)
        histories, keep = self.grid.histories, unchanged(self.grid.histories)
        with torch.no_grad():
            scores = exclude(self.everything(keep), histories, keep, CandidateRule.UNSEEN_BEFORE)[:, 0]
        wanted = max(SHORTLIST, int(self.grid.k.max()) + 1)
        best = top_k(scores, min(wanted, scores.shape[1]))
        self.barred = torch.isinf(scores.gather(1, best))  # of the history: only a tiny catalogue has them here
        self._bars = self.rule is CandidateRule.UNSEEN_AFTER or bool(self.barred.any())
        self.candidates = best if self.rule is CandidateRule.UNSEEN_BEFORE else torch.cat([best, histories.items], 1)
        self.memos = [Memo(histories.items.shape[1], self.grid.target.shape[1], histories.weights) for _ in range(2)]
        self.places = (self.candidates[:, None] == self.grid.target[..., None]).int().argmax(-1)  # [B, T]

    @cached_property
    def everything(self) -> Scorer:
        """The recommender, bound to all histories and the full catalogue."""
        return self.recommender.bind(self.grid.histories)

    @cached_property
    def shortlist(self) -> Scorer:
        """The recommender, bound to all histories and their shortlists."""
        return self.recommender.bind(self.grid.histories, self.candidates)

    @property
    def open(self) -> Tensor:
        """Which targets may be asked about still, bool [B, T]: those of a query, before its budget is spent."""
        return self.grid.asked & ~self.clock.spent(self.cost)

    @property
    def each(self) -> int:
        """What one set costs, in scored histories."""
        return 2 if self.goal is Goal.BOTH else 1

    def lasts(self, sets: int) -> Tensor:
        """Return for which targets the budget lasts for so many sets more, bool [B, T]."""
        return self.grid.asked & ~self.clock.spent(self.cost + self.each * sets - 1)

    def margins(self, row: Tensor, units: Tensor, *, full: bool = False) -> Tensor:
        """Return how far each set is past its goal, for every target of its history; none is scored twice.

        Args:
            row: which histories are asked about [M].
            units: their sets, bool [M, H].
            full: among the full catalogue and not only the shortlist.

        Returns:
            [M, T]; above 0 the goal is met.
        """
        memo = self.memos[full]
        at, new = memo.look_up(row, units)
        if len(new):
            memo.keep(at[new], self.scored(row[new], units[new], full=full))
        return memo.read(at)

    def scored(self, row: Tensor, units: Tensor, *, full: bool = False) -> Tensor:
        """Return what `margins` does for sets that are sure to be new, and remember none of them."""
        packing = Packing.of(row, PACKED)
        sets = self.grid.members(packing.which, packing.lay(units))  # [R, S, H]
        columns = (
            len(self.recommender.catalogue) if full or self.goal is not Goal.NECESSARY else self.candidates.shape[1]
        )
        self.meter.scored += len(row) * self.each
        at_once = max(1, max(SCORES, LEAST * columns) // max(1, sets.shape[1] * (columns + 2 * sets.shape[2])))
        out = self.grid.histories.weights.new_zeros(*sets.shape[:2], self.grid.target.shape[1])

        def ask(part: slice) -> None:
            out[part] = self._margins(packing.which[part], sets[part], full)

        in_chunks(len(out), at_once, ask)
        return packing.pick(out)

    def _margins(self, rows: Tensor, sets: Tensor, full: bool) -> Tensor:
        """Return the margins [R, S, T] of sets of places, bool [R, S, H]."""
        histories = self.grid.histories.rows(rows)
        sets = sets[..., : histories.items.shape[1]]
        out = []
        if self.goal is not Goal.SUFFICIENT:
            out.append(self._leads(rows, histories, without(histories, sets), full))
        if self.goal is not Goal.NECESSARY:
            behind = -self._leads(rows, histories, only(histories, sets), full=True)
            out.append(behind.masked_fill(behind == 0, torch.finfo(behind.dtype).tiny))  # a tie stays in the list
        if len(out) == 1:
            return out[0]
        least, both = torch.minimum(*out), out[0].clamp(max=0) + out[1].clamp(max=0)
        return torch.where(least > 0, least, both)

    def _leads(self, rows: Tensor, histories: HistoryBatch, keep: Tensor, full: bool) -> Tensor:
        """Return by how much each target is out of the list [R, S, T], given what is kept of histories `rows` [R, S, H]."""
        with torch.no_grad():
            if full:
                scores = exclude(self.everything(keep, rows), histories, keep, self.rule)
            else:
                scores = self.shortlist(keep, rows)
                if self._bars:
                    scores = scores.masked_fill_(self._out(rows, keep), -torch.inf)
        places = (self.grid.target if full else self.places)[rows, None]
        shape = (-1, keep.shape[1], -1)
        return lead(scores, places.expand(shape), self.grid.k[rows, None].expand(shape))

    def own(self, row: Tensor, slot: Tensor, units: Tensor, *, full: bool = False) -> Tensor:
        """Return the margin for one target of each set [M], and count the sets.

        Args:
            row: the history of each set [M].
            slot: its target's slot [M].
            units: the sets, bool [M, H].
            full: among the full catalogue and not only the shortlist.
        """
        each = torch.full_like(row, self.each)
        self.cost.index_put_((row, slot), each, accumulate=True)
        return self.margins(row, units, full=full).gather(1, slot[:, None])[:, 0]

    def settle(self, row: Tensor, slot: Tensor, units: Tensor) -> Tensor:
        """Return the margin for one target of each set among the full catalogue [M]."""
        return self.own(row, slot, units, full=True)

    def slopes(self, removed: Tensor, alpha: float, restarts: int) -> tuple[Tensor, Tensor]:
        """Return leads among the shortlist, and how a shortfall of each changes with every item kept.

        The shortfall is relu(alpha - lead). Every history is asked about.

        Args:
            removed: for each target of a history `restarts` removals, units, bool [B, T * restarts, H].
            alpha: the lead that is wanted.
            restarts: removals of each target.

        Returns:
            leads over the own target [B, T * restarts], slopes of units [B, T * restarts, H].
        """
        grid = self.grid
        self.meter.scored += removed.shape[0] * removed.shape[1]
        rows = torch.arange(len(removed), device=removed.device)
        keep = without(grid.histories, grid.members(rows, removed)).requires_grad_()
        out = self._out(rows, keep)
        scores = self.shortlist(keep).masked_fill(out, -torch.inf)
        places, k = (values.repeat_interleave(restarts, 1)[..., None] for values in (self.places, grid.k))
        leads = lead(scores, places, k)[..., 0]
        (slope,) = torch.autograd.grad(torch.relu(alpha - leads).sum(), keep)
        return leads.detach(), grid.by_unit(slope)

    def _out(self, rows: Tensor, keep: Tensor) -> Tensor:
        """Return which columns of the shortlists do not compete, bool [R, S, C] or [R, 1, C]."""
        barred = self.barred[rows][:, None]
        if self.rule is CandidateRule.UNSEEN_BEFORE:
            return barred
        out = torch.ones(*keep.shape[:2], self.candidates.shape[1], dtype=torch.bool, device=keep.device)
        out[..., : barred.shape[-1]] = barred
        stays = (keep != 0) | ~self.grid.histories.present[rows, None, : keep.shape[-1]]
        out[..., barred.shape[-1] : barred.shape[-1] + keep.shape[-1]] = stays
        return out


def engines(
    recommender: Recommender, queries: EncodedQueries, histories_at_once: int, meter: Meter | None = None
) -> Iterator[tuple[Tensor, Engine]]:
    """Yield engines over all queries, and which queries each holds: one rule, one goal, a bounded number of histories each.

    Those that are left when the budget in all is spent are not yielded.
    """
    meter = meter or Meter()
    for (rule, goal), asked in queries.alike().items():
        for together in queries.histories.chunks(histories_at_once):
            mine = asked[torch.isin(queries.row[asked], together)]
            if len(mine) and not meter.over:
                yield mine, Engine(recommender, Grid.of(queries, mine), rule, goal, meter)
