"""What the compiled search looks at of a history that is folded in.

Everywhere in this folder: Q queries; H positions or units of one history; C columns of a shortlist; W units that may be named.
"""

from typing import NamedTuple

from topple.types import BoolArray, FloatArray, IntArray


class Looked(NamedTuple):
    """One history and its shortlist: the best competitors, best first; then targets that are not among them; then its own items.

    Args:
        unit: the unit of each position [H].
        left: what each position adds to the left side of the equations [H].
        pull: how far each position pulls the user [H].
        moving: which positions move the user at all, bool [H].
        mutual: Z A^-1 Z' [H, H].
        effect: Z A^-1 Y' of the columns [H, C].
        item: of each column [C].
        score: for the unchanged history; of an item of the history, what it would score if it competed [C].
        back: the unit whose removal lets an item of the history compete [C]; -1 for others.
        competitors: how many are competitors.
        listed: how many are competitors or targets.
    """

    unit: IntArray
    left: FloatArray
    pull: FloatArray
    moving: BoolArray
    mutual: FloatArray
    effect: FloatArray
    item: IntArray
    score: FloatArray
    back: IntArray
    competitors: int
    listed: int


class Found(NamedTuple):
    """What the search fills in for each query.

    Args:
        sets: the units of the set, bool [Q, H]; none where none is found.
        scored: how many sets were scored [Q].
        noted: what the cheapest set costs that rounding decides about, infinity for none [Q].
    """

    sets: BoolArray
    scored: IntArray
    noted: FloatArray
