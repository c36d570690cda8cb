"""One way to ask an explainer, and what was claimed, charged and scored."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from topple.explainers.base import Explainer
from topple.records.answer import Status
from topple.records.question import Query, Repeats
from topple.scoring.budget import Budget, Meter
from topple.scoring.encoding import EncodedQueries, encode
from topple.scoring.recommender import Recommender
from topple.testing.counting import Asked, counting
from topple.testing.methods.attributions import check_attributions
from topple.testing.rules import nothing_changes, require
from topple.types import Id

Answer = tuple[Status, tuple[Id, ...]]


@dataclass(frozen=True, eq=False)
class Answered:
    """What an explainer said of N queries that were asked together, on the CPU.

    Args:
        queries: the queries.
        sets: the claimed sets, bool [N, H].
        status: how each query ended [N].
        cost: what each query was charged, in scored histories [N].
        proven_below: no set that costs less than so many thousandths does what the goal asks, as claimed [N]; infinity where
            none does at all.
        others: by query, the other sets, bool [A, H].
        attributions: what each position counts for [N, H]; None where the method gives none.
        metered: scored histories of the run, as the explainer counted them.
        asked: the rows that the recommender was asked for.
    """

    queries: Sequence[Query]
    sets: Tensor
    status: tuple[Status, ...]
    cost: Tensor
    proven_below: Tensor
    others: dict[int, Tensor]
    attributions: Tensor | None
    metered: int
    asked: Asked

    def answers(self) -> list[Answer]:
        """Return the answers in outside ids."""
        return [
            (status, named(query, chosen))
            for query, status, chosen in zip(self.queries, self.status, self.sets, strict=True)
        ]


def named(query: Query, chosen: Tensor) -> tuple[Id, ...]:
    """Return the items at the chosen positions of a history, bool [H]."""
    return tuple(item for item, inside in zip(query.history, chosen.tolist(), strict=False) if inside)


def ask(
    method: Explainer, recommender: Recommender, queries: Sequence[Query], budget: Budget | None = None
) -> Answered:
    """Ask queries together, and require that the answers have the right form and that nothing else changes."""
    rule = "propose takes a `meter`: budgets are kept to, and scored histories counted, through it."
    require("meter" in inspect.signature(method.propose).parameters, f"{method.name}: propose", "no meter", rule)
    counted, asked = counting(recommender)
    encoded = encode(queries, recommender.catalogue, device=recommender.device)
    done: list[float] = []
    meter = Meter(budget or Budget())
    with nothing_changes(counted, f"{method.name}: explaining"):
        claims = method.propose(counted, encoded, done.append, meter)
    reported = sum(done)
    rule = f"progress adds up to the {len(queries)} queries, if any is reported."
    part = f"{method.name}: progress"
    complete = abs(reported - len(queries)) < 1e-6 or (budget is not None and reported < len(queries))
    require(not done or complete, part, reported, rule)
    for what, values in (("proven_below", claims.proven_below), ("ended", claims.ended)):
        one_each = tuple(values.shape) == (len(queries),)
        require(one_each, f"{method.name}: {what}", tuple(values.shape), f"one a query: ({len(queries)},).")
    answered = Answered(
        queries=queries,
        sets=claims.sets.cpu(),
        status=claims.status,
        cost=claims.cost.cpu(),
        proven_below=claims.proven_below.cpu(),
        others={number: others.cpu() for number, others in claims.others.items()},
        attributions=None if claims.attributions is None else claims.attributions.cpu(),
        metered=meter.scored,
        asked=asked,
    )
    _check_form(method, answered, encoded)
    check_attributions(method, claims, encoded, limited=budget is not None)
    return answered


def _check_form(method: Explainer, answered: Answered, queries: EncodedQueries) -> None:
    name, sets, shape = method.name, answered.sets, tuple(queries.protected.shape)
    value = f"{sets.dtype} {tuple(sets.shape)}"
    good = sets.dtype is torch.bool and tuple(sets.shape) == shape
    require(good, f"{name}: sets", value, f"bool, one row a query and one column a position: {shape}.")
    none = int((answered.proven_below.isinf() & sets.any(1)).sum())
    rule = "a set and the proof that there is none do not go together."
    require(not none, f"{name}: proven_below", f"infinity with a set for {none} queries", rule)
    rule = "one cost a query, in scored histories, 0 or more."
    good = tuple(answered.cost.shape) == shape[:1] and bool((answered.cost >= 0).all())
    require(good, f"{name}: cost", answered.cost.tolist(), rule)
    for number, query in enumerate(answered.queries):
        chosen = [sets[number], *answered.others.get(number, ())]
        for positions in chosen:
            _check_allowed(name, query, positions, queries.removable[number].cpu())


def _check_allowed(name: str, query: Query, chosen: Tensor, removable: Tensor) -> None:
    """Check that a set, bool [H], is one that the query allows."""
    part, items = f"{name}: set for {query.target!r}", named(query, chosen)
    stray = (chosen & ~removable[: len(chosen)]).nonzero()[:, 0].tolist()
    rule = "only items of the history that are not protected can be named; padding never."
    require(
        not stray, part, f"positions {stray} of {query.history!r}, protected {sorted(query.protected, key=repr)}", rule
    )
    torn = [group for group in query.groups if 0 < len(set(group) & set(items)) < len(group)]
    require(not torn, part, f"{items!r}, a part of the group {torn[:1]}", "the items of a group are named together.")
    most = len(query.history) if query.largest is None else query.largest
    size = len(items if query.repeats is Repeats.EVENTS else set(items))
    require(size <= most, part, f"{size} items", f"the query allows {most} at most (`largest`).")
