"""What becomes of a target as a history is emptied or filled in the order of an attribution."""

from bisect import bisect_left
from dataclasses import dataclass

PARTS = 10
"""Into how many parts a history is cut."""
FIXED = (1, 2, 3, 4, 5)
"""Numbers of events that curves hold besides."""


@dataclass(frozen=True, slots=True)
class Curve:
    """The target after so many events were removed, or kept.

    Args:
        lengths: the numbers of events, ascending, from 0 to all events of the history.
        ranks: the target's rank at each, from 1.
        scores: the target's score at each, as the model gives it.
    """

    lengths: tuple[int, ...]
    ranks: tuple[int, ...]
    scores: tuple[float, ...]

    def rank(self, length: int) -> int:
        """Return the rank where so many events were removed, or kept; the curve holds this length."""
        return self.ranks[bisect_left(self.lengths, length)]

    def score(self, length: int) -> float:
        """Return the score where so many events were removed, or kept; the curve holds this length."""
        return self.scores[bisect_left(self.lengths, length)]


@dataclass(frozen=True, slots=True)
class Curves:
    """The curves of one explanation, in the order of the attributions; ranks are those of the query's candidate rule.

    Args:
        deletion: what holds the target up most is removed first.
        reverse_deletion: what holds the target up least is removed first.
        insertion: the history begins empty, and what holds the target up most comes first.
    """

    deletion: Curve
    reverse_deletion: Curve
    insertion: Curve

    @property
    def events(self) -> int:
        """How many events the history has."""
        return self.deletion.lengths[-1]


def tenths(events: int) -> tuple[int, ...]:
    """Return the 11 numbers of events at which a history is looked at: 0, then after each of ten parts of almost equal size.

    The first parts have one event more where the events cannot be shared out equally.
    Source: Barkan et al., "A counterfactual framework for learning and evaluating explanations for recommender systems", WWW 2024.

    Example:
        >>> tenths(23)
        (0, 3, 6, 9, 11, 13, 15, 17, 19, 21, 23)
    """
    each, more = divmod(events, PARTS)
    return tuple(each * part + min(part, more) for part in range(PARTS + 1))


def lengths_of(events: int) -> tuple[int, ...]:
    """Return the numbers of events that curves hold: the tenths, and 1 to 5, as far as there are so many."""
    return tuple(sorted({*tenths(events), *(min(length, events) for length in FIXED)}))
