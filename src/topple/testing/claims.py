"""Is what an explainer claims true? Held against every set of short histories."""

import math
from collections.abc import Sequence

from torch import Tensor

from topple.explainers.base import Explainer
from topple.records.question import Query
from topple.scoring.recommender import Recommender
from topple.testing.asking import Answered, named
from topple.testing.rules import require
from topple.testing.truth import THOUSANDTHS, Truth, thousandths


def check_claims(
    method: Explainer, recommender: Recommender, answered: Answered, truth: Sequence[Truth | None]
) -> None:
    """Check each claim about a history that was enumerated: minimum, impossible, and the other sets.

    Raises:
        ContractError: the first claim that is not true.
    """
    for number, known in enumerate(truth):
        if known is not None:
            _check_claim(f"{method.name} on {recommender.name}", answered, number, known)


def _check_claim(name: str, answered: Answered, number: int, truth: Truth) -> None:
    query, chosen, below = answered.queries[number], answered.sets[number], float(answered.proven_below[number])
    part = f"{name}: {query.target!r} (query {number}: goal {query.goal}, k={query.k}, history {query.history!r})"
    cost = thousandths(query, chosen.tolist())
    if math.isinf(below):
        claimed, rule = (
            "impossible",
            "`impossible` is said only where no set that the query allows does what the goal asks.",
        )
    elif bool(chosen.any()) and below >= cost:
        claimed = f"minimum is {named(query, chosen)!r} at a cost of {cost / THOUSANDTHS}"
        rule = "a set is called minimum only where it does what the goal asks and no cheaper set that the query allows does."
        holds = f"minimum is {named(query, chosen)!r}, which does not do it"
        require(truth.holds(chosen), part, holds, rule)
    else:
        claimed, rule = (
            f"no set costs less than {below / THOUSANDTHS}",
            "no set that the query allows costs less and does it.",
        )
    true = truth.cheapest is None or below <= truth.cheapest
    require(true, part, _counterexample(query, truth, claimed), rule)
    _check_others(part, answered, number, truth)


def _check_others(part: str, answered: Answered, number: int, truth: Truth) -> None:
    query, chosen = answered.queries[number], answered.sets[number]
    others = list(answered.others.get(number, ()))
    sets = [tuple(positions.nonzero()[:, 0].tolist()) for positions in (chosen, *others)]
    value = [named(query, positions) for positions in (chosen, *others)]
    rule = (
        f"the query asks for {query.sets} sets: the others are different from the set and from each other, and no more."
    )
    require(len(set(sets)) == len(sets) <= max(1, query.sets), f"{part}: other sets", value, rule)
    for positions in others:
        rule = "another set costs what the set does."
        costs = f"{_cost(query, positions)} for {named(query, positions)!r}, {_cost(query, chosen)} for the set"
        require(thousandths(query, positions.tolist()) == thousandths(query, chosen.tolist()), part, costs, rule)
        rule = "another set does what the goal asks, where the set does."
        holds = truth.holds(positions) or not truth.holds(chosen)
        require(holds, f"{part}: other sets", f"{named(query, positions)!r} does not", rule)


def _counterexample(query: Query, truth: Truth, claimed: str) -> str:
    """Say what is claimed, and which set shows that it is not true."""
    if truth.cheapest is None:
        return claimed
    example = truth.example().cpu()
    return f"{claimed}, and {named(query, example)!r} does it at a cost of {_cost(query, example)}"


def _cost(query: Query, chosen: Tensor) -> float:
    return thousandths(query, chosen.tolist()) / THOUSANDTHS
