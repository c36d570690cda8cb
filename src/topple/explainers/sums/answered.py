"""Small sets for recommenders that are asked: proposed by what they answer to single items, settled by what they answer to the sets."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from topple.explainers.search.engine import Engine
from topple.explainers.search.exchange import small_sets as by_scores
from topple.explainers.search.growing import settled_and_pruned
from topple.explainers.sums.search import asks_to_topple
from topple.explainers.sums.search import small_sets as by_sums
from topple.scoring.budget import Account
from topple.scoring.memory import HELD, rows_at_once
from topple.scoring.recommender import Capability
from topple.scoring.sums.building import AskedAlone, answered


def can_propose(engine: Engine) -> bool:
    """Return whether sets may be proposed by what the recommender answers to single items, where it offers no rows."""
    recommender = engine.recommender
    is_sum = isinstance(recommender, AskedAlone) and Capability.ADDITIVE in recommender.capabilities
    return is_sum and asks_to_topple(engine)


def small_sets(engine: Engine, *, width: int, most: int, swaps: int = 0, tries: int = 0) -> Tensor:
    """Return what `small_sets` of `search` does, with the same arguments.

    The recommender is asked for each item of a history once, and for what settles and prunes a set. Where it refutes the set, or none
    was proposed, the general search is asked, so that nothing is lost with one that is not a sum after all.
    """
    limits = {"width": width, "most": most, "swaps": swaps, "tries": tries}
    proposed = torch.zeros_like(engine.table.removable)
    for chosen in _few_at_a_time(engine):
        proposed |= _proposed(engine, chosen, limits)
    if not proposed.any():
        return by_scores(engine, **limits)
    sets = settled_and_pruned(engine, proposed & engine.open[..., None])
    left = engine.open & ~sets.any(-1) & engine.table.removable.any(-1)
    if left.any():
        part, (row, column) = engine.part(left), left.nonzero(as_tuple=True)
        units, cells = part.table.removable.shape[-1], part.table.cells
        sets[row, column, :units] = by_scores(part, **limits)[cells]
        undecided = engine.catalogue.undecided
        undecided[row, column] = torch.minimum(undecided[row, column], part.catalogue.undecided[cells])
    return sets


def _few_at_a_time(engine: Engine) -> Iterator[Tensor]:
    """Yield the cells of histories whose rows are held together, bool [B, T]; a history whose rows are too many is left out.

    That is told by the history alone, so that no answer depends on what else is asked, or on the memory.
    """
    table, items = engine.table, len(engine.recommender.catalogue)
    lengths = table.histories.lengths
    fits = (lengths * items <= HELD).nonzero()[:, 0]
    if len(fits):
        for rows in torch.split(fits, rows_at_once(table.histories.longest(fits) * items, HELD)):
            chosen = torch.zeros_like(table.asked).index_fill(0, rows, value=True) & table.asked
            if chosen.any():
                yield chosen


def _proposed(engine: Engine, chosen: Tensor, limits: dict[str, int]) -> Tensor:
    """Return the sets that sums propose for the chosen cells, bool [B, T, H]; queries are charged with the single items alone."""
    out, table = torch.zeros_like(engine.table.removable), engine.table.select(chosen)
    sums = answered(engine.recommender, table.histories, engine.rule)
    if sums is None:
        return out
    different = len(np.unique(sums.row[table.histories.filled.numpy()]))
    engine.count(different, table.query[table.cells], table.histories.lengths[table.row])
    proposer = replace(
        engine,
        table=replace(table, source=torch.arange(len(table.histories))),
        tolerance=table.arranged_like(engine.table, chosen, engine.tolerance),
        account=_for_time_alone(engine.account),
        sums=sums,
    )
    row, column = chosen.nonzero(as_tuple=True)
    found = by_sums(proposer, **limits)
    out[row, column, : found.shape[-1]] = found[table.cells]
    return out


def _for_time_alone(account: Account) -> Account:
    """Return an account that ends when another does, and that nobody is charged with: what sums tell is not scored."""
    meter = account.meter
    limits = meter.budget.model_copy(update={"scored": None, "total_scored": None})
    return Account(replace(meter, budget=limits), torch.zeros_like(account.cost), account.started)
