"""The judge: sets and what is claimed of them in, Verdicts out. It trusts no claim and searches for no set."""

from dataclasses import dataclass

import torch
from torch import Tensor

from topple.flags import any_of, indices_of
from topple.records.answer import Verdict
from topple.records.question import CandidateRule, Goal
from topple.scoring.encoding import THOUSANDTHS, EncodedHistories, EncodedQueries
from topple.scoring.lists.standings import Stood
from topple.scoring.pace import TimeIsUpError, paced
from topple.scoring.recommender import Recommender
from topple.scoring.unchanged import UnchangedScores
from topple.verification.outcomes import Outcomes, outcomes_of, target_out, targets_out
from topple.verification.recording import Judged, recorded
from topple.verification.stamps import state_of
from topple.verification.units import a_unit_works, work_with_a_unit_less


@dataclass(frozen=True, eq=False)
class ClaimedBounds:
    """What a method claims that the sets of N queries cost at least.

    Args:
        proven_below: no allowed set that costs less than so many thousandths does what the goal asks [N]; infinity: no set does.
        method: the name of the method.
    """

    proven_below: Tensor
    method: str


class Judge:
    """Judges sets of N queries under one candidate rule.

    Args:
        recommender: the recommender.
        queries: the queries.
        unchanged: the scores of the unchanged histories under that rule; None: they are scored here.
        rule: which items compete; None: the rule of the queries, which have the same one.
        before: where the targets stand in the lists of the unchanged histories [N, 1]; None: that is looked up here.
    """

    def __init__(
        self,
        recommender: Recommender,
        queries: EncodedQueries,
        unchanged: UnchangedScores | None = None,
        rule: CandidateRule | None = None,
        before: Stood | None = None,
    ) -> None:
        self.recommender, self.queries = recommender, queries
        self.rule = queries.queries[0].rule if rule is None else rule
        encoded = EncodedHistories(queries.histories, queries.unit, queries.size, queries.row.tolist())
        self.unchanged = UnchangedScores(recommender, encoded, self.rule) if unchanged is None else unchanged
        goals, device = [query.goal for query in queries.queries], queries.row.device
        self.wants_out = torch.tensor([goal is not Goal.SUFFICIENT for goal in goals], device=device)  # [N]
        self.wants_kept = torch.tensor([goal is not Goal.NECESSARY for goal in goals], device=device)  # [N]
        self.counts = self.unchanged.sums is not None
        """Whether compiled functions tell by counts what a unit more or less does."""
        self.present = queries.histories.present[queries.row]  # [N, H]
        target, k = queries.target[:, None], queries.k[:, None]  # [N, 1]
        self.before = self.unchanged.stand(queries.row, target, k) if before is None else before
        self.tolerance = self.unchanged.tolerance(queries.row, target)[:, 0]  # [N]

    def verdicts(self, sets: Tensor, *, alone: bool = True, bounds: ClaimedBounds | None = None) -> list[Verdict]:
        """Judge one set a query.

        Args:
            sets: positions of the histories, bool [N, H]; empty where there is no set.
            alone: whether to score each set alone also where the goal does not ask for it.
            bounds: what is claimed that sets cost at least.
        """
        queries, is_set, state = self.queries, any_of(sets), state_of(self.recommender)
        with paced(None):  # what no answer leaves without is scored whatever the time
            without = self._outcomes(is_set, self.present & ~sets, lists=True)
            kept = self._outcomes(is_set & (self.wants_kept | alone), self.present & sets)
        necessary = without.surely_out & (self.before.rank[:, 0] <= queries.k)
        sufficient = kept.tried & ~kept.possibly_out
        valid = is_set & (necessary | ~self.wants_out) & (sufficient | ~self.wants_kept)
        minimal, within_rounding, (proven_below, proof_by) = self._in_time(sets, valid, bounds)
        within_rounding |= self.wants_out & (without.surely_out != without.possibly_out)
        within_rounding |= self.wants_kept & (kept.surely_out != kept.possibly_out)
        judged = Judged(
            sets=sets,
            wants_out=self.wants_out,
            wants_kept=self.wants_kept,
            rank_before=self.before.rank[:, 0],
            tied_before=self.before.tied[:, 0],
            tolerance=self.tolerance,
            without=without,
            alone=kept,
            necessary=necessary,
            sufficient=sufficient,
            valid=valid,
            minimal=minimal,
            within_rounding=within_rounding & is_set,
            proven_below=proven_below,
            proof_by=proof_by,
        )
        return recorded(self.recommender, queries, self.rule, judged, state)

    def _in_time(
        self, sets: Tensor, valid: Tensor, bounds: ClaimedBounds | None
    ) -> tuple[Tensor | None, Tensor, tuple[Tensor, list[str]]]:
        """Return what `_minimal` and `_checked_bounds` do; where the time is over first, None for minimal, and no proof."""
        minimal, within_rounding = None, torch.zeros_like(valid)
        nothing = torch.zeros_like(self.queries.k, dtype=torch.float64), [""] * len(sets)
        try:
            minimal, within_rounding = self._minimal(sets & valid[:, None])
            return minimal, within_rounding, self._checked_bounds(sets, valid, minimal, bounds)
        except TimeIsUpError:
            return minimal, within_rounding, nothing

    def _outcomes(self, tried: Tensor, keep: Tensor, *, lists: bool = False) -> Outcomes:
        """Return the outcomes where `keep`, bool [N, H], is what is kept, of the queries `tried`, bool [N]."""
        chosen = tried.nonzero()[:, 0]
        kept = keep[chosen].to(self.queries.histories.weights.dtype)
        return outcomes_of(self.unchanged, self.queries, self.tolerance, chosen, kept, lists=lists)

    @property
    def _wants(self) -> Tensor:
        """Whether targets are to be out without sets, and whether in with nothing but sets, bool [N, 2]."""
        return torch.stack([self.wants_out, self.wants_kept], 1)

    def _minimal(self, sets: Tensor) -> tuple[Tensor, Tensor]:
        """Return which sets, bool [N, H], fail whenever a single unit is given back, and where rounding decides that, both [N].

        A set without units, or of a single unit, counts as minimal. Where scores are not monotone, a smaller part of a minimal
        set could still do what the goal asks; the claim is about single units only.
        """
        first, queries = sets, self.queries  # a position for each unit of the set
        if queries.grouped:
            first = sets & (queries.unit[queries.row] == torch.arange(sets.shape[1], device=sets.device))
        several = first.sum(1) > 1
        can_give_back, within_rounding = torch.zeros_like(sets[:, 0]), torch.zeros_like(sets[:, 0])
        if self.counts:
            chosen = several.nonzero()[:, 0]
            can_give_back[chosen], within_rounding[chosen] = work_with_a_unit_less(
                self.unchanged, queries, self.tolerance, chosen, sets[chosen], self._wants
            )
            return ~can_give_back, within_rounding
        number, position = indices_of(first & several[:, None])  # [V]
        unit, present = queries.unit[queries.row[number]], self.present[number]  # [V, H]
        fewer = sets[number] & (unit != position[:, None])
        dtype, works = queries.histories.weights.dtype, torch.ones_like(number, dtype=torch.bool)
        for wanted, keep, to_be_kept in (
            (self.wants_out, present & ~fewer, False),
            (self.wants_kept, present & fewer, True),
        ):
            tried = (wanted[number] & works).nonzero()[:, 0]
            surely, possibly = target_out(self.unchanged, queries, self.tolerance, number[tried], keep[tried].to(dtype))
            works[tried] = ~surely if to_be_kept else possibly
            within_rounding[number[tried][surely != possibly]] = True
        can_give_back[number[works]] = True
        return ~can_give_back, within_rounding

    def _checked_bounds(
        self, sets: Tensor, valid: Tensor, minimal: Tensor, claimed: ClaimedBounds | None
    ) -> tuple[Tensor, list[str]]:
        """Return what sets are proven to cost at least, in thousandths [N], and by whom; what the judge can refute is dropped.

        A claim is refuted by a valid set that costs less, by a unit that a valid set can give back, by a single unit that works
        although a cheaper set was ruled out, and by everything removable at once where no set was to work. Of a method whose set
        is not valid, no claim about cheaper ones is taken.
        """
        nothing, proof_by = torch.zeros_like(self.queries.k, dtype=torch.float64), [""] * len(sets)
        if claimed is None:
            return nothing, proof_by
        claim = claimed.proven_below.double().masked_fill(any_of(sets) & ~valid, 0)  # [N]
        if not (claim > 0).any():
            return nothing, proof_by
        cost = self.queries.cost(sets).double()  # [N]
        refuted, cheapest_unit = torch.zeros_like(valid), torch.full_like(claim, THOUSANDTHS)
        says_more = claim > (0 if self.queries.priced else THOUSANDTHS)  # without prices every set costs 1 or more
        if says_more.any():
            number = says_more.nonzero()[:, 0]
            refuted[number], cheapest_unit[number] = self._refuted(number, sets, valid, minimal, claim, cost)
        proven_below = torch.where(refuted, nothing, claim)
        seen = valid & (cost <= 2 * cheapest_unit)  # every cheaper set is a single unit, and the judge saw these fail
        for query in ((proven_below > 0) & ~seen).nonzero()[:, 0].tolist():
            proof_by[query] = claimed.method
        return proven_below, proof_by

    def _refuted(
        self, number: Tensor, sets: Tensor, valid: Tensor, minimal: Tensor, claim: Tensor, cost: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return which claims about the queries `number` [Q] are refuted, and what the cheapest unit costs, both [Q]; all else is [N]."""
        sets, valid, minimal, claim, cost = (part[number] for part in (sets, valid, minimal, claim, cost))
        unit_cost = self._unit_costs(number)  # [Q, H]
        dearest = (unit_cost * sets).amax(1)
        refuted = valid & (claim > cost)
        refuted |= valid & ~minimal & (claim > cost - dearest)
        minimum, impossible = valid & (claim == cost) & ~refuted, ~sets.any(1) & claim.isinf()
        ruled_out_below = torch.where(minimum, cost, torch.where(impossible, torch.inf, 0.0))
        refuted |= self._a_unit_works(number, unit_cost, ruled_out_below)
        refuted |= self._everything_works(number[impossible])[number]
        return refuted, unit_cost.masked_fill(unit_cost == 0, torch.inf).amin(1)

    def _unit_costs(self, number: Tensor) -> Tensor:
        """Return what each unit that queries `number` [Q] may name costs, at its first position, in thousandths [Q, H]; 0 elsewhere."""
        queries, row = self.queries, self.queries.row[number]
        unit, item_cost = queries.unit[row], queries.item_cost[number]  # [Q, H]
        cost = torch.zeros_like(item_cost).scatter_add(1, unit, item_cost)
        size = torch.zeros_like(unit).scatter_add(1, unit, queries.size[row] * self.present[number])
        first = unit == torch.arange(unit.shape[1], device=unit.device)
        return (cost * (queries.removable[number] & first & (size <= queries.largest[number, None]))).double()

    def _a_unit_works(self, number: Tensor, unit_cost: Tensor, below: Tensor) -> Tensor:
        """Return for which of the queries `number` [Q] a single unit that costs less than `below` [Q] does what the goal asks, bool [Q].

        Args:
            number: the queries.
            unit_cost: what each unit costs [Q, H]; 0 for what is no unit.
            below: what the unit is to cost less than.
        """
        queries = self.queries
        is_tried = (unit_cost > 0) & (unit_cost < below[:, None])  # [Q, H]
        if not is_tried.any():
            return torch.zeros_like(is_tried[:, 0])
        if self.counts:
            return a_unit_works(self.unchanged, queries, self.tolerance, number, is_tried, self._wants)
        turn, position = is_tried.nonzero(as_tuple=True)
        # A unit of a history is scored once for all queries that ask about it.
        pairs, pair = torch.unique(torch.stack([queries.row[number[turn]], position]), dim=1, return_inverse=True)
        row, first = pairs  # [V]
        asked = torch.zeros(len(row), len(queries), dtype=torch.bool, device=row.device)
        asked[pair, number[turn]] = True
        return self._work(row, queries.unit[row] == first[:, None], asked).any(0)[number]

    def _everything_works(self, number: Tensor) -> Tensor:
        """Return for which of the queries `number` [Q] everything removable at once works and is allowed, bool [N]."""
        queries = self.queries
        named = queries.removable[number]
        allowed = named.any(1) & ((named * queries.size[queries.row[number]]).sum(1) <= queries.largest[number])
        number, named = number[allowed], named[allowed]
        return self._work(queries.row[number], named, self._one_query_each(number)).any(0)

    def _one_query_each(self, number: Tensor) -> Tensor:
        """Return that set v is tried for the query `number[v]` [V] alone, bool [V, N]."""
        asked = torch.zeros(len(number), len(self.queries), dtype=torch.bool, device=number.device)
        asked[torch.arange(len(number), device=number.device), number] = True
        return asked

    def _work(self, row: Tensor, sets: Tensor, asked: Tensor) -> Tensor:
        """Return for which queries sets do what the goal asks, or fail to by no more than rounding, bool [V, N].

        Args:
            row: the history of each set [V].
            sets: positions, bool [V, H].
            asked: the queries that each set is tried for, bool [V, N].
        """
        present, dtype = self.queries.histories.present[row], self.queries.histories.weights.dtype
        works = asked.clone()
        to_be_out = asked & self.wants_out
        tried = to_be_out.any(1)
        keep = (present & ~sets)[tried].to(dtype)
        _, possibly_out = targets_out(self.unchanged, self.queries, self.tolerance, row[tried], keep, to_be_out[tried])
        works[tried] &= possibly_out | ~to_be_out[tried]
        to_be_in = works & self.wants_kept
        tried = to_be_in.any(1)
        keep = (present & sets)[tried].to(dtype)
        surely_out, _ = targets_out(self.unchanged, self.queries, self.tolerance, row[tried], keep, to_be_in[tried])
        works[tried] &= ~surely_out | ~to_be_in[tried]
        return works
