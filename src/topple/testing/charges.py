"""Is what an explainer charges what it scored, and does it end when the budget is spent?"""

from collections.abc import Sequence

from topple.explainers.base import Explainer
from topple.records.question import Query
from topple.scoring.budget import Budget
from topple.scoring.recommender import Recommender
from topple.testing.asking import Answered, ask
from topple.testing.claims import check_claims
from topple.testing.rules import require
from topple.testing.truth import truths

BUDGETS = (1, 10)
"""Scored histories of a query."""


def check_run(method: Explainer, answered: Answered) -> None:
    """Check that the meter of a run has counted every changed history, and no more than was asked.

    Raises:
        ContractError: it has not.
    """
    metered, asked = answered.metered, answered.asked
    part = f"{method.name}: scored histories of the run"
    rule = "the meter counts every history that the recommender is asked to score, once."
    require(metered >= asked.changed, part, f"{metered} on the meter, {asked.changed} changed histories asked", rule)
    require(metered <= asked.rows + len(answered.queries), part, f"{metered} on the meter, {asked.rows} asked", rule)


def check_charge(method: Explainer, alone: Answered) -> None:
    """Check that a query that was asked alone is charged what was scored for it.

    Raises:
        ContractError: less, or more than twice as much.
    """
    cost, asked, query = int(alone.cost[0]), alone.asked, alone.queries[0]
    part, rule = (
        f"{method.name}: cost of {query.target!r} alone",
        "a query is charged the histories scored for it alone.",
    )
    require(cost >= asked.changed, part, f"{cost} charged, {asked.changed} changed histories asked", rule)
    require(cost <= 2 * asked.rows + 1, part, f"{cost} charged, {asked.rows} asked", rule)


def check_budgets(method: Explainer, recommender: Recommender, queries: Sequence[Query]) -> None:
    """Check that a budget ends the work, and that what is claimed then is true all the same.

    Raises:
        ContractError: more is spent than the budget and one step, or a claim is not true.
    """
    known = truths(recommender, queries)
    for scored in BUDGETS:
        limited = ask(method, recommender, queries, Budget(scored=scored))
        check_claims(method, recommender, limited, known)
        for query, cost in zip(queries, limited.cost.tolist(), strict=True):
            most = scored + _step(query)
            rule = f"a budget may be passed by one step, here {most} at most: two sets an item of the history and one more item."
            part = f"{method.name}: {query.target!r} with a budget of {scored} scored histories"
            require(cost <= most, part, f"{cost} charged", rule)
    over = ask(method, recommender, queries, Budget(total_seconds=1e-9))
    check_claims(method, recommender, over, known)
    rule = "when the time in all has passed, nothing more is scored than one step."
    most, part = max(map(_step, queries)), f"{method.name}: a budget of no time"
    require(over.asked.changed <= most, part, f"{over.asked.changed} changed histories asked", rule)


def _step(query: Query) -> int:
    return 2 * (len(query.history) + 1)
