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
from topple.scoring.memory import in_chunks, rows_at_once
from topple.scoring.ranking import top_k

LEAST_MISSED = 12
"""Units of a set that are exchanged: those whose return costs least."""


def exchange(engine: Engine, sets: Tensor, hopeful: Tensor, alone: Singles, *, width: int, tries: int) -> Tensor:
    """Try to make each set cheaper by an exchange of two of the units for one other.

    What giving each unit of the set back does is scored, and what each of the `width` others that promise most does in addition; the
    `tries` exchanges whose sums promise most are tried. Where a shortlist judges the goal, the sums are those of its scores; elsewhere
    those of the margins.

    Args:
        engine: the engine.
        sets: sets that meet their goal, bool [B, T, H].
        hopeful: the targets whose sets are tried, bool [B, T].
        alone: what each unit does alone.
        width: units tried for the part of two.
        tries: exchanges tried at most.

    Returns:
        The sets, cheaper where an exchange meets the goal among the full catalogue, bool [B, T, H].
    """
    others = (engine.table.removable & ~sets).any(-1)
    large = hopeful & engine.open & others & (sets.sum(-1) > 2)  # for a set of two, `singles` has tried every exchange
    row, column = large.nonzero(as_tuple=True)
    if not len(row):
        return sets
    base = sets[row, column]  # [Q, H]
    expect = _by_margins if alone.scores is None else _by_scores
    expected = expect(engine, alone, row, column, base, width)
    pairs, price = _pairs(expected.inside), engine.table.unit_cost[row, column]
    saves = price.gather(1, expected.outside)[:, None] < price.gather(1, expected.inside)[:, pairs].sum(-1)[..., None]
    promise = expected.margins.masked_fill(~saves, -torch.inf).flatten(1)  # [Q, P * W]
    chosen = top_k(promise, min(tries, promise.shape[1]))  # [Q, V]
    exchanged = _exchanged(base, expected, chosen)  # [Q, V, H]
    real = torch.isfinite(promise.gather(1, chosen))
    margin, which = margins_of(engine, row, column, exchanged, real).max(-1)  # [Q]
    best = exchanged[torch.arange(len(row), device=row.device), which]  # [Q, H]
    better = (margin > 0).nonzero()[:, 0]
    better = better[engine.settle(row[better], column[better], best[better]) > 0]
    out = sets.clone()
    out[row[better], column[better]] = best[better]
    return out


@dataclass(frozen=True, eq=False)
class _Expected:
    """What the exchanges of a pair of units of each set for one other unit are expected to do.

    Args:
        inside: units of each set [Q, X].
        outside: other units [Q, W].
        margins: the margins to expect [Q, P, W]; minus infinity where there is no such exchange.
    """

    inside: Tensor
    outside: Tensor
    margins: Tensor


def _by_scores(engine: Engine, alone: Singles, row: Tensor, column: Tensor, base: Tensor, width: int) -> _Expected:
    """Add up the changes of the scores of the shortlist, as they are beside each whole set, bool [Q, H]."""
    shortlist, targets = engine.shortlist, engine.shortlist.targets(row, column)
    query, removable = engine.table.query[row, column], engine.table.removable[row, column]
    inside, held = most_promising(base.to(alone.margins.dtype), base, int(base.sum(-1).max()))  # [Q, X]
    scores = shortlist.scores_without(row, torch.cat([base[:, None], _with_one_less(base, inside)], 1))  # [Q, 1 + X, C]
    now, given = scores[:, 0], scores[:, 1:]
    least, held = most_promising(targets.leads(given)[..., 0], held, LEAST_MISSED)
    inside, given = inside.gather(1, least), given.gather(1, least[..., None].expand(-1, -1, given.shape[-1]))
    looked, free = most_promising(alone.margins[row, column], removable & ~base, max(width, LOOKED_AT))
    expected = targets.leads(alone.with_one_more(row, looked, now))[..., 0]
    tried, free = most_promising(expected, free, width)  # [Q, W]
    free = free[:, : int(free.sum(1).max())]  # the free ones come first
    outside = looked.gather(1, tried)[:, : free.shape[1]]
    taken = shortlist.scores_without(row, with_one_more(base, outside))  # [Q, W, C]
    engine.count(scores[..., 0].numel() + free.numel(), query, 1 + base.sum(1) + free.sum(1))
    pairs, now = _pairs(inside), now[:, None]
    given, free = torch.where(now.isfinite(), given - now, 0), held[:, pairs].all(-1)[..., None] & free[:, None]
    margins = torch.full_like(free, -torch.inf, dtype=now.dtype)  # [Q, P, W]

    def ask(part: slice) -> None:
        before = now[part] + given[part][:, pairs].sum(2)  # [Q, P, C]
        sums = before[:, :, None] + (taken - now)[part, None]  # [Q, P, W, C]
        both = torch.where(now[part, None].isfinite(), sums, taken[part, None])
        of_part = targets.select(torch.arange(len(row), device=row.device)[part])
        margins[part] = of_part.leads(both.flatten(1, 2))[..., 0].reshape(margins[part].shape)

    in_chunks(len(row), rows_at_once(margins[0].numel() * now.shape[-1]), ask)
    return _Expected(inside, outside, margins.masked_fill(~free, -torch.inf))


def _by_margins(engine: Engine, alone: Singles, row: Tensor, column: Tensor, base: Tensor, width: int) -> _Expected:
    """Add up the changes of the margins, as they are beside each whole set, bool [Q, H]."""
    inside, held = most_promising(base.to(alone.margins.dtype), base, int(base.sum(-1).max()))  # [Q, X]
    removable = engine.table.removable[row, column]
    outside, free = most_promising(alone.margins[row, column], removable & ~base, width)  # [Q, W]
    now = engine.margin(row, column, base)[:, None]
    given = margins_of(engine, row, column, _with_one_less(base, inside), held) - now  # [Q, X]
    taken = margins_of(engine, row, column, with_one_more(base, outside), free)  # [Q, W]
    return _Expected(inside, outside, given[:, _pairs(inside)].sum(-1)[..., None] + taken[:, None])


def _pairs(units: Tensor) -> Tensor:
    """Return all pairs of X units by number [P, 2]."""
    return torch.combinations(torch.arange(units.shape[1], device=units.device))


def _with_one_less(base: Tensor, units: Tensor) -> Tensor:
    """Return each set, bool [Q, H], without one of V units [Q, V], bool [Q, V, H]."""
    return base[:, None].repeat(1, units.shape[1], 1).scatter(-1, units[..., None], False)


def _exchanged(base: Tensor, expected: _Expected, chosen: Tensor) -> Tensor:
    """Return the sets, bool [Q, H], after each of the chosen exchanges, numbers into P * W [Q, V]; bool [Q, V, H]."""
    inside, outside = expected.inside, expected.outside
    pair, other = chosen // outside.shape[1], chosen % outside.shape[1]
    out = inside[:, _pairs(inside)].gather(1, pair[..., None].expand(-1, -1, 2))  # [Q, V, 2]
    fewer = base[:, None].repeat(1, chosen.shape[1], 1).scatter(-1, out, False)
    return fewer.scatter(-1, outside.gather(1, other)[..., None], True)
