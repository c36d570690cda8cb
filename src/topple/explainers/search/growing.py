"""From single removals to a set that meets its goal, from a set to a minimal one.

Everywhere here: B histories, T targets each, H units of a history; Q open targets, V sets tried for each of them. A set without
units says that none was found.
"""

import torch
from torch import Tensor

from topple.explainers.search.engine import Engine
from topple.records.question import Goal


def grow_and_prune(engine: Engine, *, width: int, most: int) -> tuple[Tensor, Tensor]:
    """Search greedily, settle by the full catalogue and prune.

    Args:
        engine: the engine.
        width: units tried in each step.
        most: units of the largest set.

    Returns:
        minimal sets, bool [B, T, H], and what `singles` returned [B, T, H].
    """
    alone = singles(engine)
    grown = grow(engine, alone, width=width_for(engine.goal, width), most=most)
    return prune(engine, with_nothing_left(engine, settled(engine, grown))), alone


def width_for(goal: Goal, width: int) -> int:
    """Return how many units are tried at a time: what a set alone keeps is less foreseeable, so twice as many then."""
    return width if goal is Goal.NECESSARY else 2 * width


def settled(engine: Engine, sets: Tensor) -> Tensor:
    """Return the sets, bool [B, T, H], that meet the goal among the full catalogue too; the others without units."""
    row, column = sets.any(-1).nonzero(as_tuple=True)
    true = torch.zeros_like(sets[..., 0])
    true[row, column] = engine.settle(row, column, sets[row, column]) > 0
    return sets & true[..., None]


def with_nothing_left(engine: Engine, sets: Tensor) -> Tensor:
    """Return the sets, bool [B, T, H]; where there is none, all units if the target then leaves for want of evidence.

    The way there has no slope that a search could follow, for what ties outranks nobody.
    """
    table = engine.table
    missing = table.asked & engine.open & ~sets.any(-1) & table.removable.any(-1) & table.allowed(table.removable)
    if engine.ranking.empty is None or not missing.any():
        return sets
    row, column = missing.nonzero(as_tuple=True)
    margin = engine.settle(row, column, table.removable[row, column])
    ties = (margin > 0) & (margin <= torch.finfo(margin.dtype).tiny)
    sets = sets.clone()
    sets[row[ties], column[ties]] = table.removable[row[ties], column[ties]]
    return sets


def singles(engine: Engine) -> Tensor:
    """Return the margin of each unit alone, for every target [B, T, H]; one scan serves all targets.

    Units that may not be named hold minus infinity.
    """
    choices = engine.table.removable & engine.table.asked[..., None]  # [B, T, H]
    row, unit = choices.any(1).nonzero(as_tuple=True)
    units = torch.nn.functional.one_hot(unit, choices.shape[-1]).bool()
    out = engine.table.histories.weights.new_full(choices.shape, -torch.inf)
    out[row, :, unit] = engine.margins(row, units, choices[row, :, unit])
    return out.masked_fill(~choices, -torch.inf)


def grow(engine: Engine, alone: Tensor, *, width: int, most: int) -> Tensor:
    """Grow a set unit by unit, each the one that brings the target nearest to its goal, until it is met.

    Args:
        engine: the engine.
        alone: what `singles` returned [B, T, H].
        width: units tried in each step, those that promised most for their cost when last tried.
        most: units of the largest set.

    Returns:
        The sets that meet their goal among the shortlist, bool [B, T, H].
    """
    table = engine.table
    start, now = table.asked & table.removable.any(-1), _unchanged(engine)  # [B, T]
    first, promise = _choose(alone, alone - now[..., None], table.price)
    sets = torch.zeros_like(table.removable).scatter(-1, first, True) & start[..., None]
    now = torch.where(start, alone.gather(-1, first)[..., 0], now)
    for _ in range(1, most):
        going = engine.open & start & (now <= 0) & (table.removable & ~sets).any(-1)
        if not going.any():
            break
        row, column = going.nonzero(as_tuple=True)
        base = sets[row, column]  # [Q, H]
        tried, able = most_promising(promise[row, column], table.removable[row, column] & ~base, width)  # [Q, V]
        margins = margins_of(engine, row, column, with_one_more(base, tried), able)
        prices = table.price[row, column].gather(1, tried)
        best, promised = _choose(margins, margins - now[row, column][:, None], prices)
        promise[row, column] = promise[row, column].scatter(-1, tried, promised)
        sets[row, column] = base.scatter(-1, tried.gather(-1, best), True)
        now[row, column] = margins.gather(-1, best)[:, 0]
    return sets & (start & (now > 0))[..., None]


def _unchanged(engine: Engine) -> Tensor:
    """Return the margins of the unchanged histories [B, T]; nobody is charged: they are what was scored to begin with."""
    known = int(engine.target_columns.max()) < engine.best_scores.shape[1]  # all targets are among the best
    if engine.goal is Goal.NECESSARY and known:
        return engine.ranking.lead(engine.best_scores, engine.target_columns, engine.table.k, engine.tolerance)
    nothing = torch.zeros_like(engine.table.removable[:, 0])
    rows = torch.arange(len(nothing), device=nothing.device)
    return engine.margins(rows, nothing, torch.zeros_like(engine.table.asked))


def _choose(margin: Tensor, effect: Tensor, price: Tensor) -> tuple[Tensor, Tensor]:
    """Choose along the last dimension: the cheapest that meets the goal, of these the largest margin; else who is worth most.

    Args:
        margin: what is reached [..., V].
        effect: how much it brings to the margin [..., V].
        price: what it costs [..., V].

    Returns:
        the choice [..., 1], and how far each falls behind the choice in what it is worth for its price [..., V].
    """
    nothing = margin.isneginf()  # not to be named, at a price of 0 where it goes along with a group
    worth = torch.where(effect > 0, effect / price, effect * price).masked_fill(nothing, -torch.inf)
    done = margin > 0
    cheapest = price.masked_fill(~done, torch.inf).amin(-1, keepdim=True)
    meeting = margin.masked_fill(~done | (price > cheapest), -torch.inf)
    choice = torch.where(done.any(-1, keepdim=True), meeting, worth).argmax(-1, keepdim=True)
    return choice, torch.where(nothing, -torch.inf, worth - worth.gather(-1, choice))


def prune(engine: Engine, sets: Tensor, chosen: Tensor | None = None) -> Tensor:
    """Give units back one at a time while the goal is still met; what stays is minimal, judged by the full catalogue.

    Of the units that can be given back, the dearest goes first, and of these the one whose return leaves the largest
    margin.

    Args:
        engine: the engine.
        sets: sets that meet their goal, bool [B, T, H].
        chosen: whose sets are pruned, bool [B, T]; None for all.

    Returns:
        The sets, bool [B, T, H].
    """
    going = sets.any(-1) if chosen is None else sets.any(-1) & chosen
    pruned = sets.clone()
    for full in (False, True) if engine.goal is Goal.NECESSARY else (True,):
        left = going
        while (left := left & engine.open).any():
            row, column = _give_back(engine, pruned, *left.nonzero(as_tuple=True), full=full)
            left = torch.zeros_like(going).index_put((row, column), going.new_ones(()))
    return pruned


def _give_back(engine: Engine, sets: Tensor, row: Tensor, column: Tensor, *, full: bool) -> tuple[Tensor, Tensor]:
    """Give one unit of each chosen set [Q] back where that can be, in place; return where one was."""
    base, price = sets[row, column], engine.table.price[row, column]  # [Q, H]
    query, unit = (base & (base.sum(-1, keepdim=True) > 1)).nonzero(as_tuple=True)
    fewer = base[query].scatter(-1, unit[:, None], False)
    margins = engine.margin(row[query], column[query], fewer, full=full)
    left = torch.full(base.shape, -torch.inf, dtype=margins.dtype, device=margins.device)
    left[query, unit] = torch.where(margins > 0, margins, -torch.inf)
    dearest = torch.where(torch.isfinite(left), price, -torch.inf).amax(-1, keepdim=True)
    best, which = left.masked_fill(price < dearest, -torch.inf).max(-1)
    give = torch.isfinite(best)
    row, column = row[give], column[give]
    sets[row, column, which[give]] = False
    return row, column


def margins_of(engine: Engine, row: Tensor, column: Tensor, sets: Tensor, real: Tensor) -> Tensor:
    """Return the margins of sets of each target, bool [Q, V, H], that are real, bool [Q, V]; minus infinity for others."""
    query, which = real.nonzero(as_tuple=True)
    out = engine.table.histories.weights.new_full(real.shape, -torch.inf)
    out[query, which] = engine.margin(row[query], column[query], sets[query, which])
    return out


def most_promising(promise: Tensor, free: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Return the `width` free units, bool [Q, H], that promise most [Q, H], and which of these are free; both [Q, V].

    Of level ones the first come first, so that they are the same in a batch with longer histories.
    """
    hope = promise.masked_fill(~free, -torch.inf)
    units = hope.sort(dim=-1, descending=True, stable=True).indices[:, :width]
    return units, torch.isfinite(hope.gather(-1, units))


def with_one_more(base: Tensor, units: Tensor) -> Tensor:
    """Return each set, bool [Q, H], with one of V units [Q, V] more, bool [Q, V, H]."""
    return base[:, None].repeat(1, units.shape[1], 1).scatter(-1, units[..., None], True)
