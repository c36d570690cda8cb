"""What the metrics of attributions share: they look at curves, and count the queries that have them."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from topple.metrics.base import Judged, MeanMetric
from topple.records.curves import FIXED, Curves, tenths


class CurveMetric(MeanMetric):
    """The mean over some points of a curve, for each query with attributions; under the candidate rule that the query asks for.

    Of a history of fewer than ten events several of the 11 points are the same, and most of them leave nothing of a very short one:
    such histories say little, and are better told apart.

    Args:
        k: length of the list for ranks; None: that of the query.
    """

    of = "attributions"
    reads_attributions: ClassVar = True
    reads_curves: ClassVar = True

    def __init__(self, k: int | None = None) -> None:
        self.k = k

    def value(self, judged: Judged) -> float | None:
        """Return the mean over the points of one query; None without curves."""
        curves = judged.curves
        if curves is None:
            return None
        found = [
            self.at(curves, length, self.k or judged.explanation.query.k) for length in self.lengths(curves.events)
        ]
        known = [one for one in found if one is not None]
        return sum(known) / len(known) if known else None

    def lengths(self, events: int) -> Sequence[int]:
        """Return the points: the 11 tenths of the history."""
        return tenths(events)

    @abstractmethod
    def at(self, curves: Curves, length: int, k: int) -> float | None:
        """Return what is seen at one point: after so many events; None where nothing is to be seen."""


class FixedLength(CurveMetric):
    """The same with 1, 2, 3, 4 and 5 events (all, of a shorter history), or with the one number that is given.

    Source: Barkan et al., SIGIR 2025 (refined metrics).

    Args:
        k: length of the list for ranks; None: that of the query.
        events: how many events; None: the mean over 1 to 5.
    """

    def __init__(self, k: int | None = None, events: int | None = None) -> None:
        super().__init__(k)
        self.events = FIXED if events is None else (events,)

    def lengths(self, events: int) -> Sequence[int]:
        """Return the points: the fixed numbers of events, at most all."""
        return [min(length, events) for length in self.events]
