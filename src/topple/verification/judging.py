"""The judge: sets and what is claimed of them in, Verdicts out. It trusts no claim and searches for nothing."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from topple.records.answer import Verdict
from topple.records.question import CandidateRule, Goal
from topple.scoring.encoding import THOUSANDTHS, EncodedHistories, EncodedQueries
from topple.scoring.recommender import Recommender
from topple.scoring.unchanged import UnchangedScores
from topple.verification.trials import Trials, all_targets, one_each, outcomes


@dataclass(frozen=True, eq=False)
class Bounds:
    """What a method claims that sets cost at least.

    Args:
        below: no allowed set that costs less than so many thousandths does what the goal asks [N]; infinity: none does.
        by: the name of the method.
    """

    below: Tensor
    by: str


@dataclass(frozen=True, eq=False)
class _Findings:
    """What the judge found about N sets."""

    without: Trials
    alone: Trials
    necessary: Tensor
    sufficient: Tensor
    valid: Tensor
    minimal: Tensor
    unsure: Tensor
    below: Tensor
    by: list[str]


class Judge:
    """Judges sets of N queries under one candidate rule.

    Args:
        recommender: the recommender.
        queries: the queries.
        unchanged: the scores of the unchanged histories under that rule; None: they are scored here.
        rule: which items compete; None: the queries' own, which is one.
    """

    def __init__(
        self,
        recommender: Recommender,
        queries: EncodedQueries,
        unchanged: UnchangedScores | None = None,
        rule: CandidateRule | None = None,
    ) -> None:
        self.recommender, self.queries = recommender, queries
        self.rule = queries.queries[0].rule if rule is None else rule
        encoded = EncodedHistories(queries.histories, queries.unit, queries.size, queries.row.tolist())
        self.unchanged = UnchangedScores(recommender, encoded, self.rule) if unchanged is None else unchanged
        goals, device = [query.goal for query in queries.queries], queries.row.device
        self.wants_out = torch.tensor([goal is not Goal.SUFFICIENT for goal in goals], device=device)
        self.wants_kept = torch.tensor([goal is not Goal.NECESSARY for goal in goals], device=device)
        self.present = queries.histories.present[queries.row]  # [N, H]

    def verdicts(self, sets: Tensor, *, alone: bool = True, bounds: Bounds | None = None) -> list[Verdict]:
        """Judge one set a query.

        Args:
            sets: positions of the histories, bool [N, H]; empty where there is none.
            alone: whether to score each set alone also where the goal does not ask for it.
            bounds: what is claimed of costs.
        """
        queries, some = self.queries, sets.any(1)
        before, _ = self.unchanged.ranks(queries.row, queries.target[:, None], queries.k[:, None])
        without = self._one_each(some, self.present & ~sets, lists=True)
        kept = self._one_each(some & (self.wants_kept | alone), self.present & sets)
        necessary = without.surely_out & (before[:, 0] <= queries.k)
        sufficient = kept.tried & ~kept.possibly_out
        valid = some & (necessary | ~self.wants_out) & (sufficient | ~self.wants_kept)
        minimal, near = self._minimal(sets & valid[:, None])
        near |= self.wants_out & (without.surely_out != without.possibly_out)
        near |= self.wants_kept & (kept.surely_out != kept.possibly_out)
        below, by = self._bounds(sets, valid, minimal, bounds)
        found = _Findings(without, kept, necessary, sufficient, valid, minimal, near & some, below, by)
        ranks = before[:, 0].tolist()
        return [self._verdict(number, sets[number], ranks[number], found) for number in range(len(queries))]

    def _one_each(self, which: Tensor, keep: Tensor, *, lists: bool = False) -> Trials:
        numbers = which.nonzero()[:, 0]
        kept = keep[numbers].to(self.queries.histories.weights.dtype)
        return one_each(self.unchanged, self.queries, numbers, kept, lists=lists)

    def _works(self, row: Tensor, named: Tensor, asked: Tensor) -> Tensor:
        """Return for which queries sets of a history do what the goal asks, unless rounding hides it, bool [M, N].

        Args:
            row: the history of each set [M].
            named: the sets, bool [M, H].
            asked: the queries that each is tried for, bool [M, N].
        """
        present, dtype = self.queries.histories.present[row], self.queries.histories.weights.dtype
        works = asked.clone()
        out = asked & self.wants_out
        some = out.any(1)
        without = (present & ~named)[some].to(dtype)
        works[some] &= all_targets(self.unchanged, self.queries, row[some], without, out[some])[1] | ~out[some]
        kept = works & self.wants_kept
        some = kept.any(1)
        only = (present & named)[some].to(dtype)
        works[some] &= ~all_targets(self.unchanged, self.queries, row[some], only, kept[some])[0] | ~kept[some]
        return works

    def _minimal(self, sets: Tensor) -> tuple[Tensor, Tensor]:
        """Return which sets, bool [N, H], fail whenever one unit is given back, and where rounding decides that, both [N].

        A set without units, or of a single one, counts as minimal. Where scores are not monotone, a smaller part of a minimal
        set could still do; the claim is about single units only.
        """
        unit = self.queries.unit[self.queries.row]  # [N, H]
        first = sets & (unit == torch.arange(unit.shape[1], device=unit.device))
        number, position = (first & (first.sum(1, keepdim=True) > 1)).nonzero(as_tuple=True)  # [M]
        fewer, present = sets[number] & (unit[number] != position[:, None]), self.present[number]
        dtype, works = self.queries.histories.weights.dtype, torch.ones_like(number, dtype=torch.bool)
        near = torch.zeros_like(works)
        for wanted, changed, kept in (
            (self.wants_out, present & ~fewer, False),
            (self.wants_kept, present & fewer, True),
        ):
            tried = (wanted[number] & works).nonzero()[:, 0]
            surely, possibly = outcomes(self.unchanged, self.queries, number[tried], changed[tried].to(dtype))
            works[tried] = ~surely if kept else possibly
            near[tried] |= surely != possibly
        given = torch.zeros_like(self.queries.k).index_add_(0, number, works.long())
        return given == 0, torch.zeros_like(given).index_add_(0, number, near.long()) > 0

    def _bounds(self, sets: Tensor, valid: Tensor, minimal: Tensor, claimed: Bounds | None) -> tuple[Tensor, list[str]]:
        """Return what sets cost at least, in thousandths [N], and whose proof that is; what the judge can refute is dropped."""
        below, by = torch.zeros_like(self.queries.k, dtype=torch.float64), [""] * len(sets)
        if claimed is None or not (claimed.below > 0).any():
            return below, by
        cost, claims = self.queries.cost(sets).double(), claimed.below.double()
        refuted = valid & (claims > cost)
        refuted |= valid & ~minimal & (claims > cost - self._dearest(sets))
        minimum, never = valid & (claims == cost) & ~refuted, ~sets.any(1) & claims.isinf()
        cheap = self._unit_costs()
        single_cost = torch.where(minimum, cost, torch.where(never, torch.inf, 0.0))  # [N]: singles below are to fail
        refuted |= self._some_unit_works(cheap, single_cost)
        refuted |= self._all_work(never)
        below = torch.where(refuted, below, claims)
        least = cheap.masked_fill(cheap == 0, torch.inf).amin(1)  # [N]
        seen = valid & (cost <= 2 * least)  # every cheaper set is a single unit, and these failed
        for number in (below > 0).nonzero()[:, 0].tolist():
            by[number] = "" if bool(seen[number]) else claimed.by
        return below, by

    def _unit_costs(self) -> Tensor:
        """Return what each unit that may be named costs, at the first position, in thousandths [N, H]; 0 elsewhere."""
        queries, unit = self.queries, self.queries.unit[self.queries.row]
        cost = torch.zeros_like(queries.item_cost).scatter_add(1, unit, queries.item_cost)
        size = torch.zeros_like(unit).scatter_add(1, unit, queries.size[queries.row] * self.present)
        first = unit == torch.arange(unit.shape[1], device=unit.device)
        return (cost * (queries.removable & first & (size <= queries.largest[:, None]))).double()

    def _dearest(self, sets: Tensor) -> Tensor:
        """Return what the dearest unit of each set costs, in thousandths [N]."""
        return (self._unit_costs() * sets).amax(1)

    def _some_unit_works(self, cost: Tensor, below: Tensor) -> Tensor:
        """Return for which queries a single unit that costs less than `below` [N] works, bool [N]; one scoring serves all targets.

        Args:
            cost: what each unit costs [N, H]; 0 for what is none.
            below: what it is to cost less than.
        """
        queries = self.queries
        asked = (cost > 0) & (cost < below[:, None])  # [N, H]
        if not asked.any():
            return torch.zeros_like(asked[:, 0])
        number, position = asked.nonzero(as_tuple=True)
        pairs, pair = torch.unique(torch.stack([queries.row[number], position]), dim=1, return_inverse=True)
        row, unit = pairs  # [V]
        tried = torch.zeros(len(row), len(queries), dtype=torch.bool, device=row.device)
        tried[pair, number] = True
        works = self._works(row, queries.unit[row] == unit[:, None], tried)
        return works.any(0)

    def _all_work(self, never: Tensor) -> Tensor:
        """Return for which of the queries `never`, bool [N], everything removable at once works, if that is allowed, bool [N]."""
        if not never.any():
            return never
        queries, number = self.queries, never.nonzero()[:, 0]
        named = queries.removable[number]
        allowed = named.any(1) & ((named * queries.size[queries.row[number]]).sum(1) <= queries.largest[number])
        number, named = number[allowed], named[allowed]
        tried = torch.zeros(len(number), len(queries), dtype=torch.bool, device=number.device)
        tried[torch.arange(len(number), device=number.device), number] = True
        return self._works(queries.row[number], named, tried).any(0)

    def _verdict(self, number: int, named: Tensor, before: int, found: _Findings) -> Verdict:
        query, decode = self.queries.queries[number], self.recommender.catalogue.vocabulary.decode
        below = float(found.below[number]) / THOUSANDTHS
        known: dict[str, Any] = {"at_least": below if below > 0 else None, "proof_by": found.by[number]}
        if not bool(named.any()):
            return Verdict(query, self.rule, found=False, rank_before=before, **known)
        without, alone, valid = found.without, found.alone, bool(found.valid[number])
        margins = ([float(without.lead[number])] if query.goal is not Goal.SUFFICIENT else []) + (
            [-float(alone.lead[number])] if query.goal is not Goal.NECESSARY else []
        )
        tie = valid and query.goal is not Goal.SUFFICIENT and bool(without.by_fillers[number])
        whole = tie and bool((named == self.present[number]).all()) and len(set(query.history)) > 1
        return Verdict(
            query,
            self.rule,
            found=True,
            size=int((named * self.queries.size[self.queries.row[number]]).sum()),
            rank_before=before,
            rank_after=int(without.rank[number]),
            rank_alone=int(alone.rank[number]) if bool(alone.tried[number]) else None,
            replacements=decode(without.entered[number]),
            necessary=bool(found.necessary[number]),
            sufficient=bool(found.sufficient[number]),
            minimal=bool(found.minimal[number]) if valid else None,
            margin=min(margins),
            within_rounding=bool(found.unsure[number]),
            without_evidence=tie,
            whole_history=whole,
            **known,
        )
