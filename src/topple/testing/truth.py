"""Every set of a short history, tried one by one: what the claims of an explainer are held against."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from topple.records.question import CandidateRule, Goal, Query, Repeats
from topple.scoring.encoding import EncodedQueries, encode
from topple.scoring.ranking import Ranking, only_competing
from topple.scoring.recommender import Recommender
from topple.scoring.variations import HistoryBatch, only, without

LONGEST = 10
"""Histories of more items are not enumerated."""
ROWS = 256
"""Variations scored in one call."""
THOUSANDTHS = 1000
"""Costs have at most three decimals and are added up as whole thousandths."""


@dataclass(frozen=True, eq=False)
class Truth:
    """Which sets do what the goal of one query asks.

    Args:
        sets: the sets that the query allows, bool [M, H], H the items of the history.
        cost: what each costs, in thousandths [M].
        true: which of them do what the goal asks, bool [M].
    """

    sets: Tensor
    cost: Tensor
    true: Tensor

    @property
    def cheapest(self) -> int | None:
        """The cost of the cheapest true set, in thousandths; None where no set is true."""
        return int(self.cost[self.true].min()) if bool(self.true.any()) else None

    def example(self) -> Tensor:
        """Return a cheapest true set, bool [H]; there must be one."""
        return self.sets[self.true & (self.cost == self.cheapest)][0]

    def holds(self, named: Tensor) -> bool:
        """Return whether a set, bool [H], is allowed and true."""
        items = self.sets.shape[1]
        return bool(self.true[(self.sets == named[:items]).all(1)].any()) and not bool(named[items:].any())


def truths(recommender: Recommender, queries: Sequence[Query]) -> list[Truth | None]:
    """Try every set of every query; the variations of a history are scored once for all targets of one candidate rule.

    Returns:
        one truth a query; None where the history has more than `LONGEST` items.
    """
    encoded = encode(queries, recommender.catalogue, device=recommender.device)
    found: list[Truth | None] = [None] * len(queries)
    groups: dict[tuple[int, CandidateRule], list[int]] = {}
    for number, query in enumerate(queries):
        if len(query.history) <= LONGEST:
            groups.setdefault((int(encoded.row[number]), query.rule), []).append(number)
    for (row, rule), numbers in groups.items():
        sets = _all_sets(len(queries[numbers[0]].history)).to(recommender.device)
        history = encoded.histories.rows(torch.tensor([row], device=recommender.device))
        targets = encoded.target[numbers]
        after = _out(recommender, history, without(history, sets[None]), targets, encoded.k[numbers], rule)
        alone = _out(recommender, history, only(history, sets[None]), targets, encoded.k[numbers], rule)
        for at, number in enumerate(numbers):
            found[number] = _truth(encoded, number, sets, after[:, at], alone[:, at])
    return found


def thousandths(query: Query, named: Sequence[bool]) -> int:
    """Return what a set of positions costs, in thousandths: an item once, however often it comes, or each event."""
    costs = dict(query.item_costs)
    items = [item for item, inside in zip(query.history, named, strict=False) if inside]
    counted = items if query.repeats is Repeats.EVENTS else set(items)
    return sum(round(THOUSANDTHS * costs.get(item, 1)) for item in counted)


def _all_sets(items: int) -> Tensor:
    """Return every set of so many positions, the empty one first, bool [2 ** items, items]."""
    return (torch.arange(2**items)[:, None] >> torch.arange(items)) % 2 == 1


def _out(
    recommender: Recommender, history: HistoryBatch, keep: Tensor, targets: Tensor, k: Tensor, rule: CandidateRule
) -> Tensor:
    """Return whether each target [T] is out of the list in each variation [1, M, H] of one history, bool [M, T]."""
    parts, ranking = [], Ranking.of(recommender)
    with torch.no_grad():
        unchanged = recommender.score(history, history.present[:, None].to(keep.dtype))[0, 0]
    tolerance = ranking.tolerance(unchanged[targets])
    for part in torch.split(keep, ROWS, dim=1):
        with torch.no_grad():
            scores = only_competing(recommender.score(history, part), history, part, rule)[0]
        shape = len(scores), len(targets)
        cells = (targets.expand(shape), k.expand(shape), tolerance.expand(shape))
        parts.append(ranking.standing(scores, *cells).out)
    return torch.cat(parts)


def _truth(queries: EncodedQueries, number: int, sets: Tensor, after: Tensor, alone: Tensor) -> Truth:
    """Return what is true of one query, given whether the target is out without each set [M], and with each set alone [M]."""
    query, items = queries.queries[number], sets.shape[1]
    unit, free = queries.unit[queries.row[number], :items], queries.removable[number, :items]
    size = queries.size[queries.row[number], :items]
    allowed = sets.any(1) & ~(sets & ~free).any(1) & ((sets * size).sum(1) <= queries.largest[number])
    allowed &= (sets == sets[:, unit]).all(1)  # the items of a group, or the events of an item, are named together
    listed = not bool(after[0])  # the first set is the empty one
    true = torch.ones_like(allowed)
    if query.goal is not Goal.SUFFICIENT:
        true &= after & listed
    if query.goal is not Goal.NECESSARY:
        true &= ~alone
    cost = torch.tensor([thousandths(query, named) for named in sets[allowed].tolist()], dtype=torch.int64)
    return Truth(sets[allowed], cost.to(sets.device), true[allowed])
