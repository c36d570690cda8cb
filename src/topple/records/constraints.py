"""Constraints that can be asked of no history at all: values of other types, and costs out of range."""

from operator import is_

from topple.errors import QueryError, shown
from topple.records.question import Constraints

LEAST_COST, MOST_COST = 1e-3, 1e3
"""What an item may cost."""
_NONE_GIVEN = tuple(
    getattr(Constraints(), name) for name in ("item_costs", "groups", "protected", "candidates", "exclude")
)


def check_shapes(constraints: Constraints) -> None:
    """Refuse constraints that the record could not bring to their types.

    Raises:
        QueryError: it could not.
    """
    costs, groups = constraints.item_costs, constraints.groups
    given = costs, groups, constraints.protected, constraints.candidates, constraints.exclude
    if all(map(is_, given, _NONE_GIVEN)):  # most queries have none
        return
    good = isinstance(costs, tuple) and isinstance(groups, tuple)
    if good and (costs or groups):
        good = all(isinstance(pair, tuple) and len(pair) == 2 for pair in costs) and all(
            isinstance(group, tuple) for group in groups
        )
    if not good:
        raise QueryError(
            f"groups={shown(groups)}, item_costs={shown(costs)}: groups are sequences of item ids, and costs a mapping of item ids to "
            "numbers. Give them so."
        )
    try:
        hash((groups, costs))
    except TypeError as error:
        raise QueryError(
            f"groups={shown(groups)}, item_costs={shown(costs)} hold something that is no item id. Give ids."
        ) from error
    for name, items in zip(("protected", "candidates", "exclude"), given[2:], strict=True):
        if not isinstance(items, frozenset) and not (name == "candidates" and items is None):
            raise QueryError(f"{name}={shown(items)} is not a sequence of item ids. Give a list of them.")


def check_costs(constraints: Constraints) -> None:
    """Refuse costs that are no numbers in range, or that price an item twice.

    Raises:
        QueryError: there is one.
    """
    if not constraints.item_costs:
        return
    for item, cost in constraints.item_costs:
        if isinstance(cost, bool) or not isinstance(cost, int | float) or not LEAST_COST <= cost <= MOST_COST:
            raise QueryError(
                f"the cost of item {shown(item)} is {shown(cost)}; a cost is a number from {LEAST_COST:g} to {MOST_COST:g}. Give another."
            )
        if round(cost, 3) != cost:
            raise QueryError(
                f"the cost of item {shown(item)} is {shown(cost)}; a cost has at most three decimals, so that sums of costs are compared "
                "exactly. Round it, or name all costs in a larger unit."
            )
    if len(dict(constraints.item_costs)) < len(constraints.item_costs):
        raise QueryError(f"item_costs={shown(constraints.item_costs)} price an item twice. Give each item one cost.")
