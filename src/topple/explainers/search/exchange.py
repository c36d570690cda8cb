"""From a minimal set to a cheaper one: two units out, one in.

Everywhere here: Q targets whose sets are tried, X units of a set, P pairs of these, W units outside, V exchanges that are tried,
C competitors of the shortlist.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from topple.explainers.search.engine import Engine
from topple.explainers.search.growing import with_one_more
from topple.explainers.search.promises import LOOKED_AT, Singles, margins_of, most_promising
from topple.explainers.search.shortlist import Targets
from topple.scoring.ranking import top_k


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
    targets, price = engine.shortlist.targets(row, column), engine.table.unit_cost[row, column]
    chosen, real = beside.promising(targets, price, width, tries)  # [Q, V]
    exchanged = beside.exchanged(base, chosen)  # [Q, V, H]
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

    def promising(self, targets: Targets, price: Tensor, width: int, tries: int) -> tuple[Tensor, Tensor]:
        """Return the `tries` exchanges that promise most, numbers into P * W, and which of them are real, both [Q, V].

        An exchange is real where it is cheaper by the prices [Q, H]. By scores, only those of the `width` best pairs are looked at.
        """
        pairs, others = _pairs(self.inside), self.outside.shape[1]
        sums = self.given[:, pairs].sum(-1)[..., None] + self.taken[:, None]  # [Q, P, W]
        saves = price.gather(1, self.outside)[:, None] < price.gather(1, self.inside)[:, pairs].sum(-1)[..., None]
        sums = sums.masked_fill(~saves, -torch.inf)
        if self.scores is None:
            chosen = top_k(sums.flatten(1), min(tries, sums[0].numel()))
        else:
            best = top_k(
                _of_pairs(self.scores, pairs, targets).masked_fill(sums.isneginf().all(-1), -torch.inf),
                min(width, len(pairs)),
            )
            looked = (best[..., None] * others + torch.arange(others, device=best.device)).flatten(1)  # [Q, V]
            leads = targets.leads(self._scores_to_expect(self.scores, looked))[..., 0]
            leads = leads.masked_fill(sums.flatten(1).gather(1, looked).isneginf(), -torch.inf)
            chosen = looked.gather(1, top_k(leads, min(tries, looked.shape[1])))
        return chosen, torch.isfinite(sums.flatten(1).gather(1, chosen))

    def _scores_to_expect(self, scores: Tensor, chosen: Tensor) -> Tensor:
        """Return the sums of the scores after each of the chosen exchanges, numbers into P * W [Q, V]; [Q, V, C]."""
        pair, other = _pairs(self.inside)[chosen // self.outside.shape[1]], chosen % self.outside.shape[1]
        number = torch.arange(len(chosen), device=chosen.device)[:, None]
        now, taken = scores[:, :1], scores[number, 1 + self.inside.shape[1] + other]  # [Q, V, C]
        one, two = (scores[number, 1 + pair[..., turn]] for turn in (0, 1))
        return torch.where(now.isfinite(), one + two + taken - 2 * now, taken)

    def exchanged(self, base: Tensor, chosen: Tensor) -> Tensor:
        """Return the sets, bool [Q, H], after each of the chosen exchanges, numbers into P * W [Q, V]; bool [Q, V, H]."""
        pair, other = chosen // self.outside.shape[1], chosen % self.outside.shape[1]
        out = self.inside[:, _pairs(self.inside)].gather(1, pair[..., None].expand(-1, -1, 2))  # [Q, V, 2]
        fewer = base[:, None].repeat(1, chosen.shape[1], 1).scatter(-1, out, False)
        return fewer.scatter(-1, self.outside.gather(1, other)[..., None], True)


def _scores_beside(engine: Engine, alone: Singles, row: Tensor, column: Tensor, base: Tensor, width: int) -> _Beside:
    """Score the shortlist beside each set, bool [Q, H]; the others are those whose scores promise most."""
    shortlist, targets = engine.shortlist, engine.shortlist.targets(row, column)
    query, removable = engine.table.query[row, column], engine.table.removable[row, column]
    inside, held = most_promising(base.to(alone.margins.dtype), base, int(base.sum(-1).max()))  # [Q, X]
    scores = shortlist.scores_without(row, torch.cat([base[:, None], _with_one_less(base, inside)], 1))  # [Q, 1 + X, C]
    looked, free = most_promising(alone.margins[row, column], removable & ~base, max(width, LOOKED_AT))
    expected = targets.leads(alone.with_one_more(row, looked, scores[:, 0]))[..., 0]
    tried, free = most_promising(expected, free, width)  # [Q, W]
    free = free[:, : int(free.sum(1).max())]  # the free ones come first
    outside = looked.gather(1, tried)[:, : free.shape[1]]
    scores = torch.cat([scores, shortlist.scores_without(row, with_one_more(base, outside))], 1)  # [Q, 1 + X + W, C]
    engine.count(scores[..., 0].numel(), query, 1 + base.sum(1) + free.sum(1))
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


def _of_pairs(scores: Tensor, pairs: Tensor, targets: Targets) -> Tensor:
    """Return the leads to expect when both units of each pair [P, 2] are given back, by scores [Q, 1 + X + W, C]; [Q, P]."""
    now = scores[:, :1]
    one, two = (scores[:, 1 + pairs[:, turn]] for turn in (0, 1))
    return targets.leads(torch.where(now.isfinite(), one + two - now, -torch.inf))[..., 0]


def _pairs(units: Tensor) -> Tensor:
    """Return all pairs of X units by number [P, 2]."""
    return torch.combinations(torch.arange(units.shape[1], device=units.device))


def _with_one_less(base: Tensor, units: Tensor) -> Tensor:
    """Return each set, bool [Q, H], without one of V units [Q, V], bool [Q, V, H]."""
    return base[:, None].repeat(1, units.shape[1], 1).scatter(-1, units[..., None], False)
