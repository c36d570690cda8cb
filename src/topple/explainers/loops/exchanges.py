"""Compiled: which exchanges of two units of a set for one other promise most, if units change scores as they do beside the set.

Everywhere here: Q sets, X units of a set, W units outside, V exchanges; C competitors of the shortlist, the target of each set
among them.
"""

from typing import NamedTuple

import numpy as np

from topple.compiled import compiled
from topple.scoring.lists.best import INFINITY, insert
from topple.types import BoolArray, FloatArray, IntArray


class Beside(NamedTuple):
    """Sets, and what single units do beside them.

    Args:
        target: where the target of each set stands among the competitors [Q].
        k: length of the list [Q].
        tolerance: by how much a competitor must be above the target [Q].
        inside: units of each set [Q, X].
        outside: other units [Q, W].
        held: which of the units inside are of the set and may be given back, bool [Q, X].
        free: which of the units outside may be taken in, bool [Q, W].
        scores: with the set gone, then with each unit inside given back, then with each outside taken in [Q, 1 + X + W, C].
        price: of the units [Q, H].
        counted: which of the competitors count for the target, bool [Q, C].
    """

    target: IntArray
    k: IntArray
    tolerance: FloatArray
    inside: IntArray
    outside: IntArray
    held: BoolArray
    free: BoolArray
    scores: FloatArray
    price: FloatArray
    counted: BoolArray


@compiled
def most_promising_exchanges(beside: Beside, width: int, tries: int) -> tuple[IntArray, BoolArray]:
    """Return the exchanges that promise most, of those that are cheaper and of the pairs that leave most once they are given back.

    Args:
        beside: what is known.
        width: pairs that are looked at for each set.
        tries: exchanges to return for each set, at most.

    Returns:
        two units to give back and one to take in [Q, V, 3], most promising first, and which of them are real, bool [Q, V].
    """
    queries, inner = beside.inside.shape
    outer = beside.outside.shape[1]
    chosen, real = np.zeros((queries, tries, 3), np.int64), np.zeros((queries, tries), np.bool_)
    expected = np.empty(beside.scores.shape[2])
    for query in range(queries):
        pairs = best_pairs(beside, query, expected)[:width]
        leads, numbers, count = np.empty(len(pairs) * outer), np.empty(len(pairs) * outer, np.int64), 0
        for pair in pairs:
            for other in range(outer):
                if is_cheaper(beside, query, pair // inner, pair % inner, other):
                    expect_exchange(beside, query, pair // inner, pair % inner, other, expected)
                    leads[count], numbers[count] = -lead_of(beside, query, expected), pair * outer + other
                    count += 1
        for turn, number in enumerate(numbers[np.argsort(leads[:count], kind="mergesort")[:tries]]):
            pair, other = number // outer, number % outer
            chosen[query, turn, 0] = beside.inside[query, pair // inner]
            chosen[query, turn, 1] = beside.inside[query, pair % inner]
            chosen[query, turn, 2] = beside.outside[query, other]
            real[query, turn] = True
    return chosen, real


@compiled
def best_pairs(beside: Beside, query: int, expected: FloatArray) -> IntArray:
    """Return the pairs of units inside by what is left once both are given back, best first, as first * X + second [P].

    Pairs without a cheaper exchange are left out; `expected` is for scores [C].
    """
    inner, outer = beside.inside.shape[1], beside.outside.shape[1]
    pairs, leads = np.empty(inner * inner, np.int64), np.empty(inner * inner)
    count, now = 0, beside.scores[query, 0]
    for first in range(inner):
        for second in range(first + 1, inner):
            cheaper = False
            for other in range(outer):
                cheaper = cheaper or is_cheaper(beside, query, first, second, other)
            if cheaper:
                one, two = beside.scores[query, 1 + first], beside.scores[query, 1 + second]
                for column in range(len(now)):
                    expected[column] = one[column] + two[column] - now[column] if now[column] > -INFINITY else -INFINITY
                pairs[count], leads[count] = first * inner + second, -lead_of(beside, query, expected)
                count += 1
    return pairs[np.argsort(leads[:count], kind="mergesort")]


@compiled
def is_cheaper(beside: Beside, query: int, first: int, second: int, other: int) -> bool:
    """Return whether two units inside may be exchanged for one outside that costs less."""
    if not (beside.held[query, first] and beside.held[query, second] and beside.free[query, other]):
        return False
    price, inside = beside.price[query], beside.inside[query]
    return bool(price[beside.outside[query, other]] < price[inside[first]] + price[inside[second]])


@compiled
def expect_exchange(beside: Beside, query: int, first: int, second: int, other: int, out: FloatArray) -> None:
    """Fill in the scores to expect after an exchange [C]; an item that comes back is expected to score what it does beside the set."""
    inner, scores = beside.inside.shape[1], beside.scores[query]
    now, one, two, taken = scores[0], scores[1 + first], scores[1 + second], scores[1 + inner + other]
    for column in range(len(out)):
        out[column] = taken[column]
        if now[column] > -INFINITY:
            out[column] = one[column] + two[column] + taken[column] - 2 * now[column]


@compiled
def lead_of(beside: Beside, query: int, scores: FloatArray) -> float:
    """Return by how much the target of a set is out of the list of scores [C]."""
    best, target = np.full(beside.k[query], -INFINITY), beside.target[query]
    for column in range(len(scores)):
        if column != target and beside.counted[query, column]:
            insert(best, scores[column])
    return float(best[-1] - (scores[target] + beside.tolerance[query]))
