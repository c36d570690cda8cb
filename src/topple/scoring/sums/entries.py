"""Compiled: the entries of the rows of a history, by position and by column."""

from topple.compiled import compiled_leaf
from topple.scoring.sums.rows import Sums
from topple.types import FloatArray


@compiled_leaf
def entries_of(sums: Sums, history: int, position: int) -> tuple[int, int]:
    """Return where the entries of the sparse row of a position begin and end: slices of arrays are indexed twice as fast as the whole."""
    first = history * sums.row.shape[1] + position
    return sums.entry[first], sums.entry[first + 1]


@compiled_leaf
def add_parts(sums: Sums, history: int, column: int, part: FloatArray) -> None:
    """Add what each position of a history adds to a column, -1 for an item that is none [H]."""
    if len(sums.dense) > 0:
        across = len(sums.across) > 0
        for position in range(sums.length[history]):
            row = sums.row[history, position]
            number = sums.across[column, row] if across else sums.dense[row, column]
            part[position] += sums.weight[history, position] * number
    elif column >= 0:
        number = sums.start[history] + column
        for entry in range(sums.by_column[number], sums.by_column[number + 1]):
            part[sums.position[entry]] += sums.number[entry]
