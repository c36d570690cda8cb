"""Small sets for histories that are folded in: from the engine's tables to the compiled search and back."""

import numpy as np
import torch
from torch import Tensor

from topple.explainers.folded.asked import Found, Looked
from topple.explainers.search.engine import Engine
from topple.explainers.sums.asked import Search
from topple.explainers.sums.search import asked_of, asks_to_topple, charge, taken_over, turns_of
from topple.scoring.folded.histories import Folded
from topple.types import IntArray


def can_search(engine: Engine) -> bool:
    """Return whether the compiled search answers what an engine asks."""
    return engine.folded is not None and asks_to_topple(engine)


def small_sets(engine: Engine, *, width: int, most: int, swaps: int = 0, tries: int = 0) -> Tensor:
    """Return minimal sets that topple the targets of an engine, bool [B, T, H]; without units where none was found.

    The same steps as those of `growing` and `exchange`, one target after the other.

    Args:
        engine: the histories and their targets.
        width: units tried in each step.
        most: units of the largest set.
        swaps: rounds of exchanges.
        tries: exchanges tried in a round.
    """
    from topple.explainers.folded.finding import find_sets  # compiled where it is first needed

    table, folded = engine.table, engine.folded
    assert folded is not None  # noqa: S101 - by `can_search`
    order = torch.argsort(table.row, stable=True)  # the queries of a history stand together
    row, column = table.row[order], table.column[order]  # [N]
    search = asked_of(engine, folded.event.shape, row, column, (width, most, swaps, tries))
    number = len(row)
    found = Found(np.zeros(search.removable.shape, np.bool_), np.zeros(number, np.int64), np.full(number, np.inf))
    first = [0, *torch.bincount(row, minlength=len(table.histories)).cumsum(0).tolist()]
    for turns in turns_of(engine):
        for turn in range(turns.start, turns.stop):
            history, queries = int(table.source[turn]), np.arange(first[turn], first[turn + 1])
            if len(queries):
                find_sets(folded, search, _looked(folded, search, history, queries), history, queries, found)
        done = slice(first[turns.start], first[turns.stop])
        charge(engine, row[done], column[done], search.removable[done], found.scored[done])
    return taken_over(engine, row, column, found.sets, found.noted)


def _looked(folded: Folded, search: Search, history: int, queries: IntArray) -> Looked:
    """Return what the search looks at for the queries [T] of one history."""
    from topple.explainers.folded.shortlists import columns_of  # as above

    item, back, competitors, listed = columns_of(folded, search, history, queries)
    solved, cut = folded.solved, slice(0, folded.length[history])
    effect = solved.effect[history, cut]  # [H, D]
    columns = solved.factors[item].astype(np.float64)  # [C, D]
    factors = solved.factors[folded.event[history, cut]].astype(np.float64)  # [H, D]
    return Looked(
        search.unit[history, cut],
        solved.left[history, cut],
        solved.pull[history, cut],
        solved.moving[history, cut],
        np.dot(effect, factors.T),
        np.dot(effect, columns.T),
        item,
        np.dot(columns, solved.user[history]),
        back,
        competitors,
        listed,
    )
