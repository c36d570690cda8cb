"""Which compiled search answers what an engine asks."""

from collections.abc import Callable

from torch import Tensor

from topple.explainers.folded import search as folded
from topple.explainers.search.engine import Engine
from topple.explainers.sums import answered
from topple.explainers.sums import search as sums


def compiled_search(engine: Engine) -> Callable[..., Tensor] | None:
    """Return the function that looks for small sets, with the arguments of `sums.search.small_sets`; None: the general search is to."""
    if sums.can_search(engine):
        return sums.small_sets
    if answered.can_propose(engine):
        return answered.small_sets
    return folded.small_sets if folded.can_search(engine) else None
