"""Gap: how far the size of a set lies above what is proven."""

from topple.metrics.base import Judged, MeanMetric, named


class MeanGap(MeanMetric):
    """Mean of the size of a valid set less the size that no smaller set is proven to reach; 0 where the set is a minimum.

    Sets with a bound are counted, under the candidate rule that their query asks for. A bound on costs is no bound on sizes:
    queries with item costs are left out.
    """

    name = "mean_gap"
    title = "size above the bound"
    direction = "lower"
    of = "bounded sets"

    def value(self, judged: Judged) -> float | None:
        """Return the size of a valid set with a bound, less the bound."""
        verdict = judged.verdict
        bounded = verdict.valid and named(verdict) and verdict.at_least is not None and not verdict.query.item_costs
        return verdict.size - verdict.at_least if bounded and verdict.at_least is not None else None
