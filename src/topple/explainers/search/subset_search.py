"""The shared searches: from single removals to a set, from a set to a minimal one. One code path each."""

from dataclasses import dataclass

import torch
from torch import Tensor

from topple.explainers.search.engine import Engine
from topple.records.question import Goal

TRIES_A_UNIT = 4
"""Exchanges that are tried for each unit of a set, for small sets are seldom made smaller."""


@dataclass(eq=False)
class Found:
    """What a search holds for B histories x T targets.

    Args:
        removed: the sets, bool [B, T, H]; empty where none is found.
        toppled: whether the set topples its target, bool [B, T].
    """

    removed: Tensor
    toppled: Tensor


def grow_and_prune(engine: Engine, *, width: int, most: int) -> tuple[Found, Tensor]:
    """Search greedily, settle by the full catalogue and prune; return the minimal sets, and what `singles` returned."""
    leads = singles(engine)
    return prune(engine, settled(engine, greedy(engine, leads, width=wide(engine, width), most=most))), leads


def wide(engine: Engine, width: int) -> int:
    """Return how many units are tried at a time: what a set alone keeps is less foreseeable, so twice as many then."""
    return width if engine.goal is Goal.NECESSARY else 2 * width


def settled(engine: Engine, found: Found) -> Found:
    """Return the sets that topple among the full catalogue too."""
    row, slot = found.toppled.nonzero(as_tuple=True)
    true = torch.zeros_like(found.toppled)
    true[row, slot] = engine.settle(row, slot, found.removed[row, slot]) > 0
    return Found(found.removed & true[..., None], true)


def singles(engine: Engine) -> Tensor:
    """Return the margin of each unit alone, for every target [B, T, H]; one scan serves all targets.

    Units that may not be named hold minus infinity.
    """
    grid = engine.grid
    places = grid.removable.shape[-1]
    row, unit = (grid.removable & grid.asked[..., None]).any(1).nonzero(as_tuple=True)
    margins = engine.margins(row, torch.nn.functional.one_hot(unit, places).bool())
    out = grid.histories.weights.new_full(grid.removable.shape, -torch.inf)
    out[row, :, unit] = margins
    engine.cost += grid.asked * grid.removable.sum(-1) * engine.each
    return out.masked_fill(~grid.removable, -torch.inf)


def greedy(engine: Engine, alone: Tensor, *, width: int, most: int) -> Found:
    """Grow a set unit by unit, each the one that brings the target nearest to its goal, until it is met.

    Args:
        engine: the engine.
        alone: what `singles` returned [B, T, H].
        width: units tried in each step, those that promised most for their cost when last tried.
        most: units of the largest set.
    """
    grid, device = engine.grid, alone.device
    nothing = torch.zeros_like(grid.removable[:, 0])
    now = engine.margins(torch.arange(len(nothing), device=device), nothing)[..., None]  # [B, T, 1]
    first = _best(alone, alone - now, grid.price)[..., None]
    promise = _worth(alone - now, grid.price)
    promise = promise - promise.gather(-1, first)  # how far each was behind the best one when last tried
    start = grid.asked & grid.removable.any(-1)
    found = torch.zeros_like(grid.removable).scatter(-1, first, True) & start[..., None]
    now = torch.where(start, alone.gather(-1, first)[..., 0], now[..., 0])
    toppled = start & (now > 0)
    for _ in range(1, most):
        going = engine.open & ~toppled & (grid.removable & ~found).any(-1)
        if not going.any():
            break
        row, slot = going.nonzero(as_tuple=True)
        base, cost = found[row, slot], grid.price[row, slot]
        tried, real = _promising(promise[row, slot], grid.removable[row, slot] & ~base, width)
        new = _margins(engine, row, slot, _with(base, tried), real)
        effect, cost = new - now[row, slot][:, None], cost.gather(1, tried)
        which, worth = _best(new, effect, cost)[:, None], _worth(effect, cost)
        promise[row, slot] = promise[row, slot].scatter(-1, tried, worth - worth.gather(1, which))
        found[row, slot] = base.scatter(-1, tried.gather(-1, which), True)
        now[row, slot] = new.gather(-1, which)[:, 0]
        toppled[row, slot] = now[row, slot] > 0
    return Found(found & toppled[..., None], toppled)


def _worth(effect: Tensor, cost: Tensor) -> Tensor:
    """Return what an effect on the margin is worth for its cost."""
    return torch.where(effect > 0, effect / cost, effect * cost)


def _best(margin: Tensor, effect: Tensor, cost: Tensor) -> Tensor:
    """Return the best choice along the last dimension: the cheapest that meets the goal, else the one worth most."""
    done = margin > 0
    cheapest = cost.masked_fill(~done, torch.inf).amin(-1, keepdim=True)
    meeting = margin.masked_fill(~done | (cost > cheapest), -torch.inf)
    return torch.where(done.any(-1, keepdim=True), meeting, _worth(effect, cost)).argmax(-1)


def prune(engine: Engine, found: Found, hopeful: Tensor | None = None) -> Found:
    """Give units back one at a time while the goal is still met; what stays is minimal, judged by the full catalogue.

    Of the units that can be given back, the dearest goes first, and of these the one whose return leaves the largest
    margin. Targets that are not `hopeful`, bool [B, T], are left as they are.
    """
    going = found.toppled if hopeful is None else found.toppled & hopeful
    removed = found.removed.clone()
    for full in (False, True) if engine.goal is Goal.NECESSARY else (True,):
        left = going
        while (left := left & engine.open).any():
            row, slot = _give_back(engine, removed, *left.nonzero(as_tuple=True), full=full)
            left = torch.zeros_like(going).index_put((row, slot), going.new_ones(()))
    return Found(removed, found.toppled)


def _give_back(engine: Engine, removed: Tensor, row: Tensor, slot: Tensor, *, full: bool) -> tuple[Tensor, Tensor]:
    """Give one unit back where that can be, in place; return where one was."""
    base, cost = removed[row, slot], engine.grid.price[row, slot]
    query, place = (base & (base.sum(-1, keepdim=True) > 1)).nonzero(as_tuple=True)
    fewer = base[query].scatter(-1, place[:, None], False)
    margins = engine.own(row[query], slot[query], fewer, full=full)
    worth = torch.full(base.shape, -torch.inf, dtype=margins.dtype, device=margins.device)
    worth[query, place] = torch.where(margins > 0, margins, -torch.inf)
    dearest = torch.where(torch.isfinite(worth), cost, -torch.inf).amax(-1, keepdim=True)
    best, which = worth.masked_fill(cost < dearest, -torch.inf).max(-1)
    give = torch.isfinite(best)
    row, slot = row[give], slot[give]
    removed[row, slot, which[give]] = False
    return row, slot


def swap(engine: Engine, found: Found, hopeful: Tensor, alone: Tensor, *, width: int, tries: int) -> Found:
    """Try to make each set cheaper: two units out, one in.

    What each unit of the set takes from the margin when it is given back, and what each of the `width` others that promise
    most alone adds to it, is scored; the `tries` exchanges whose sums promise most are tried.

    Args:
        engine: the engine.
        found: sets that meet their goal.
        hopeful: the targets whose sets are tried, bool [B, T].
        alone: what `singles` returned [B, T, H].
        width: units tried for the place of two.
        tries: exchanges tried at most.

    Returns:
        The sets, cheaper where an exchange meets the goal among the full catalogue.
    """
    grid, removed = engine.grid, found.removed.clone()
    large = hopeful & engine.open & (removed.sum(-1) > 2)  # in the place of two, `singles` has tried every one
    row, slot = large.nonzero(as_tuple=True)
    if not len(row):
        return found
    base, cost = removed[row, slot], grid.unit_cost[row, slot]
    inside, held = _promising(base.to(alone.dtype), base, int(base.sum(-1).max()))  # [Q, X]
    outside, free = _promising(alone[row, slot], grid.removable[row, slot] & ~base, width)  # [Q, W]
    less = base[:, None].repeat(1, inside.shape[1], 1).scatter(-1, inside[..., None], False)
    now = engine.own(row, slot, base)[:, None]
    given = _margins(engine, row, slot, less, held) - now
    taken = _margins(engine, row, slot, _with(base, outside), free) - now
    pairs = torch.combinations(torch.arange(inside.shape[1], device=row.device))  # [P, 2]
    promise = given[:, pairs].sum(-1)[:, :, None] + taken[:, None]  # [Q, P, W]
    saves = cost.gather(1, outside)[:, None] < cost.gather(1, inside)[:, pairs].sum(-1)[:, :, None]
    hope, chosen = promise.masked_fill(~saves, -torch.inf).flatten(1).topk(min(tries, promise[0].numel()))
    pair, into = chosen // outside.shape[1], chosen % outside.shape[1]
    out = inside[:, pairs].gather(1, pair[..., None].expand(-1, -1, 2))
    swapped = base[:, None].repeat(1, chosen.shape[1], 1).scatter(-1, out, False)
    swapped.scatter_(-1, outside.gather(1, into)[..., None], True)
    few = torch.arange(hope.shape[1], device=row.device) < TRIES_A_UNIT * base.sum(-1, keepdim=True)
    margin, which = _margins(engine, row, slot, swapped, torch.isfinite(hope) & few).max(-1)
    best = swapped[torch.arange(len(row), device=row.device), which]
    better = (margin > 0).nonzero()[:, 0]
    better = better[engine.settle(row[better], slot[better], best[better]) > 0]
    removed[row[better], slot[better]] = best[better]
    return Found(removed, found.toppled)


def _margins(engine: Engine, row: Tensor, slot: Tensor, units: Tensor, real: Tensor) -> Tensor:
    """Return the margins of some sets of each query, bool [Q, V, H], that are real, bool [Q, V]; minus infinity for others."""
    query, which = real.nonzero(as_tuple=True)
    out = engine.grid.histories.weights.new_full(real.shape, -torch.inf)
    out[query, which] = engine.own(row[query], slot[query], units[query, which])
    return out


def _promising(promise: Tensor, free: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Return the `width` units [Q, W] of the free ones, bool [Q, H], that promise most, and which of them are free [Q, W]."""
    hope, units = promise.masked_fill(~free, -torch.inf).topk(min(width, promise.shape[-1]), -1)
    return units, torch.isfinite(hope)


def _with(base: Tensor, units: Tensor) -> Tensor:
    """Return each set, bool [Q, H], with one of its units [Q, W] more, bool [Q, W, H]."""
    return base[:, None].repeat(1, units.shape[1], 1).scatter(-1, units[..., None], True)
