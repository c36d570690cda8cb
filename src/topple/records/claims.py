"""What an explainer claims of its queries, before anything is verified."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from topple.records.answer import Status

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Claims:
    """What an explainer claims for N queries.

    A set that costs what `proven_below` says is a minimum; where there is no set and `proven_below` is infinite, there is none
    at all. While a search is under way the same record holds the T targets of B histories side by side: [B, T] stands for
    [N], and sets are of units.

    Args:
        sets: the named sets, positions of the histories, bool [N, H]; empty where none was found.
        proven_below: no set that the query allows and that costs less than so many thousandths does what the goal asks,
            float64 [N]: whole numbers, 0 where nothing is proven, infinity where no set does at all.
        ended: searches that the budget ended before they were done, bool [N]; their sets are the best so far.
        cost: scored histories of each query, int64 [N]; one that serves several queries counts for each.
        others: by query, other sets of the same cost, bool [A, H].
        attributions: what each position counts for, float [N, H], higher holds the target up more; NaN where there is no event or
            nothing is known of it. None for a method that gives none.
        attribution_errors: the standard error of each, float [N, H]; None where the method knows none.
    """

    sets: "Tensor"
    proven_below: "Tensor"
    ended: "Tensor"
    cost: "Tensor"
    others: Mapping[int, "Tensor"] = field(default_factory=dict)
    attributions: "Tensor | None" = None
    attribution_errors: "Tensor | None" = None

    @classmethod
    def unproven(cls, sets: "Tensor", cost: "Tensor") -> "Claims":
        """Claim sets, bool [N, H], that cost so many scored histories [N], and no proof."""
        return cls(sets, cost.double() * 0, cost > cost, cost)

    @classmethod
    def not_begun(cls, nothing: "Tensor") -> "Claims":
        """Claim nothing, as if the budget had been spent before a query was begun, for empty sets [N, H]."""
        cost = nothing.new_zeros(nothing.shape[:-1]).long()
        return cls(nothing, cost.double(), cost == 0, cost)

    @property
    def found(self) -> "Tensor":
        """Where a set is named, bool [N]."""
        from topple.flags import any_of  # imports torch: reading records does without it

        return any_of(self.sets)

    @cached_property
    def status(self) -> tuple[Status, ...]:
        """How each of the N queries ended."""
        facts = zip(self.found.tolist(), self.proven_below.isinf().tolist(), self.ended.tolist(), strict=True)
        return tuple(
            Status.FOUND
            if found
            else Status.IMPOSSIBLE
            if never
            else Status.BUDGET_SPENT
            if ended
            else Status.NOT_FOUND
            for found, never, ended in facts
        )
