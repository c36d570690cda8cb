"""What a factor model offers of the equations of histories, and the histories of a call with what competes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from topple.types import BoolArray, FloatArray, IntArray


class Solved(NamedTuple):
    """B histories, each with the user x who solves its equations; scores are Y x.

    With A the left side of the equations of a history and Z the factors of its items, each of which adds a to the left side and
    b to the right side, x without some items is x - g Z A^-1 with (I - diag(a) Z A^-1 Z') g = b - a Z x among these items.

    Args:
        factors: Y [I, D].
        size: the length of each item's factors [I].
        inverse: of the equations of an empty history [D, D].
        user: x [B, D].
        effect: Z A^-1 [B, H, D].
        left: a [B, H].
        right: b [B, H].
        pull: b - a Z x [B, H].
        moving: which positions move the user at all, bool [B, H].
    """

    factors: NDArray[np.floating]
    size: FloatArray
    inverse: FloatArray
    user: FloatArray
    effect: FloatArray
    left: FloatArray
    right: FloatArray
    pull: FloatArray
    moving: BoolArray


class Folded(NamedTuple):
    """B histories that are folded in, for compiled functions.

    Args:
        solved: their equations.
        event: the item of each position [B, H].
        length: how many positions each history has [B].
        score: of each item for the unchanged history, minus infinity for one that does not compete [B, I].
        returns: whether the item of the position competes once all its positions are removed; the first of them tells [B, H].
        off: how far rounding moves scores at most, as a share of what the user's and an item's lengths come to.
    """

    solved: Solved
    event: IntArray
    length: IntArray
    score: FloatArray
    returns: BoolArray
    off: float
