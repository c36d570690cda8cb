"""What the compiled functions are asked: tuples of arrays and numbers.

Everywhere here: Q queries, those of a history in a row; H positions of a history, or units; C competitors of one query.
"""

from typing import NamedTuple

from topple.types import BoolArray, FloatArray, IntArray


class Asked(NamedTuple):
    """What is asked about queries.

    Args:
        history: the history of each [Q].
        target: the target, an item [Q].
        tolerance: of the query [Q].
        removable: the positions that may be removed, bool [Q, H].
        k: length of the list [Q].
        most: positions that are removed at most [Q].
        rounding: of a sum, relative to the sum of its absolute terms.
    """

    history: IntArray
    target: IntArray
    tolerance: FloatArray
    removable: BoolArray
    k: IntArray
    most: IntArray
    rounding: float


class Program(NamedTuple):
    """What sets are looked for.

    Args:
        start: the gaps before any removal, each in a unit of its own [C].
        gain: how much each grows when a unit is removed [C, H].
        returns: the unit with which a competitor is removed, which competes only then [C]; -1 for others.
        cost: of each unit, whole numbers [H].
        size: what each unit counts in the size of a set, the largest 1 [H].
        free: the units that may be removed, bool [H].
        needed: how many gaps must be above 0, at least 1.
        largest: the largest size of a set.
        limited: whether any set could be larger.
    """

    start: FloatArray
    gain: FloatArray
    returns: IntArray
    cost: FloatArray
    size: FloatArray
    free: BoolArray
    needed: int
    largest: float
    limited: bool
