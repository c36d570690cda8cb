"""From a minimal set to a cheaper one: two units out, one in.

Everywhere here: Q targets whose sets are tried, X units of a set, P pairs of these, W units outside, V exchanges that are tried,
C competitors of the shortlist.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from topple.explainers.search.engine import Engine
from topple.explainers.search.growing import grow_and_prune, settled_and_pruned, width_for
from topple.explainers.search.promises import (
    LOOKED_AT,
    Singles,
    effects_are_scored,
    margins_of,
    most_promising,
    numbers_of,
    scored_leads,
    with_one_more,
)
from topple.scoring.ranking import top_k


def small_sets(engine: Engine, *, width: int, most: int, swaps: int = 0, tries: int = 0) -> Tensor:
    """Return minimal sets that meet the goal, made smaller by exchanges as long as that helps, bool [B, T, H].

    Args:
        engine: the histories and their targets.
        width: units tried in each step.
        most: units of the largest set.
        swaps: rounds of exchanges.
        tries: exchanges tried in a round.
    """
    sets, alone = grow_and_prune(engine, width=width, most=most)
    width, hopeful = width_for(engine.goal, width), sets.any(-1)
    for _ in range(swaps):
        exchanged = exchange(engine, sets, hopeful, alone, width=width, tries=tries)
        hopeful = engine.table.cost(exchanged) < engine.table.cost(sets)
        cheaper = settled_and_pruned(engine, exchanged & hopeful[..., None])
        hopeful = cheaper.any(-1)
        if not hopeful.any():
            break
        sets = torch.where(hopeful[..., None], cheaper, sets)
    return sets


def exchange(engine: Engine, sets: Tensor, hopeful: Tensor, alone: Singles, *, width: int, tries: int) -> Tensor:
    """Try to make each set cheaper by an exchange of two of the units for one other.

    What giving each unit of the set back does is scored, and what each of the `width` others that promise most does in addition. The
    `tries` exchanges whose sums promise most are tried: sums of the margins, and where a shortlist judges the goal, of the scores.

    Args:
        engine: the engine.
        sets: sets that meet their goal, bool [B, T, H].
        hopeful: the targets whose sets are tried, bool [B, T].
        alone: what each unit does alone.
        width: units tried for the part of two, and pairs that are looked at.
        tries: exchanges tried at most.

    Returns:
        The sets, cheaper where an exchange meets the goal among the shortlist, bool [B, T, H]; to be settled.
    """
    others = (engine.table.removable & ~sets).any(-1)
    large = hopeful & engine.open & others & (sets.sum(-1) > 2)  # for a set of two, `singles` has tried every exchange
    row, column = large.nonzero(as_tuple=True)
    if not len(row):
        return sets
    base = sets[row, column]  # [Q, H]
    beside = (_margins_beside if alone.scores is None else _scores_beside)(engine, alone, row, column, base, width)
    chosen, real = beside.promising(engine, row, column, width, tries)  # [Q, V, 3], [Q, V]
    exchanged = _exchanged(base, chosen)  # [Q, V, H]
    margin, which = margins_of(engine, row, column, exchanged, real).max(-1)  # [Q]
    best = exchanged[torch.arange(len(row), device=row.device), which]  # [Q, H]
    better = (margin > 0).nonzero()[:, 0]
    out = sets.clone()
    out[row[better], column[better]] = best[better]
    return out


@dataclass(frozen=True, eq=False)
class _Beside:
    """What single units do beside each whole set.

    Args:
        inside: units of each set [Q, X].
        outside: other units [Q, W].
        given: the margins when each unit of the set is given back; minus infinity for none [Q, X].
        taken: the margins when each other unit is taken in; minus infinity for none [Q, W].
        scores: of the shortlist with the set gone, then with each unit inside given back, then with each outside taken in
            [Q, 1 + X + W, C]; None where the full catalogue judges the goal.
    """

    inside: Tensor
    outside: Tensor
    given: Tensor
    taken: Tensor
    scores: Tensor | None

    def promising(self, engine: Engine, row: Tensor, column: Tensor, width: int, tries: int) -> tuple[Tensor, Tensor]:
        """Return the `tries` exchanges that promise most, two units and the other [Q, V, 3], and which of them are real, [Q, V].

        An exchange is real where it is cheaper. By scores, only those of the `width` best pairs are looked at.
        """
        price = engine.table.unit_cost[row, column]  # [Q, H]
        if self.scores is not None:
            return self._promising_by_scores(self.scores, engine, row, column, width, tries)
        pairs, others = (
            torch.combinations(torch.arange(self.inside.shape[1], device=row.device)),
            self.outside.shape[1],
        )  # [P, 2]
        sums = self.given[:, pairs].sum(-1)[..., None] + self.taken[:, None]  # [Q, P, W]
        saves = price.gather(1, self.outside)[:, None] < price.gather(1, self.inside)[:, pairs].sum(-1)[..., None]
        sums = sums.masked_fill(~saves, -torch.inf).flatten(1)
        chosen = top_k(sums, min(tries, sums.shape[1]))  # [Q, V]
        two = self.inside[:, pairs].gather(1, (chosen // others)[..., None].expand(-1, -1, 2))
        other = self.outside.gather(1, chosen % others)[..., None]
        return torch.cat([two, other], -1), torch.isfinite(sums.gather(1, chosen))

    def _promising_by_scores(
        self, scores: Tensor, engine: Engine, row: Tensor, column: Tensor, width: int, tries: int
    ) -> tuple[Tensor, Tensor]:
        """Return what `promising` does, by the scores of the shortlist [Q, 1 + X + W, C]."""
        from topple.explainers.loops.exchanges import (
            Beside,
            most_promising_exchanges,
        )  # compiled: imported where needed

        cells = row, column
        known = (
            engine.shortlist.target_columns[cells],
            engine.table.k[cells],
            engine.shortlist.tolerance[cells],
            self.inside,
            self.outside,
            ~self.given.isneginf(),
            ~self.taken.isneginf(),
            scores,
            engine.table.unit_cost[cells],
            engine.shortlist.counted_for(row, column),
        )
        found = most_promising_exchanges(Beside(*map(numbers_of, known)), width, tries)
        chosen, real = (torch.from_numpy(each).to(row.device) for each in found)
        most = max(1, int(real.sum(1).max()))  # the real ones come first
        return chosen[:, :most], real[:, :most]


def _exchanged(base: Tensor, chosen: Tensor) -> Tensor:
    """Return the sets, bool [Q, H], after each of the chosen exchanges [Q, V, 3]; bool [Q, V, H]."""
    fewer = base[:, None].repeat(1, chosen.shape[1], 1).scatter(-1, chosen[..., :2], False)
    return fewer.scatter(-1, chosen[..., 2:], True)


def _scores_beside(engine: Engine, alone: Singles, row: Tensor, column: Tensor, base: Tensor, width: int) -> _Beside:
    """Score the shortlist beside each set, bool [Q, H]; the others are those whose scores promise most."""
    from topple.explainers.loops.promises import leads_with_one_more  # compiled: imported where needed

    targets, removable = engine.shortlist.targets(row, column), engine.table.removable[row, column]
    inside, held = most_promising(base.to(alone.margins.dtype), base, int(base.sum(-1).max()))  # [Q, X]
    query, nothing = engine.table.query[row, column], base.new_zeros(len(base), 1)
    gone = torch.cat([base[:, None], _with_one_less(base, inside)], 1)
    scores = engine.shortlist.scores_where(row, gone, torch.cat([~nothing, held], 1))  # [Q, 1 + X, C]
    looked, free = most_promising(alone.margins[row, column], removable & ~base, max(width, LOOKED_AT))
    if effects_are_scored(engine):
        leads = scored_leads(engine, row, column, base, looked, free)  # [Q, L]
    else:
        growing = alone.growing(engine, row, column, scores[:, 0])
        leads = torch.from_numpy(leads_with_one_more(alone.numbers(engine), growing, numbers_of(looked)))
    tried, free = most_promising(leads.to(row.device), free, width)  # [Q, W]
    free = free[:, : int(free.sum(1).max())]  # the free ones come first
    outside = looked.gather(1, tried)[:, : free.shape[1]]
    more = engine.shortlist.scores_where(row, with_one_more(base, outside), free)
    scores = torch.cat([scores, more], 1)  # [Q, 1 + X + W, C]
    scored = 1 + base.sum(1) + free.sum(1)
    engine.count(int(scored.sum()), query, scored)
    leads = targets.leads(scores)[..., 0]
    given, taken = leads[:, 1 : 1 + inside.shape[1]], leads[:, 1 + inside.shape[1] :]
    given, taken = (each.masked_fill(~there, -torch.inf) for each, there in ((given, held), (taken, free)))
    return _Beside(inside, outside, given, taken, scores)


def _margins_beside(engine: Engine, alone: Singles, row: Tensor, column: Tensor, base: Tensor, width: int) -> _Beside:
    """Ask for the margins beside each set, bool [Q, H]; the others are those that promise most alone."""
    inside, held = most_promising(base.to(alone.margins.dtype), base, int(base.sum(-1).max()))  # [Q, X]
    removable = engine.table.removable[row, column]
    outside, free = most_promising(alone.margins[row, column], removable & ~base, width)  # [Q, W]
    given = margins_of(engine, row, column, _with_one_less(base, inside), held)  # [Q, X]
    taken = margins_of(engine, row, column, with_one_more(base, outside), free)  # [Q, W]
    return _Beside(inside, outside, given, taken, None)


def _with_one_less(base: Tensor, units: Tensor) -> Tensor:
    """Return each set, bool [Q, H], without one of V units [Q, V], bool [Q, V, H]."""
    return base[:, None].repeat(1, units.shape[1], 1).scatter(-1, units[..., None], False)
