"""A walk through sets of one size, depth first; compiled.

Everywhere here: H items, L lanes, sets of `size` items, made item by item in an order of promise. A partial set of q items stands at
depth q, and items are named by their rank in that order. A lane holds a function of the set: of one competitor, or a weighted sum of
those of k competitors that could be above 0 together.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from topple.compiled import compiled

WIDTH = 16
"""Lanes come in multiples of so many: the processor works on them side by side."""
GROUP = 2**20
"""What a sum of k competitors counts for among lanes that are above 0; more than there are competitors."""

Numbers = NDArray[np.float32]


class Promises(NamedTuple):
    """What items add to the functions of the lanes.

    Args:
        alone: what each item adds by itself, and by half of its pairs with q others at most, q = 0 to size - 1 [size, H, L].
        twice: what two items add as a pair [H, H, L].
        mark: what a lane counts for where it is above 0: 1 for a competitor, GROUP for a sum, 0 for none [L].
        k: competitors that must be above 0, and GROUP besides where one of the sums must be.
    """

    alone: Numbers
    twice: Numbers
    mark: NDArray[np.int32]
    k: int


class Path(NamedTuple):
    """Where a walk stands, changed in place.

    Args:
        depth: of the partial set that the walk stands at, -1 at the end [1].
        chosen: the items of the set [size].
        value: the functions of the set, and of the sets on the way there [size, L].
        pairs: what each item adds in pairs with the items of these sets [size, H, L].
        able: whether one that topples may come of each of these sets and one item more, bool [size, H].
        upcoming: the item that is to be added to each of them next [size].
        best: for the largest promises of the items behind [size, L].
    """

    depth: NDArray[np.int64]
    chosen: NDArray[np.int64]
    value: Numbers
    pairs: Numbers
    able: NDArray[np.bool_]
    upcoming: NDArray[np.int64]
    best: Numbers


def promises_of(alone: Numbers, twice: Numbers, k: int, sums: int) -> Promises:
    """Return promises of functions of which the last are `sums`, in whole lanes; alone [size, H, C], twice [H, H, C]."""
    lanes = np.zeros(alone.shape[2], np.int32) + 1
    lanes[len(lanes) - sums :] = GROUP
    return Promises(_padded(alone), _padded(twice), _padded(lanes), k + (GROUP if sums else 0))


def path_of(promises: Promises, const: Numbers) -> Path:
    """Return where a walk begins, with functions const [C]."""
    size, items, lanes = promises.alone.shape
    value, pairs, best = (np.zeros(shape, np.float32) for shape in ((size, lanes), (size, items, lanes), (size, lanes)))
    value[0] = _padded(const)
    able = np.zeros((size, items), np.bool_)
    return Path(np.zeros(1, np.int64), np.zeros(size, np.int64), value, pairs, able, np.zeros(size, np.int64), best)


def _padded(numbers: Any) -> Any:
    """Return numbers [..., C] with zeros behind, [..., L]."""
    behind = -numbers.shape[-1] % WIDTH
    return np.ascontiguousarray(np.pad(numbers, [(0, 0)] * (numbers.ndim - 1) + [(0, behind)]))


@compiled
def halves(pair: Any, size: int) -> Any:
    """Return the largest sums of q values of each row of pair [C, H, H], its diagonal left out, q = 0 to size - 1 [size, H, C]."""
    competitors, items, _ = pair.shape
    out = np.zeros((size, items, competitors), np.float32)
    best = np.empty(size, np.float32)
    for number in range(competitors):
        for item in range(items):
            best[:] = -np.inf
            for other in range(items):
                larger = pair[number, item, other]
                if other == item or larger <= best[size - 2]:
                    continue
                for turn in range(size - 1):
                    if best[turn] < larger:
                        best[turn], larger = larger, best[turn]
            for turn in range(1, size):
                out[turn, item, number] = out[turn - 1, item, number] + best[turn - 1]
    return out


@compiled
def walk(promises: Any, path: Any, sets: Any, most: int) -> tuple[int, int]:
    """Go on until there is no room for more sets, or so many numbers are worked on, or the end is reached.

    Args:
        promises: of the items.
        path: where the walk stands; moved on.
        sets: for the sets that are come upon [S, size].
        most: numbers to work on; the last step may pass it.

    Returns:
        how many sets were written, and how many numbers were worked on.
    """
    size, items, _ = promises.alone.shape
    found, worked = 0, 0
    while path.depth[0] >= 0 and found < len(sets) and worked < most:
        depth = path.depth[0]
        item = path.upcoming[depth]
        while item < items and not path.able[depth, item]:
            item += 1
        path.upcoming[depth] = item + 1
        path.chosen[depth] = item
        if item >= items:
            path.depth[0] -= 1
        elif depth + 1 == size:
            sets[found] = path.chosen
            found += 1
        else:
            add(promises, path, depth, item)
            worked += look(promises, path, depth + 1, item + 1)
            path.depth[0] += 1
    return found, worked


@compiled
def add(promises: Any, path: Any, depth: int, item: int) -> None:
    """Note the functions of the set at a depth with one item more."""
    items, lanes = promises.twice.shape[1:]
    for number in range(lanes):
        gain = promises.alone[0, item, number] + path.pairs[depth, item, number]
        path.value[depth + 1, number] = path.value[depth, number] + gain
    for behind in range(item + 1, items):
        for number in range(lanes):
            more = promises.twice[item, behind, number]
            path.pairs[depth + 1, behind, number] = path.pairs[depth, behind, number] + more


@compiled
def look(promises: Any, path: Any, depth: int, first: int) -> int:
    """Note with which items, from the `first` on, the set at a depth could still be completed to one that topples.

    An item is added behind the last one only, so that each set is made once. With it, a function reaches at most what
    it is so far, what the item adds to it (alone, and in pairs with the items before), half of what the item could add
    in pairs with the `rest` items still to come, and the largest such promises of as many items behind.

    Returns:
        how many numbers were worked on.
    """
    size, items, lanes = promises.alone.shape
    rest = size - depth - 1
    path.upcoming[depth] = first
    path.best[:] = -np.inf
    promise, behind = np.empty(lanes, np.float32), np.zeros(lanes, np.float32)
    for item in range(items - 1, first - 1, -1):
        above = 0
        for number in range(lanes):
            promise[number] = path.pairs[depth, item, number] + promises.alone[rest, item, number]
            reach = path.value[depth, number] + promise[number] + behind[number]
            above += promises.mark[number] if reach > 0 else 0
        path.able[depth, item] = above >= promises.k and above % GROUP >= promises.k % GROUP and item + rest < items
        if rest:
            behind[:] = 0
        for turn in range(rest):
            for number in range(lanes):
                larger, smaller = path.best[turn, number], promise[number]
                if larger < smaller:
                    larger, smaller = smaller, larger
                path.best[turn, number] = larger
                promise[number] = smaller
                behind[number] += larger
    return int((items - first) * lanes * (size - depth + 1))


@compiled
def reaches(promises: Any, const: Any, sets: Any, k: int) -> Any:
    """Return the k-th largest function of each whole set [S, size], of those that stand for one competitor; const [L]; [S]."""
    found, size = sets.shape
    lanes = len(const)
    out, value, best = np.empty(found, np.float32), np.empty(lanes, np.float32), np.empty(k, np.float32)
    for number in range(found):
        value[:] = const
        for turn in range(size):
            item = sets[number, turn]
            value += promises.alone[0, item]
            for before in range(turn):
                value += promises.twice[sets[number, before], item]
        best[:] = -np.inf
        for lane in range(lanes):
            larger = value[lane]
            if promises.mark[lane] == 1 and larger > best[k - 1]:
                for turn in range(k):
                    if best[turn] < larger:
                        best[turn], larger = larger, best[turn]
        out[number] = best[k - 1]
    return out
