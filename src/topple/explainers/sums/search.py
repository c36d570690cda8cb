"""Small sets for histories that are sums: from the engine's tables to the compiled search and back."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
from torch import Tensor

from topple.explainers.search.engine import Engine
from topple.explainers.search.growing import width_for
from topple.explainers.search.promises import LOOKED_AT
from topple.explainers.search.shortlist import SHORTLIST
from topple.explainers.sums.asked import Search
from topple.records.question import CandidateRule, Goal
from topple.scoring.lists.standings import fillers_of
from topple.types import BoolArray, FloatArray, IntArray


def can_search(engine: Engine) -> bool:
    """Return whether the compiled search answers what an engine asks."""
    return engine.sums is not None and (engine.goal is Goal.SUFFICIENT or can_foresee(engine))


def can_prove(engine: Engine) -> bool:
    """Return whether compiled functions prove what an engine asks."""
    return engine.sums is not None and asks_to_topple(engine)


def asks_to_topple(engine: Engine) -> bool:
    """Return whether an engine asks for nothing but sets without which targets leave their lists, as a shortlist foresees."""
    return engine.goal is Goal.NECESSARY and can_foresee(engine)


def can_foresee(engine: Engine) -> bool:
    """Return whether the shortlists of compiled searches foresee what competes once units are removed.

    Under `unseen_after` each item of a history must be in one unit, so that its removal brings the item back.
    """
    return engine.rule is not CandidateRule.UNSEEN_AFTER or not engine.table.splits_items


def small_sets(engine: Engine, *, width: int, most: int, swaps: int = 0, tries: int = 0) -> Tensor:
    """Return minimal sets that meet the goals of an engine, bool [B, T, H]; without units where none was found.

    The same steps as those of `growing` and `exchange`; for the goal `necessary` a shortlist foresees the outcome.

    Args:
        engine: the histories and their targets.
        width: units tried in each step.
        most: units of the largest set.
        swaps: rounds of exchanges.
        tries: exchanges tried in a round.
    """
    table, sums = engine.table, engine.sums
    assert sums is not None  # noqa: S101 - by `can_search`
    order = torch.argsort(table.row, stable=True)  # the queries of a history stand together
    row, column = table.row[order], table.column[order]  # [N]
    search = asked_of(engine, sums.row.shape, row, column, (width_for(engine.goal, width), most, swaps, tries))
    ends = torch.bincount(row, minlength=len(table.histories)).cumsum(0)
    sets, scored = np.zeros(search.removable.shape, dtype=np.bool_), np.zeros(len(row), dtype=np.int64)
    noted = np.full(len(row), np.inf)
    source, first = table.source.numpy(), torch.nn.functional.pad(ends, (1, 0)).numpy()
    find = finder(engine.goal)
    for turns in turns_of(engine):
        find(sums, search, source[turns], first[turns.start : turns.stop + 1], sets, scored, noted)
        done = slice(first[turns.start], first[turns.stop])
        charge(engine, row[done], column[done], search.removable[done], scored[done])
    return taken_over(engine, row, column, sets, noted)


def finder(goal: Goal) -> Callable[..., None]:
    """Return the compiled function that finds sets for a goal, with the arguments of `find_sets`."""
    if goal is Goal.NECESSARY:
        from topple.explainers.sums.finding import find_sets  # compiled where it is first needed

        return find_sets
    from topple.explainers.sums.keeping import find_kept_sets  # as above, and apart: most never ask for these goals

    return partial(find_kept_sets, goal is Goal.BOTH)


def taken_over(engine: Engine, row: Tensor, column: Tensor, sets: BoolArray, noted: FloatArray) -> Tensor:
    """Return the sets that were found for the queries in cells [N], bool [N, H], by cell [B, T, H]; what was noted is kept.

    Args:
        engine: the engine.
        row: the history of each query [N].
        column: where each query stands there [N].
        sets: of units.
        noted: what the cheapest set costs that rounding decides about, infinity for none [N].
    """
    if engine.goal is not Goal.NECESSARY:  # of what is kept, cheaper sets may be those that rounding decides about
        noted = np.where(np.isfinite(noted), 0.0, noted)
    out, undecided = torch.zeros_like(engine.table.removable), engine.catalogue.undecided
    out[row, column] = torch.from_numpy(sets)
    undecided[row, column] = torch.minimum(undecided[row, column], torch.from_numpy(noted))
    return out


def charge(engine: Engine, row: Tensor, column: Tensor, removable: BoolArray, scored: IntArray) -> None:
    """Charge queries with what was scored for each; single units are scored once for all those of a history.

    Args:
        engine: the engine.
        row: the history of each query, all those of a history in a row [N].
        column: where each query stands there [N].
        removable: the units that each may name, bool [N, H].
        scored: for how many sets each was scored; 0 for one that was not searched for [N].
    """
    searched, histories = np.flatnonzero(scored), row.numpy()
    begins = np.flatnonzero(np.diff(histories[searched], prepend=-1))
    chosen = removable[searched]
    shared = chosen.sum() - np.logical_or.reduceat(chosen, begins, axis=0).sum() if len(searched) else 0
    engine.count(
        int(scored.sum() - engine.scored_per_set * shared), engine.table.query[row, column], torch.from_numpy(scored)
    )


def turns_of(engine: Engine) -> Iterator[slice]:
    """Yield which histories to search: all at once, or one by one as long as the time and what may be scored in all last."""
    count = len(engine.table.histories)
    if not engine.account.meter.timed and engine.account.meter.budget.total_scored is None:
        yield slice(0, count)
        return
    for turn in range(count):
        if engine.account.late:
            return
        yield slice(turn, turn + 1)


def left_of(engine: Engine, query: Tensor) -> IntArray:
    """Return how many histories may still be scored for queries, by number [N]."""
    most = engine.account.meter.budget.scored
    if most is None:
        return np.full(len(query), np.iinfo(np.int64).max)
    left: IntArray = (most - engine.account.cost[query]).numpy()
    return left


def asked_of(
    engine: Engine, shape: tuple[int, ...], row: Tensor, column: Tensor, limits: tuple[int, int, int, int]
) -> Search:
    """Return what is asked about the queries in cells of the table [N], for a compiled search over histories of a shape [B, H]."""
    table = engine.table
    unit = np.tile(np.arange(shape[1]), (shape[0], 1))
    size, source, units = np.ones_like(unit), table.source.numpy(), table.unit.shape[1]
    unit[source, :units], size[source, :units] = table.unit.numpy(), table.unit_size.numpy()
    cells = row, column
    return Search(
        unit,
        size,
        table.removable[cells].numpy(),
        table.unit_cost[cells].numpy(),
        table.target[cells].numpy(),
        table.k[cells].numpy(),
        engine.tolerance[cells].numpy(),
        table.largest[cells].numpy(),
        left_of(engine, table.query[cells]),
        fillers_of(engine.ranking),
        engine.ranking.rounding,
        SHORTLIST,
        LOOKED_AT,
        *limits,
    )
