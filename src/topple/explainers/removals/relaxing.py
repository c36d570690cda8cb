"""Compiled: the least that units cost that lift sums to given floors, parts of units allowed: a linear program of few rows.

Solved by a dual simplex method over a dense table. Whatever rounding does to the table, the bound is worked out anew from the
weights of the rows at the end, and every choice of weights gives a true bound.
Source: Koberstein, "The dual simplex method, techniques for a fast and stable implementation", 2005, chapter 3.
Everywhere here: H units; R rows, of which N count; K columns of the program, which are some of the units.
"""

from typing import NamedTuple

import numpy as np

from topple.compiled import compiled, compiled_leaf
from topple.scoring.lists.best import INFINITY
from topple.types import BoolArray, FloatArray, IntArray

NEAR = 1e-9
"""By how much a row may miss its floor; and the share of the terms of a sum that rounding is taken to hide at most."""
TINY = 1e-11
"""Numbers of the table that nothing is divided by."""
STEPS = 50
"""Steps for each row, after which a program is given up."""
SOLVED, BEYOND, GIVEN_UP = 0, 1, 2
"""How a program ends: solved; it is sure that it costs too much, or cannot be done; neither is known."""


class Rows(NamedTuple):
    """What is asked of the units: the sum of the numbers of a row reaches a floor.

    Args:
        number: of each unit [R, H].
        floor: what their sum must reach [R].
        weight: for what the row weighs in the bound [R].
    """

    number: FloatArray
    floor: FloatArray
    weight: FloatArray


class Table(NamedTuple):
    """Where the method stands: N inner variables as linear functions of K outer ones, each of which is at one of its bounds.

    Variable v is the part of the unit of column v, between 0 and 1; from K on, by how much row v - K is above the floor.

    Args:
        slope: how each inner variable changes with each outer one [R, K].
        value: of each inner variable [R].
        worth: how the cost changes with each outer variable [K].
        full: which outer variables are at 1, bool [K].
        inner: which variables are inner ones [R].
        outer: which variables are outer ones [K].
    """

    slope: FloatArray
    value: FloatArray
    worth: FloatArray
    full: BoolArray
    inner: IntArray
    outer: IntArray


@compiled
def relaxed(
    rows: Rows, count: int, columns: IntArray, cost: FloatArray, most: float, part: FloatArray, work: IntArray
) -> tuple[int, float]:
    """Return how a program ended, and what it surely costs at least: minus infinity where that is not known.

    Args:
        rows: the rows.
        count: how many of them count, the first ones.
        columns: the units to choose from [K].
        cost: of each unit [H].
        most: what the units may cost.
        part: for the part of each column that is taken, where the program is solved [H].
        work: to which is added how many numbers were worked on [1].
    """
    table = _begun(rows, count, columns, cost)
    spent = 0.0
    for _ in range(STEPS * (count + 1)):
        row, lacking = _furthest(table)
        if row < 0 or spent > most + NEAR * max(1.0, most):
            break
        work[0] += table.slope.size
        column, lacking, turned = _entering(table, row, lacking)
        spent += turned
        if abs(lacking) <= NEAR:
            continue
        if column < 0:
            _weigh_row(rows, table, row, lacking)
            least, size = _bound(rows, count, columns, cost, 0.0)
            return (BEYOND if least > NEAR * size else GIVEN_UP), -INFINITY
        spent += _exchange(table, row, column, lacking)
    _weigh(rows, table)
    least, size = _bound(rows, count, columns, cost, 1.0)
    least -= NEAR * size
    if least > most:
        return BEYOND, least
    if _furthest(table)[0] >= 0:
        return GIVEN_UP, least
    for column in range(len(columns)):
        if table.outer[column] < len(columns):
            part[columns[table.outer[column]]] = 1.0 if table.full[column] else 0.0
    for row in range(count):
        if table.inner[row] < len(columns):
            part[columns[table.inner[row]]] = table.value[row]
    return SOLVED, least


@compiled
def _begun(rows: Rows, count: int, columns: IntArray, cost: FloatArray) -> Table:
    """Return the table of a program of which nothing is taken yet."""
    slope, value, inner = np.empty((count, len(columns))), np.empty(count), np.empty(count, dtype=np.int64)
    worth, full = np.empty(len(columns)), np.zeros(len(columns), dtype=np.bool_)
    outer = np.empty(len(columns), dtype=np.int64)
    for row in range(count):
        value[row], inner[row] = -rows.floor[row], len(columns) + row
        for column in range(len(columns)):
            slope[row, column] = rows.number[row, columns[column]]
    for column in range(len(columns)):
        worth[column], outer[column] = cost[columns[column]], column
    return Table(slope, value, worth, full, inner, outer)


@compiled_leaf
def _furthest(table: Table) -> tuple[int, float]:
    """Return the inner variable that is furthest out of its bounds, -1 for none, and by how much it must change."""
    found, lacking, columns = -1, NEAR, table.slope.shape[1]
    for row in range(len(table.value)):
        value = table.value[row]
        if -value > abs(lacking):
            found, lacking = row, -value
        if table.inner[row] < columns and value - 1.0 > abs(lacking):
            found, lacking = row, 1.0 - value
    return found, lacking


@compiled_leaf
def _entering(table: Table, row: int, lacking: float) -> tuple[int, float, float]:
    """Return the outer variable to exchange for an inner one, -1 for none, what the inner one lacks then, and what was spent.

    Units that are worth most are taken whole, or given back, as long as that does not do.
    """
    slope, spent, sign = table.slope[row], 0.0, 1.0 if lacking > 0 else -1.0
    while True:
        found, least, steepest = -1, INFINITY, 0.0
        for column in range(len(slope)):
            steep = -sign * slope[column] if table.full[column] else sign * slope[column]
            if steep > TINY:
                ratio = abs(table.worth[column]) / steep
                if ratio < least or (ratio == least and steep > steepest):
                    found, least, steepest = column, ratio, steep
        if found < 0 or table.outer[found] >= len(slope) or steepest >= abs(lacking):
            return found, lacking, spent
        step = -1.0 if table.full[found] else 1.0
        for other in range(len(table.value)):
            table.value[other] += table.slope[other, found] * step
        spent += table.worth[found] * step
        lacking -= sign * steepest
        table.full[found] = not table.full[found]
        if abs(lacking) <= NEAR:
            return found, lacking, spent


@compiled_leaf
def _exchange(table: Table, row: int, column: int, lacking: float) -> float:
    """Exchange an inner variable for an outer one, so that the inner one is at the bound that it missed; return what was spent."""
    slope, mine = table.slope, table.slope[row]
    step = lacking / mine[column]
    for other in range(len(table.value)):
        table.value[other] += slope[other, column] * step
    spent = table.worth[column] * step
    table.value[row] = step + (1.0 if table.full[column] else 0.0)
    share = 1.0 / mine[column]
    for other in range(len(mine)):
        mine[other] *= -share
    mine[column] = share
    for other in range(len(table.value)):
        factor = slope[other, column]
        if other != row and factor != 0.0:
            theirs = slope[other]
            for one in range(len(mine)):
                theirs[one] += factor * mine[one]
            theirs[column] = factor * share
    factor = table.worth[column]
    for one in range(len(mine)):
        table.worth[one] += factor * mine[one]
    table.worth[column] = factor * share
    table.full[column] = lacking < 0  # it came down to 1, or up to 0
    table.inner[row], table.outer[column] = table.outer[column], table.inner[row]
    return float(spent)


@compiled_leaf
def _weigh(rows: Rows, table: Table) -> None:
    """Fill in what the rows weigh in the solution."""
    columns = table.slope.shape[1]
    for one in range(len(table.value)):
        rows.weight[one] = 0.0
    for column in range(columns):
        if table.outer[column] >= columns:
            rows.weight[table.outer[column] - columns] = max(0.0, table.worth[column])


@compiled_leaf
def _weigh_row(rows: Rows, table: Table, row: int, lacking: float) -> None:
    """Fill in what the rows weigh in an inner variable that no outer one can bring to its bound."""
    columns = table.slope.shape[1]
    for one in range(len(table.value)):
        rows.weight[one] = 0.0
    if table.inner[row] >= columns:
        rows.weight[table.inner[row] - columns] = 1.0
    for column in range(columns):
        if table.outer[column] >= columns:
            slope = table.slope[row, column]
            rows.weight[table.outer[column] - columns] = max(0.0, -slope if lacking > 0 else slope)


@compiled_leaf
def _bound(rows: Rows, count: int, columns: IntArray, cost: FloatArray, price: float) -> tuple[float, float]:
    """Return what the columns cost at least by the weights of the rows, costs counted at a price, and the sum of all absolute terms.

    At a price of 0: by how much the rows are missed at least, whatever is taken.
    """
    least, size = 0.0, 1.0 if price > 0 else 0.0
    for row in range(count):
        least += rows.weight[row] * rows.floor[row]
        size += abs(rows.weight[row] * rows.floor[row])
    for column in columns:
        worth = price * cost[column]
        for row in range(count):
            worth -= rows.weight[row] * rows.number[row, column]
        if worth < 0:
            least += worth
            size -= worth
    return least, size
