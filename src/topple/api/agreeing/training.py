"""Whether lists that nothing else explains come from another training of the model."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from topple.api.agreeing.causes import Difference

NEARLY_ALL = 0.8
"""Share of the lists that differ, from which on they differ everywhere."""
FEWEST = 5
"""Lists that are needed to say that lists differ everywhere."""
CLOSE = 0.25
"""The mean rank of the shown items, as a share of the catalogue, up to which they are of a model of the same data: chance is 0.5."""
WORDS = "the lists differ nearly everywhere and hold items that the model ranks high: another training (data, weights, seed or version)"


def other_training(unexplained: Sequence[Difference], lists: int, items: int) -> bool:
    """Return whether the lists that nothing explains are those of another training.

    They are nearly all lists, hold other items in another order, rank far better than chance, and differ by more than
    items that are put into every list.

    Args:
        unexplained: the lists.
        lists: how many lists were shown.
        items: of the catalogue.
    """
    if len(unexplained) < max(FEWEST, NEARLY_ALL * lists):
        return False
    same_items_or_order = [each.reordered or each.told.falls() for each in unexplained]
    if np.mean(same_items_or_order) > 1 - NEARLY_ALL:
        return False
    return near_chance(unexplained, items) <= CLOSE and not _put_into_all(unexplained)


def near_chance(unexplained: Sequence[Difference], items: int) -> float:
    """Return the mean rank of the shown items as a share of the catalogue: 0.5 is chance, 0 the best items."""
    return float(np.mean([np.mean(each.told.rank - 1) / max(1, items - 1) for each in unexplained]))


def _put_into_all(unexplained: Sequence[Difference]) -> bool:
    """Return whether most lists are the model's once items are left out that are in nearly every list and not the model's."""
    extra = Counter(
        item for each in unexplained
        for item in set(each.shown.tolist()) - set(each.told.best[: len(each.shown)].tolist())
    )  # fmt: skip
    everywhere = [item for item, count in extra.items() if count >= NEARLY_ALL * len(unexplained)]
    if not everywhere:
        return False
    same = 0
    for each in unexplained:
        rest = each.shown[~np.isin(each.shown, everywhere)]
        listed = each.told.best[~np.isin(each.told.best, everywhere)][: len(rest)]
        same += int(np.array_equal(rest, listed))
    return same >= 0.5 * len(unexplained)
