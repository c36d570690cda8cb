"""From a minimal set to a cheaper one: two units out, one in.

Everywhere here: Q targets whose sets are tried, X units of a set, P pairs of these, W units outside, V exchanges that are tried.
"""

import torch
from torch import Tensor

from topple.explainers.search.engine import Engine
from topple.explainers.search.growing import with_one_more
from topple.explainers.search.promises import Singles, margins_of, most_promising
from topple.scoring.ranking import top_k

TRIES_A_UNIT = 4
"""Exchanges that are tried for each unit of a set, for small sets are seldom made smaller."""


def exchange(engine: Engine, sets: Tensor, hopeful: Tensor, alone: Singles, *, width: int, tries: int) -> Tensor:
    """Try to make each set cheaper by an exchange of two of the units for one other.

    What each unit of the set takes from the margin when it is given back, and what each of the `width` others that promise
    most alone adds to it, is scored; the `tries` exchanges whose sums promise most are tried.

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
    large = hopeful & engine.open & (sets.sum(-1) > 2)  # for a set of two, `singles` has tried every exchange
    row, column = large.nonzero(as_tuple=True)
    if not len(row):
        return sets
    base = sets[row, column]  # [Q, H]
    inside, held = most_promising(base.to(alone.margins.dtype), base, int(base.sum(-1).max()))  # [Q, X]
    outside, free = most_promising(
        alone.margins[row, column], engine.table.removable[row, column] & ~base, width
    )  # [Q, W]
    without_one = base[:, None].repeat(1, inside.shape[1], 1).scatter(-1, inside[..., None], False)  # [Q, X, H]
    now = engine.margin(row, column, base)[:, None]
    given = margins_of(engine, row, column, without_one, held) - now  # [Q, X]
    taken = margins_of(engine, row, column, with_one_more(base, outside), free) - now  # [Q, W]
    price = engine.table.unit_cost[row, column]
    promise = _promises(given, taken, price.gather(1, inside), price.gather(1, outside))  # [Q, P * W]
    chosen = top_k(promise, min(tries, promise.shape[1]))  # [Q, V]
    hope = promise.gather(1, chosen)
    exchanged = _exchanged(base, inside, outside, chosen)  # [Q, V, H]
    few = torch.arange(hope.shape[1], device=row.device) < TRIES_A_UNIT * base.sum(-1, keepdim=True)
    margin, which = margins_of(engine, row, column, exchanged, torch.isfinite(hope) & few).max(-1)  # [Q]
    best = exchanged[torch.arange(len(row), device=row.device), which]  # [Q, H]
    better = (margin > 0).nonzero()[:, 0]
    better = better[engine.settle(row[better], column[better], best[better]) > 0]
    out = sets.clone()
    out[row[better], column[better]] = best[better]
    return out


def _pairs(units: Tensor) -> Tensor:
    """Return all pairs of X units by number [P, 2]."""
    return torch.combinations(torch.arange(units.shape[1], device=units.device))


def _promises(given: Tensor, taken: Tensor, price_inside: Tensor, price_outside: Tensor) -> Tensor:
    """Return what each exchange of a pair for one unit promises [Q, P * W]; minus infinity where it would not be cheaper.

    Args:
        given: what the margin changes by when each unit of the set is given back [Q, X].
        taken: what it changes by when each other unit is taken in [Q, W].
        price_inside: what each unit of the set costs [Q, X].
        price_outside: what each other unit costs [Q, W].
    """
    pairs = _pairs(given)
    promise = given[:, pairs].sum(-1)[:, :, None] + taken[:, None]  # [Q, P, W]
    saves = price_outside[:, None] < price_inside[:, pairs].sum(-1)[:, :, None]
    return promise.masked_fill(~saves, -torch.inf).flatten(1)


def _exchanged(base: Tensor, inside: Tensor, outside: Tensor, chosen: Tensor) -> Tensor:
    """Return the sets, bool [Q, H], after each of the chosen exchanges, numbers into P * W [Q, V]; bool [Q, V, H]."""
    pair, other = chosen // outside.shape[1], chosen % outside.shape[1]
    out = inside[:, _pairs(inside)].gather(1, pair[..., None].expand(-1, -1, 2))  # [Q, V, 2]
    fewer = base[:, None].repeat(1, chosen.shape[1], 1).scatter(-1, out, False)
    return fewer.scatter(-1, outside.gather(1, other)[..., None], True)
