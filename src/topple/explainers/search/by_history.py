"""The frame of the searches: queries of a history are answered together, a bounded number of histories at a time."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from topple.explainers.base import OnProgress, Proposals
from topple.explainers.search.engine import Engine, engines
from topple.explainers.search.more_sets import more_sets
from topple.records.answer import Status
from topple.scoring.budget import Meter
from topple.scoring.encoding import EncodedQueries
from topple.scoring.recommender import Recommender


@dataclass(frozen=True, eq=False)
class Answers:
    """What a search found for the B x T targets of an engine, in units.

    Args:
        removed: the sets, bool [B, T, H]; empty where none was found.
        minimum: which of them are proven minimum, bool [B, T]; None: no claim.
        impossible: where it is proven that there is no set, bool [B, T]; None: no claim.
        spent: where the search ended because its budget was spent, bool [B, T]; None: nowhere, but for the engine's own.
    """

    removed: Tensor
    minimum: Tensor | None = None
    impossible: Tensor | None = None
    spent: Tensor | None = None


def propose_by_history(
    recommender: Recommender,
    queries: EncodedQueries,
    histories_at_once: int,
    search: Callable[[Engine], Answers],
    on_progress: OnProgress | None = None,
    meter: Meter | None = None,
) -> Proposals:
    """Run a search on engines over all queries and bring its answers into the order of the queries.

    A set with more items than the query allows is dropped; other sets of the same cost are looked for where a query asks for
    them; a query that is not begun before the budget is spent ends so.
    """
    gathered = Gathered.of(queries)
    for mine, engine in engines(recommender, queries, histories_at_once, meter):
        gathered.take(mine, engine, search(engine))
        if on_progress:
            on_progress(len(mine))
    return gathered.proposals()


@dataclass(eq=False)
class Gathered:
    """The answers to N queries as they come in; filled in place. Fields as in `Proposals`."""

    removed: Tensor
    status: list[Status]
    cost: Tensor
    minimum: Tensor
    spent: Tensor
    others: dict[int, Tensor]

    @classmethod
    def of(cls, queries: EncodedQueries) -> "Gathered":
        """Begin: nothing is answered yet, as if the budget had been spent before."""
        no = torch.zeros_like(queries.k, dtype=torch.bool)
        ends = [Status.BUDGET_SPENT] * len(queries)
        return cls(torch.zeros_like(queries.protected), ends, queries.k * 0, no, no.clone(), {})

    def take(self, mine: Tensor, engine: Engine, answers: Answers) -> None:
        """Take the answers to an engine's queries, which are `mine` of the N."""
        grid, at = engine.grid, (engine.grid.row, engine.grid.slot)
        units = answers.removed & grid.allowed(answers.removed)[..., None]
        for place, others in more_sets(engine, units).items():
            self.others[int(mine[place])] = others
        self.removed[mine, : units.shape[-1]] = grid.members(grid.row, units[at])
        self.cost[mine] = engine.cost[at]
        no = torch.zeros_like(grid.asked)
        if answers.minimum is not None:
            self.minimum[mine] = (answers.minimum & units.any(-1))[at]
        impossible = (no if answers.impossible is None else answers.impossible)[at]
        spent = (engine.clock.spent(engine.cost) | (no if answers.spent is None else answers.spent))[at]
        self.spent[mine] = spent
        facts = zip(mine.tolist(), units[at].any(1).tolist(), impossible.tolist(), spent.tolist(), strict=True)
        for place, some, never, over in facts:
            ended = Status.IMPOSSIBLE if never else Status.BUDGET_SPENT if over else Status.NOT_FOUND
            self.status[place] = Status.FOUND if some else ended

    def proposals(self) -> Proposals:
        """Return what was gathered."""
        return Proposals(self.removed, tuple(self.status), self.cost, self.minimum, self.others, self.spent)
