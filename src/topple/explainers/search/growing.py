"""From single removals to a set that meets its goal, from a set to a minimal one.

Everywhere here: B histories, T targets each, H units of a history; Q open targets, V sets tried for each of them. A set without
units says that none was found.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from topple.explainers.search.engine import Engine
from topple.explainers.search.promises import Singles, promises_of, with_one_more, worth
from topple.records.question import Goal
from topple.scoring.recommender import Capability


def grow_and_prune(engine: Engine, *, width: int, most: int) -> tuple[Tensor, Singles]:
    """Search greedily, settle by the full catalogue and prune.

    Args:
        engine: the engine.
        width: units tried in each step.
        most: units of the largest set.

    Returns:
        minimal sets, bool [B, T, H], and what each unit does alone.
    """
    alone = singles(engine)
    grown = grow(engine, alone, width=width_for(engine.goal, width), most=most)
    sets = settled_and_pruned(engine, pruned_among_shortlist(engine, grown))
    more = with_nothing_left(engine, sets)
    new = (more != sets).any(-1)
    if not new.any():
        return sets, alone
    return given_back_in_order(engine, more, new), alone


def width_for(goal: Goal, width: int) -> int:
    """Return how many units are tried at a time: what a set alone keeps cannot be foreseen, so four times as many then."""
    return width if goal is Goal.NECESSARY else 4 * width


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
    missing = engine.open & ~sets.any(-1) & table.removable.any(-1) & table.allowed(table.removable)
    if engine.ranking.empty is None or not missing.any():
        return sets
    row, column = missing.nonzero(as_tuple=True)
    margin = engine.settle(row, column, table.removable[row, column])
    ties = (margin > 0) & (margin <= torch.finfo(margin.dtype).tiny)
    sets = sets.clone()
    sets[row[ties], column[ties]] = table.removable[row[ties], column[ties]]
    return sets


def given_back_in_order(engine: Engine, sets: Tensor, chosen: Tensor) -> Tensor:
    """Return sets, bool [B, T, H], with units of the chosen ones, bool [B, T], given back until none can be: in turn, the dearest first.

    `prune`, which looks for the best one each time, takes as many as there are pairs.
    """
    sets, (row, column) = sets.clone(), chosen.nonzero(as_tuple=True)  # [Q]
    units, going = sets[row, column], torch.ones_like(row, dtype=torch.bool)  # [Q, H], [Q]
    order = engine.table.unit_cost[row, column].masked_fill(~units, -1).sort(dim=1, descending=True, stable=True)
    turns = order.indices[:, : int(units.sum(1).max())].unbind(1)
    while going.any():
        before = units.clone()
        for unit in turns:
            fewer = units.scatter(1, unit[:, None], False)
            able = going & fewer.any(1) & (fewer != units).any(1) & engine.open[row, column]
            asked = able.nonzero()[:, 0]
            if len(asked):
                gone = engine.settle(row[asked], column[asked], fewer[asked]) > 0
                units[asked[gone]] = fewer[asked[gone]]
        going = (units != before).any(1)
    sets[row, column] = units
    return sets


def singles(engine: Engine) -> Singles:
    """Return what each unit does alone; one scan serves all targets of a history."""
    choices = engine.table.removable & engine.table.asked[..., None]  # [B, T, H]
    row, unit = choices.any(1).nonzero(as_tuple=True)  # [M]
    units, charged = torch.nn.functional.one_hot(unit, choices.shape[-1]).bool(), choices[row, :, unit]
    margins = engine.table.histories.weights.new_full(choices.shape, -torch.inf)
    scores = None
    if engine.goal is Goal.NECESSARY and len(row):
        found, scores_of_each = engine.margins_and_scores(row, units, charged)
        scores = scores_of_each.new_zeros(len(choices), choices.shape[-1], scores_of_each.shape[-1])
        scores[row, unit] = scores_of_each
    else:
        found = engine.margins(row, units, charged)
    margins[row, :, unit] = found
    return Singles(margins.masked_fill(~choices, -torch.inf), scores)


def grow(engine: Engine, alone: Singles, *, width: int, most: int) -> Tensor:
    """Grow a set unit by unit, each the one that brings the target nearest to its goal, until it is met.

    Args:
        engine: the engine.
        alone: what each unit does alone.
        width: units tried in each step, those that promise most for their cost.
        most: units of the largest set.

    Returns:
        The sets that meet their goal among the shortlist, bool [B, T, H].
    """
    table, grown = engine.table, torch.zeros_like(engine.table.removable)
    row, column = (engine.open & table.removable.any(-1)).nonzero(as_tuple=True)  # [Q]
    if not len(row):
        return grown
    price, now = table.price[row, column], _unchanged(engine)[row, column]  # [Q, H], [Q]
    margins = alone.margins[row, column]  # [Q, H]
    first, behind = _choose(margins, margins - now[:, None], price)
    promises = promises_of(engine, alone)(engine, alone, row, column, first[:, 0], behind)
    sets = torch.zeros_like(price, dtype=torch.bool).scatter(1, first, True)  # [Q, H]
    free, now = table.removable[row, column] & ~sets, margins.gather(1, first)[:, 0]
    for size in range(1, most + 1):
        done = now > 0
        grown[row[done], column[done]] = sets[done]
        going = ~done & free.any(1) & engine.open[row, column]
        if size == most or not going.any():
            break
        if not going.all():
            promises.select(going)
            row, column, price, sets, free, now = (each[going] for each in (row, column, price, sets, free, now))
        tried, able = promises.units(free, now, price, width)  # [Q, V]
        margins = promises.margins(with_one_more(sets, tried), able)
        best, behind = _choose(margins, margins - now[:, None], price.gather(1, tried))
        promises.take(tried, best, behind)
        taken, now = tried.gather(1, best), margins.gather(1, best)[:, 0]
        sets, free = sets.scatter(1, taken, True), free.scatter(1, taken, False)
    return grown


def _unchanged(engine: Engine) -> Tensor:
    """Return the margins of the unchanged histories [B, T]; nobody is charged: they are what was scored to begin with."""
    nothing = torch.zeros_like(engine.table.removable[:, 0])
    rows = torch.arange(len(nothing), device=nothing.device)
    if engine.goal is Goal.NECESSARY:
        return engine.shortlist.leads(rows, engine.shortlist.unchanged[:, None])[:, 0]
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
    worths = worth(margin, effect, price)
    done = margin > 0
    cheapest = price.masked_fill(~done, torch.inf).amin(-1, keepdim=True)
    meeting = margin.masked_fill(~done | (price > cheapest), -torch.inf)
    choice = torch.where(done.any(-1, keepdim=True), meeting, worths).argmax(-1, keepdim=True)
    return choice, torch.where(worths.isneginf(), -torch.inf, worths - worths.gather(-1, choice))


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
    return _pruned(engine, sets, sets.any(-1) if chosen is None else sets.any(-1) & chosen, engine.settle)


def pruned_among_shortlist(engine: Engine, sets: Tensor) -> Tensor:
    """Return the sets, bool [B, T, H], without what the shortlist allows to give back: much cheaper to ask, and mostly all there is.

    The shortlist may lack who outranks a target, and so give back another unit than the full catalogue would. Where scores add up, and
    for what a set alone keeps, the full catalogue is asked in any case, and the sets stay as they are.
    """
    if engine.goal is not Goal.NECESSARY or Capability.ADDITIVE in engine.recommender.capabilities:
        return sets
    return _pruned(engine, sets, sets.any(-1), engine.short_margin)


def settled_and_pruned(engine: Engine, sets: Tensor) -> Tensor:
    """Return what `prune` makes of the sets, bool [B, T, H], that meet the goal among the full catalogue; the others without units.

    Each set and what is left when one unit is given back are asked about in one breath.
    """
    row, column = sets.any(-1).nonzero(as_tuple=True)  # [Q]
    base = sets[row, column]
    number, fewer = _with_one_less(base & engine.open[row, column, None])
    every = torch.cat([torch.arange(len(row), device=row.device), number])
    margins = engine.settle(row[every], column[every], torch.cat([base, fewer]))
    true = margins[: len(row), None] > 0
    kept, given = _give_back(engine.table.price[row, column], base & true, number, fewer, margins[len(row) :])
    out, going = torch.zeros_like(sets), torch.zeros_like(sets[..., 0])
    out[row, column], going[row, column] = kept, given
    return prune(engine, out, going)


def _pruned(engine: Engine, sets: Tensor, going: Tensor, margin: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Tensor:
    """Return the sets, bool [B, T, H], without units that can be given back by a margin; those `going`, bool [B, T]."""
    pruned = sets.clone()
    while (going := going & engine.open).any():
        row, column = going.nonzero(as_tuple=True)
        base = pruned[row, column]
        number, fewer = _with_one_less(base)
        if not len(number):
            break
        margins = margin(row[number], column[number], fewer)
        kept, given = _give_back(engine.table.price[row, column], base, number, fewer, margins)
        pruned[row, column] = kept
        going = torch.zeros_like(going).index_put((row, column), given)
    return pruned


def _with_one_less(base: Tensor) -> tuple[Tensor, Tensor]:
    """Return each set of more than one unit, bool [Q, H], without each of the units: whose it is [M], and the sets, bool [M, H]."""
    number, unit = (base & (base.sum(-1, keepdim=True) > 1)).nonzero(as_tuple=True)
    return number, base[number].scatter(-1, unit[:, None], False)


def _give_back(price: Tensor, base: Tensor, number: Tensor, fewer: Tensor, margins: Tensor) -> tuple[Tensor, Tensor]:
    """Give one unit of each set back where that can be.

    Args:
        price: of the units [Q, H].
        base: the sets, bool [Q, H].
        number: whose sets were tried [M].
        fewer: these, each with one unit less, bool [M, H].
        margins: theirs [M].

    Returns:
        the sets, bool [Q, H], and where one was given back, bool [Q].
    """
    unit = (base[number] & ~fewer).int().argmax(-1)
    left = torch.full(base.shape, -torch.inf, dtype=margins.dtype, device=margins.device)
    left[number, unit] = torch.where(margins > 0, margins, -torch.inf)
    dearest = torch.where(torch.isfinite(left), price, -torch.inf).amax(-1, keepdim=True)
    best, which = left.masked_fill(price < dearest, -torch.inf).max(-1)
    given = torch.isfinite(best)
    return base & ~(torch.nn.functional.one_hot(which, base.shape[1]).bool() & given[:, None]), given
