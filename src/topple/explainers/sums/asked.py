"""What the compiled search is asked, and what it looks at: tuples of arrays and numbers.

Everywhere in this folder: B histories, Q queries; H units of a history; C columns of a shortlist; X units of a set, W units outside.
"""

from typing import NamedTuple

from topple.types import BoolArray, FloatArray, IntArray


class Search(NamedTuple):
    """What is asked about histories, and how sets are searched for.

    Args:
        unit: the unit of each position [B, H].
        size: what each unit counts [B, H].
        removable: units that may be named for each query, bool [Q, H].
        cost: what naming a unit costs, in thousandths [Q, H].
        target: the target of each query, an item [Q].
        k: length of the list [Q].
        tolerance: of each query [Q].
        largest: what the largest set that is allowed counts [Q].
        left: how many sets may still be scored for it; that may be passed by one step [Q].
        empty: the scores of the empty history [I]; empty where no item is a filler.
        rounding: of the model.
        shortlist: competitors that are looked at, where lists are not longer.
        looked: units whose effect beside a set is looked at.
        width: units that count as tried in each step.
        most: units of the largest set.
        swaps: rounds of exchanges.
        tries: exchanges that count as tried in a round.
    """

    unit: IntArray
    size: IntArray
    removable: BoolArray
    cost: IntArray
    target: IntArray
    k: IntArray
    tolerance: FloatArray
    largest: IntArray
    left: IntArray
    empty: FloatArray
    rounding: float
    shortlist: int
    looked: int
    width: int
    most: int
    swaps: int
    tries: int


class Shortlist(NamedTuple):
    """What a search of one history looks at: the best competitors, best first; then targets that are not among them; then its own items.

    Args:
        column: which column of the history each is [C]; -1 for an item that is none.
        score: for the unchanged history; of an item of the history, what it would score if it competed [C].
        gain: what each unit adds [H, C].
        back: the unit whose removal lets an item of the history compete [C]; -1 for others.
        competitors: how many are competitors.
        listed: how many are competitors or targets.
    """

    column: IntArray
    score: FloatArray
    gain: FloatArray
    back: IntArray
    competitors: int
    listed: int


class One(NamedTuple):
    """One query.

    Args:
        history: the history.
        number: which of the queries.
        target: where the target stands in the shortlist.
        column: which column of the history it is; -1 for none.
        competitors: how many of the shortlist the query looks at: whatever else is asked, as many as its own list needs.
        k: length of the list.
        tolerance: of the query.
    """

    history: int
    number: int
    target: int
    column: int
    competitors: int
    k: int
    tolerance: float
