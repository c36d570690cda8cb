"""From ratings to positive interactions of users who have enough of them."""

import numpy as np

from topple.data.interactions import Interactions
from topple.data.rows.account import Dropped
from topple.errors import DataError


def positive(interactions: Interactions, above: float | None) -> Interactions:
    """Keep the rows whose rating is above a threshold; all rows where there are no ratings or no threshold.

    Raises:
        DataError: no rating is above it.
    """
    if above is None or interactions.ratings is None:
        return interactions
    rows = interactions.ratings > above
    if not rows.any():
        low, high = interactions.ratings.min(), interactions.ratings.max()
        raise DataError(
            f"positive_above={above:g}: no rating is above it (ratings go from {low:g} to {high:g}). Lower it, or pass "
            "None to take every interaction as positive."
        )
    return interactions.left_out(rows, Dropped.NOT_POSITIVE, above=above)


def enough_items(interactions: Interactions, minimum: int) -> Interactions:
    """Keep the users with at least `minimum` interactions.

    Raises:
        DataError: no user has as many.
    """
    lengths = np.bincount(interactions.user_index, minlength=len(interactions.users))
    if not (lengths >= minimum).any():
        raise DataError(
            f"min_items={minimum}: no user has as many interactions (the most is {lengths.max()}). Lower min_items, or "
            "lower positive_above so that more ratings count."
        )
    return interactions.left_out(lengths[interactions.user_index] >= minimum, Dropped.FEW_ITEMS, minimum=minimum)
