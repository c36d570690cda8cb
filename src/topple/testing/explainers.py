"""Does an explainer keep the contract: allowed sets, true claims, counted costs, kept budgets, whatever else is asked?"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from torch import Tensor

from topple.errors import CapabilityError
from topple.explainers.base import Explainer
from topple.records.question import Goal, Query
from topple.scoring.recommender import Recommender
from topple.settings import Settings
from topple.testing.asking import Answered, ask
from topple.testing.charges import check_budgets, check_charge, check_run
from topple.testing.claims import check_claims
from topple.testing.drawn import claim_worlds, constrained
from topple.testing.methods.attributions import check_same_attributions
from topple.testing.methods.learning import fitted_to
from topple.testing.rules import require
from topple.testing.truth import truths
from topple.testing.worlds import World, worlds

SAMPLE = 8
"""Queries of a world that are asked again: in another order, alone, with budgets."""


def check_explainer(explainer: type[Explainer] | Explainer, among: Sequence[World] | None = None) -> None:
    """Check an explainer on small worlds; it must refuse those whose recommender lacks what it needs.

    Claims are held against every set of short histories: what is called minimum or impossible must be. The queries of the worlds
    are asked as they are and with constraints: the goals that the explainer declares, groups, costs, protected items, largest
    sets, several sets. The rows that the recommender is asked for are counted and compared with what is charged. A method that learns
    is fitted to each world, stored by its arrays and read again.

    Args:
        explainer: an explainer, or a class to be made with the default settings.
        among: the worlds; None for those of the kit, with about a thousand queries.

    Raises:
        ContractError: the first rule that is broken, with the value that breaks it.

    Example:
        >>> from topple.explainers.lcer import Lcer, LcerSettings
        >>> check_explainer(Lcer(LcerSettings(steps=5)))
    """
    method = explainer() if isinstance(explainer, type) else explainer
    _check_declared(method)
    fitting = 0
    for world in among if among is not None else (*worlds(), *claim_worlds()):
        if method.needs <= world.recommender.capabilities:
            fitting += 1
            _check_world(fitted_to(method, world.recommender) if method.learns else method, world)
        else:
            _check_refusal(method, world.recommender)
    rule = "at least one of the worlds has what the explainer needs; pass such a world as `among`."
    require(fitting, f"{method.name}: needs", ", ".join(sorted(method.needs)), rule)


def _check_declared(method: Explainer) -> None:
    name = getattr(method, "name", None)
    require(isinstance(name, str) and name, "name", repr(name), "an explainer has a name.")
    goals, rule = method.goals, "goals are a frozenset of Goal, at least one."
    known = isinstance(goals, frozenset) and goals and all(isinstance(goal, Goal) for goal in goals)
    require(known, f"{name}: goals", repr(goals), rule)
    settings, rule = method.settings, f"settings are a {method.settings_type.__name__}."
    good = isinstance(settings, Settings) and isinstance(settings, method.settings_type)
    require(good, f"{name}: settings", repr(settings), rule)


def _check_refusal(method: Explainer, recommender: Recommender) -> None:
    rule = "require(recommender) raises CapabilityError when a capability is missing."
    try:
        method.require(recommender)
    except CapabilityError:
        return
    require(False, f"{method.name}: a recommender without {', '.join(sorted(method.needs))}", "accepted", rule)


def _check_world(method: Explainer, world: World) -> None:
    goal = Goal.NECESSARY if Goal.NECESSARY in method.goals else min(method.goals)
    plain = tuple(replace(query, goal=goal) for query in world.queries)
    for queries in (plain, constrained(plain, method.goals)):
        together = ask(method, world.recommender, queries)
        check_run(method, together)
        check_claims(method, world.recommender, together, truths(world.recommender, queries))
        step = max(1, len(queries) // SAMPLE)
        numbers = [None] * len(queries) if together.attributions is None else list(together.attributions)
        _check_again(method, world.recommender, queries[::step], together.answers()[::step], numbers[::step])


def _check_again(
    method: Explainer,
    recommender: Recommender,
    queries: Sequence[Query],
    expected: Sequence[object],
    numbers: Sequence[Tensor | None],
) -> None:
    """Ask in another order, alone and with budgets."""
    rule = "the same query gets the same answer alone, in any batch and in any order."
    turned = ask(method, recommender, queries[::-1])
    alone = [ask(method, recommender, [query]) for query in queries]
    for how, answers in (("in reverse order", turned.answers()[::-1]), ("alone", _joined(alone))):
        for query, answer, before in zip(queries, answers, expected, strict=True):
            value = f"{answer} {how}, {before} in the batch"
            require(answer == before, f"{method.name}: {query.target!r} on {recommender.name}", value, rule)
    for one, before in zip(alone, numbers, strict=True):
        check_charge(method, one)
        check_same_attributions(method, "alone", None if one.attributions is None else one.attributions[0], before)
    check_budgets(method, recommender, queries)


def _joined(alone: Sequence[Answered]) -> list[object]:
    return list(chain.from_iterable(one.answers() for one in alone))
