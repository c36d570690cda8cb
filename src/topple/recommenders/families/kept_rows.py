"""First layers of variations of histories, each from what it changes of its history, as a compiled function."""

import numpy as np

from topple.compiled import compiled
from topple.recommenders.families.first_layers import LEAST
from topple.types import BoolArray, FloatArray, IntArray


@compiled
def add_totals(
    rows: IntArray, items: IntArray, weights: FloatArray, present: BoolArray, table: FloatArray, totals: FloatArray
) -> None:
    """Write the sums of what the histories `rows` [R] hold unchanged into totals [B, D]; the others as in `first_layer`."""
    for row in rows:
        total = totals[row]
        total[:] = 0
        for position in range(items.shape[1]):
            if present[row, position] and weights[row, position] != 0:
                _add(total, weights[row, position], table[items[row, position]])


@compiled
def first_layer(
    keep: FloatArray,
    rows: IntArray,
    items: IntArray,
    weights: FloatArray,
    present: BoolArray,
    table: FloatArray,
    largest: FloatArray,
    bias: FloatArray,
    totals: FloatArray,
    squares: FloatArray,
    out: FloatArray,
) -> None:
    """Write the first layer of variations, divided by the norms of what they keep, plus the bias, into out [R, S, D].

    A variation that changes fewer events than it keeps begins with its history's total, any other with nothing. What one gets
    depends on its history and itself alone. A total is not begun with either where what is taken off it is larger than what is
    kept (heavy events, large rows): so no sum has more than three times the terms and three times the size of a sum of what is
    kept alone. Scores of real models moved by 1e-15 of their scale; a model that computes in float64 allows 1e-12.

    Args:
        keep: how much of each event is kept [R, S, H].
        rows: the history of each row [R].
        items: the items of B histories [B, H], or more positions.
        weights: their weights, 0 for padding [B, H].
        present: the events of the unchanged histories [B, H].
        table: the row of each item [I, D].
        largest: the largest absolute number of each item's row [I].
        bias: of the layer [D].
        totals: the sum of what each history holds unchanged [B, D].
        squares: the squared norms of what is kept [R, S]; empty: no item comes again, they are summed here.
        out: the layer, before its activation.
    """
    for number in range(len(rows)):
        row = rows[number]
        for variation in range(keep.shape[1]):
            shares, into = keep[number, variation], out[number, variation]
            from_total, square = _begins_with_total(shares, items[row], weights[row], present[row], largest)
            for column in range(len(into)):
                into[column] = totals[row, column] if from_total else 0.0
            for position in range(len(shares)):
                begun = 1.0 if from_total and present[row, position] else 0.0
                if weights[row, position] != 0 and shares[position] != begun:
                    _add(into, (shares[position] - begun) * weights[row, position], table[items[row, position]])
            if squares.size:
                square = squares[number, variation]
            scale = 1 / np.sqrt(max(square, LEAST))
            for column in range(len(into)):
                into[column] = into[column] * scale + bias[column]


@compiled
def _begins_with_total(
    shares: FloatArray, items: IntArray, weights: FloatArray, present: BoolArray, largest: FloatArray
) -> tuple[bool, float]:
    """Return whether a variation is a total with changes, and the squared norm of what it keeps."""
    changes, kept, changed_size, kept_size, square = 0, 0, 0.0, 0.0, 0.0
    for position in range(len(shares)):
        share, weight = shares[position], weights[position]
        if weight == 0:
            continue
        size, change = abs(weight) * largest[items[position]], abs(share - (1.0 if present[position] else 0.0))
        if change:
            changes += 1
            changed_size += change * size
        if share != 0:
            kept += 1
            kept_size += abs(share) * size
            square += (share * weight) ** 2
    return changes < kept and changed_size <= kept_size and changed_size < np.inf, square


@compiled
def _add(into: FloatArray, factor: float, row: FloatArray) -> None:
    for column in range(len(into)):
        into[column] += factor * row[column]
