"""Compiled: a cheapest set of units that brings enough gaps above 0, or the proof that there is none, by branch and bound.

A branch decides of competitors whether they are counted, and of units whether they are removed. In each, a linear program over
the gaps of those that are counted tells what the set costs at least; what it takes whole is tried as a set.
Everywhere here: C competitors, H units.
"""

from typing import NamedTuple

import numpy as np

from topple.compiled import compiled, compiled_leaf
from topple.explainers.removals.asked import Program
from topple.explainers.removals.relaxing import BEYOND, NEAR, SOLVED, Rows, relaxed
from topple.scoring.lists.best import INFINITY
from topple.types import BoolArray, FloatArray, IntArray

NONE, FOUND, OPEN = 0, 1, 2
"""How a search ends: there is no such set; a cheapest one is found; the effort was spent before that."""


class Branch(NamedTuple):
    """A branch, and what is known of it; 1 and -1 are decisions for and against, 0 is none.

    Args:
        counted: the competitors [C].
        removed: the units [H].
        level: the gaps after the removal of what is looked at [C].
        part: which part of each unit the linear program takes [H].
        taken: the units of the set that is looked at, bool [H].
        columns: the units that are not decided about, in a row [H].
    """

    counted: IntArray
    removed: IntArray
    level: FloatArray
    part: FloatArray
    taken: BoolArray
    columns: IntArray


@compiled
def cheapest_removal(program: Program, least: int, most: int, effort: int) -> tuple[int, BoolArray]:
    """Return how a search for a cheapest set ended, and the cheapest set that was found, bool [H].

    Args:
        program: what sets are looked for.
        least: what no set costs less than.
        most: what a set may cost.
        effort: how many numbers may be worked on.
    """
    competitors, units = program.gain.shape
    branch = Branch(
        np.zeros(competitors, dtype=np.int64), np.zeros(units, dtype=np.int64), np.empty(competitors),
        np.empty(units), np.zeros(units, dtype=np.bool_), np.empty(units, dtype=np.int64),
    )  # fmt: skip
    _leave_out(program, branch)
    height = min(competitors, program.needed) + 1
    rows = Rows(np.empty((height, units)), np.empty(height), np.empty(height))
    found, ended, work = np.zeros(units, dtype=np.bool_), NONE, np.zeros(1, dtype=np.int64)
    decided, second, depth = (
        np.empty(competitors + units, dtype=np.int64),
        np.zeros(competitors + units, dtype=np.bool_),
        0,
    )
    while work[0] < effort:
        cost, decision = _looked_at(program, branch, rows, most, work)
        if cost <= most:
            found[:], ended, most = branch.taken, FOUND, int(cost) - 1
            if most < least:
                return ended, found
        if decision >= 0:
            decided[depth], second[depth] = decision, False
            depth += 1
            _decide(branch, decision, 1)
            continue
        while depth > 0 and second[depth - 1]:
            depth -= 1
            _decide(branch, decided[depth], 0)
        if depth == 0:
            return ended, found
        second[depth - 1] = True
        _decide(branch, decided[depth - 1], -1)
    return OPEN, found


@compiled_leaf
def _decide(branch: Branch, decision: int, way: int) -> None:
    """Decide about a competitor, or a unit, whose numbers follow."""
    if decision < len(branch.counted):
        branch.counted[decision] = way
    else:
        branch.removed[decision - len(branch.counted)] = way


@compiled_leaf
def _leave_out(program: Program, branch: Branch) -> None:
    """Decide against the units that may not be removed, and those that lift no gap and bring no competitor back."""
    for unit in range(len(program.free)):
        worthwhile = False
        for competitor in range(len(program.start)):
            worthwhile |= program.gain[competitor, unit] > 0 or program.returns[competitor] == unit
        if not (worthwhile and program.free[unit]):
            branch.removed[unit] = -1


@compiled
def _looked_at(program: Program, branch: Branch, rows: Rows, most: int, work: IntArray) -> tuple[float, int]:
    """Look at a branch, where a set of units may cost `most`.

    Returns:
        What the set of it that is found costs, which is then `branch.taken`, infinity for none; and what is to be decided next: a
        competitor, or the number of competitors and a unit. -1: nothing, for no other set of the branch is cheaper.
    """
    work[0] += program.gain.size
    open_, chosen = 0, 0
    for way in branch.counted:
        open_ += way >= 0
        chosen += way > 0
    if open_ < program.needed:
        return INFINITY, -1
    every = open_ == program.needed
    spent = _taken(program, branch, every)
    if spent > most:
        return INFINITY, -1
    columns, count = _undecided(branch), _fill(program, branch, rows, every)
    ended, bound = relaxed(rows, count, columns, program.cost, most - spent, branch.part, work)
    if ended == BEYOND:
        return INFINITY, -1
    decision = _next(program, branch, columns, every or chosen >= program.needed, ended == SOLVED)
    cost = _rounded(program, branch, rows, count, columns, spent, most)
    work[0] += 2 * program.gain.size
    if cost <= most and spent + bound > cost - 1:
        decision = -1
    return cost, decision


@compiled
def _undecided(branch: Branch) -> IntArray:
    """Return the units that are not decided about [K]; of the others, those that are removed are taken whole."""
    count = 0
    for unit in range(len(branch.removed)):
        branch.part[unit] = 1.0 if branch.taken[unit] else 0.0
        if branch.removed[unit] == 0 and not branch.taken[unit]:
            branch.columns[count] = unit
            count += 1
    return branch.columns[:count]


@compiled_leaf
def _taken(program: Program, branch: Branch, every: bool) -> float:
    """Fill in the units that a branch removes, and what is above 0 then; return what they cost: infinity where that cannot be."""
    for unit in range(len(branch.removed)):
        branch.taken[unit] = branch.removed[unit] > 0
    for competitor in range(len(program.start)):
        branch.level[competitor] = program.start[competitor]
        unit, way = program.returns[competitor], branch.counted[competitor]
        if unit >= 0 and (way > 0 or (every and way == 0)):
            if branch.removed[unit] < 0:
                return INFINITY
            branch.taken[unit] = True
    spent = 0.0
    for unit in range(len(branch.taken)):
        if branch.taken[unit]:
            spent += program.cost[unit]
            for competitor in range(len(program.start)):
                branch.level[competitor] += program.gain[competitor, unit]
    return spent


@compiled_leaf
def _fill(program: Program, branch: Branch, rows: Rows, every: bool) -> int:
    """Fill in the rows of the linear program: the gaps of who is counted, and the size where that may be too large; return how many."""
    count = 0
    for competitor in range(len(program.start)):
        way = branch.counted[competitor]
        if way > 0 or (every and way == 0):
            for unit in range(len(program.free)):
                rows.number[count, unit] = program.gain[competitor, unit]
            rows.floor[count] = -branch.level[competitor]
            count += 1
    if program.limited:
        rows.floor[count] = -program.largest
        for unit in range(len(program.free)):
            rows.number[count, unit] = -program.size[unit]
            rows.floor[count] += program.size[unit] * branch.taken[unit]
        count += 1
    return count


@compiled_leaf
def _next(program: Program, branch: Branch, columns: IntArray, settled: bool, solved: bool) -> int:
    """Return what to decide next, -1 for nothing: of who is not decided about the competitor that lacks most, else a unit.

    A unit is decided about once it is settled who is counted, or where enough gaps are above 0 with parts of units.
    """
    lacking, competitor, above = INFINITY, -1, 0
    for one in range(len(program.start)):
        level = branch.level[one]
        for unit in columns:
            level += program.gain[one, unit] * branch.part[unit]
        unit = program.returns[one]
        above += branch.counted[one] >= 0 and level > -NEAR and (unit < 0 or branch.part[unit] > 1 - NEAR)
        if branch.counted[one] == 0 and level < lacking:
            competitor, lacking = one, level
    if competitor >= 0 and not (settled or (solved and above >= program.needed)):
        return competitor
    if len(columns) == 0:
        return -1 if settled else competitor
    chosen, nearest = columns[0], INFINITY
    for unit in columns:
        away = abs(branch.part[unit] - 0.5)
        if away < nearest and branch.part[unit] > NEAR:
            chosen, nearest = unit, away
    return len(program.start) + int(chosen)


@compiled_leaf
def _rounded(
    program: Program, branch: Branch, rows: Rows, count: int, columns: IntArray, spent: float, most: int
) -> float:
    """Return what a set costs that has the parts which the linear program takes, rounded, infinity where none is found.

    Added are, one by one, the units of which most is taken, then those that lift most what the rows weigh.
    """
    weight = rows.weight[:count]
    cost, size = spent, 0.0
    for unit in range(len(program.free)):
        size += program.size[unit] * branch.taken[unit]
    for turn in range(len(columns) + 1):
        above = 0
        for one in range(len(program.start)):
            unit = program.returns[one]
            above += branch.level[one] > 0 and (unit < 0 or branch.taken[unit])
        if above >= program.needed and size <= program.largest * (1 + NEAR):
            return cost
        if turn == len(columns):
            break
        unit = _most_wanted(program, branch, rows, weight, columns)
        cost, size = cost + program.cost[unit], size + program.size[unit]
        if cost > most:
            break
        branch.taken[unit] = True
        for one in range(len(program.start)):
            branch.level[one] += program.gain[one, unit]
    return INFINITY


@compiled_leaf
def _most_wanted(program: Program, branch: Branch, rows: Rows, weight: FloatArray, columns: IntArray) -> int:
    """Return the unit of which the linear program takes most; where it takes nothing, the one that lifts most for what it costs."""
    chosen, best = -1, -INFINITY
    for unit in columns:
        if branch.taken[unit]:
            continue
        worth = branch.part[unit]
        if worth <= NEAR:
            lift = 0.0
            for row in range(len(weight)):
                lift += weight[row] * rows.number[row, unit]
            worth = lift / max(1.0, program.cost[unit]) - 1e9
        if worth > best:
            chosen, best = unit, worth
    return int(chosen)
