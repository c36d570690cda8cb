"""Stamps: by which model, and for which set, the judge made a Verdict in this process.

A stamp stands beside the fields of the one Verdict that was made. A copy, a record made by `replace`, one that was pickled and
one built by hand or from a file have none.
"""

from dataclasses import dataclass
from weakref import ReferenceType, ref

from topple.records.answer import Verdict
from topple.scoring.recommender import Recommender


@dataclass(frozen=True, eq=False, slots=True)
class Stamp:
    """What a Verdict was made of, besides the query and the rule that it holds.

    Args:
        model: the recommender that was asked.
        state: what the recommender had learned, and how far scores of it may be off.
        positions: the set, as positions of the history.
        tolerance: by how much an item must be above the target to outrank it.
    """

    model: ReferenceType[Recommender]
    state: object
    positions: tuple[int, ...]
    tolerance: float


def state_of(recommender: Recommender) -> object:
    """Return what differs once the model would answer otherwise; None where nothing tells, as the model shows no arrays."""
    version = recommender.learned_version()
    return (recommender.settings, recommender.rounding, version) if version else None


def stamp(
    verdict: Verdict, recommender: Recommender, state: object, positions: tuple[int, ...], tolerance: float
) -> None:
    """Stamp a Verdict that the judge has just made."""
    object.__setattr__(verdict, "stamp", Stamp(ref(recommender), state, positions, tolerance))


def stamp_of(verdict: Verdict | None) -> Stamp | None:
    """Return the stamp of a Verdict that the judge made in this process; None of any other."""
    found = getattr(verdict, "stamp", None)
    return found if isinstance(found, Stamp) else None
