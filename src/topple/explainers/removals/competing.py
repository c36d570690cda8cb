"""Compiled: which competitors could outrank a target alone after few removals, for histories that are sums.

The gap of a competitor is what it scores more than the target and the tolerance, what rounding could hide added. It is linear in
the removal. Competitors are known by number: a column of the history; `OTHERS` for the items that are no column, of which so many
are told apart as a list is long; below that, a position of the history, whose item competes once it is removed.
Everywhere here: Q queries, those of a history in a row; H positions; C competitors of one query.
"""

import numpy as np

from topple.compiled import compiled, compiled_leaf
from topple.explainers.removals.asked import Asked
from topple.explainers.removals.speaking import FEW, Held, Target, held_of, most_together, parts_of, target_of
from topple.scoring.lists.best import INFINITY
from topple.scoring.sums.entries import entries_of
from topple.scoring.sums.rows import Sums
from topple.types import FloatArray, IntArray

OTHERS = -1


@compiled
def able_competitors(sums: Sums, asked: Asked, crowd: int, every: bool, bound: IntArray, first: IntArray) -> IntArray:
    """Find the competitors that could outrank the targets alone.

    Args:
        sums: of the histories.
        asked: what is asked.
        crowd: competitors of one target that are told apart at most.
        every: whether all of them are returned, and not only those of the queries that the bound leaves open.
        bound: for the size below which no set topples the target [Q]: one more than `Asked.most` where none of these does, -1 where
            there is a crowd.
        first: for where the competitors of each query begin [Q + 1].

    Returns:
        The numbers of the competitors of the queries whose bound is no more than `Asked.most`, or of all without a crowd.
    """
    width, kept, last = asked.removable.shape[1], 0, -1
    held = held_of(sums, 0)
    able, numbers = np.empty(0, dtype=np.int64), np.empty(1024, dtype=np.int64)
    loss, gain, room = np.empty(0), np.empty(width), np.empty(max(width, FEW))
    first[0] = 0
    for query in range(len(asked.history)):
        history, most, k = asked.history[query], asked.most[query], asked.k[query]
        first[query + 1] = kept
        if most < 1:
            bound[query] = 1
            continue
        if history != last:
            held = held_of(sums, history)
            loss = np.empty(len(held.score))
            largest_losses(held, loss)
            able, last = np.empty(len(loss) + width + asked.k.max(), dtype=np.int64), history
        target = target_of(held, asked.target[query], gain)
        counts = np.zeros(most + 2, dtype=np.int64)
        count = _hopeful(held, asked, query, target, loss, room, able)
        count = _able(held, asked, query, target, gain, room, able[:count], counts)
        size, reached = 0, counts[0]
        while reached < k and size <= most:
            size += 1
            reached += counts[size]
        bound[query] = -1 if count > crowd else size
        if bound[query] >= 0 and (every or bound[query] <= most):
            while kept + count > len(numbers):
                numbers = np.concatenate((numbers, numbers))
            numbers[kept : kept + count] = able[:count]
            kept += count
        first[query + 1] = kept
    return numbers[:kept]


@compiled
def fill_gaps(
    sums: Sums, asked: Asked, query: int, able: IntArray, start: FloatArray, gain: FloatArray, counts: IntArray
) -> None:
    """Fill in the gaps of competitors, given by number [C], before any removal [C], and how much each position lifts them [C, H].

    `counts`, [C, 2], is for the position with which each comes back, or -1, and for the fewest removals that it takes.
    """
    room, held = np.empty(asked.removable.shape[1]), held_of(sums, asked.history[query])
    target = target_of(held, asked.target[query], room)
    for one in range(len(able)):
        start[one] = _gap(held, asked, query, target, able[one], gain[one])
        counts[one, 0] = -1 if able[one] >= OTHERS else OTHERS - 1 - able[one]
        counts[one, 1] = fewest(start[one], gain[one], counts[one, 0], asked.most[query], room)


@compiled_leaf
def largest_losses(held: Held, loss: FloatArray) -> None:
    """Fill in what the columns of a history lose at most when one position is removed, as a number below 0 or 0 [columns].

    That is what the position takes from the score of the column: its removal lifts it.
    """
    loss[:] = 0.0
    if len(held.dense) > 0:
        for position in range(len(held.row)):
            least_of(loss, held.dense[held.row[position]], held.weight[position])
        return
    for position in range(len(held.row)):
        entries, numbered, weight = entries_of(held.sums, held.history, position)
        columns, values = held.sums.column[entries], held.sums.values[numbered]
        for entry in range(len(columns)):
            loss[columns[entry]] = min(loss[columns[entry]], weight * values[entry])


@compiled_leaf
def least_of(least: FloatArray, row: FloatArray, weight: float) -> None:
    """Keep the least of numbers and a weighted row."""
    for column in range(len(least)):
        least[column] = min(least[column], weight * row[column])


@compiled_leaf
def _hopeful(
    held: Held, asked: Asked, query: int, target: Target, loss: FloatArray, room: FloatArray, able: IntArray
) -> int:
    """Fill in the competitors that are not ruled out at a glance; return how many there are.

    A gap grows by no more than what the best positions take from the target and as many times what one adds to it.
    """
    most, free, count = asked.most[query], asked.removable[query], 0
    lifted = most_together(target.part, free, most, room)
    bar = target.score + asked.tolerance[query] - 2 * (held.off + asked.rounding * held.size) - lifted
    for column in range(len(loss)):
        if held.score[column] - most * loss[column] > bar and column != target.column:
            able[count] = column
            count += 1
    if held.rest > bar:
        for _ in range(min(held.others - (target.column < 0), asked.k[query])):
            able[count] = OTHERS
            count += 1
    for position in range(len(held.returns)):
        if free[position] and held.returns[position]:
            able[count] = OTHERS - 1 - position
            count += 1
    return count


@compiled_leaf
def _able(
    held: Held,
    asked: Asked,
    query: int,
    target: Target,
    gain: FloatArray,
    room: FloatArray,
    able: IntArray,
    counts: IntArray,
) -> int:
    """Keep those of the competitors that could outrank the target alone, in place; return how many there are.

    `counts` is for how many of them take 0, 1, 2, ... removals.
    """
    most, count = asked.most[query], 0
    for one in able:
        start = _gap(held, asked, query, target, one, gain)
        back = -1 if one >= OTHERS else OTHERS - 1 - one
        least = fewest(start, gain, back, most, room)
        if least <= most:
            able[count] = one
            counts[least] += 1
            count += 1
    return count


@compiled_leaf
def _gap(held: Held, asked: Asked, query: int, target: Target, number: int, gain: FloatArray) -> float:
    """Return the gap of a competitor before any removal, minus infinity for one that never outranks the target.

    How much each position lifts it is filled in, 0 where it may not be removed [H].
    """
    column = number if number >= OTHERS else held.found[OTHERS - 1 - number]
    parts_of(held, column, gain)
    score, size, still, free = 0.0, 0.0, True, asked.removable[query]
    for position in range(len(gain)):
        theirs = gain[position]
        score, size, still = score + theirs, size + abs(theirs), still and theirs == 0
        gain[position] = target.part[position] - theirs if free[position] else 0.0
    constant = held.constant[column] if len(held.dense) > 0 else held.rest
    if (
        still and target.speaks and constant <= target.constant
    ):  # no part in the history, of which the target only gains
        return -INFINITY
    size += target.size + abs(constant)
    return float(score + constant - target.score - asked.tolerance[query] + asked.rounding * size)


@compiled_leaf
def fewest(start: float, gain: FloatArray, back: int, most: int, room: FloatArray) -> int:
    """Return the fewest removals that bring a gap above 0, one more than `most` where so many do not.

    Args:
        start: the gap.
        gain: how much each position lifts it [H].
        back: the position that must be removed, -1 for none.
        most: the most removals.
        room: for what lifts it [H].
    """
    level, total, count, removals = start, 0.0, 0, 0
    for position in range(len(gain)):
        if position == back:
            level, removals = level + gain[position], 1
        elif gain[position] > 0:
            room[count] = gain[position]
            total, count = total + gain[position], count + 1
    if level > 0 or not level + total > 0:
        return min(removals, most + 1) if level > 0 else most + 1
    return min(removals + _fewest_of(room[:count], -level), most + 1)


@compiled_leaf
def _fewest_of(values: FloatArray, lacking: float) -> int:
    """Return how many of the largest values, all above 0, come to more than what is lacking; all and one more where they do not.

    The values are put in another order: those above a pivot first, then those equal to it, again and again in the part that matters.
    """
    first, last, taken = 0, len(values), 0
    while first < last:
        pivot, above, equal, together = values[(first + last) // 2], first, first, 0.0
        for turn in range(first, last):
            value = values[turn]
            if value > pivot:
                values[turn], values[equal], values[above] = values[equal], values[above], value
                above, equal, together = above + 1, equal + 1, together + value
            elif value == pivot:
                values[turn], values[equal] = values[equal], value
                equal += 1
        if together > lacking:
            last = above
            continue
        lacking, taken = lacking - together, taken + above - first
        for _ in range(above, equal):
            lacking, taken = lacking - pivot, taken + 1
            if lacking < 0:
                return taken
        first = equal
    return taken + 1
