"""Which k of several linear functions can be above 0 for one and the same set of so many items: by weighted sums of them; compiled.

Each function may be above 0 for some set, and still no set brings k of them there: they want different items. Where all k are above 0, so
is every sum of them with weights of 0 and more; the least bound of such a sum, over the weights, tells.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from topple.compiled import compiled
from topple.types import FloatArray

TESTS = 96
"""Groups that are looked at, at most."""
TURNS = 24
"""Steps towards the weights with the least bound, for a group that is looked at."""
MORE_TURNS = 80
"""Steps for a group of k that is left."""
ROUNDING = 1e-12
"""Relative rounding of a bound: only one that is below 0 by as much rules a group out."""


def none_above(const: Tensor, linear: Tensor, k: int, size: int) -> bool:
    """Return whether it is sure that for no set k functions are above 0; arguments as in `groups_above`."""
    return k > 0 and groups_above(const, linear, k, size, 0) is not None


def groups_above(const: Tensor, linear: Tensor, k: int, size: int, most: int) -> Tensor | None:
    """Return weights for each group of k functions that can be above 0 together, 0 elsewhere [M, C]; None where there are more groups.

    For every set of `size` items for which k functions or more are above 0, each k of those are one of the groups.
    Source: Lagrangian relaxation of "all of them are above 0" (Geoffrion, 1974), minimised by multiplicative weights.

    Args:
        const: of functions that are each above 0 for some set [C].
        linear: what each item adds to them [H, C].
        k: functions to be above 0 together, at least 1.
        size: items of a set, at least 1 and at most H.
        most: groups to return at most.
    """
    reach = const + linear.topk(size, dim=0).values.sum(0)
    scale = 1 / reach.clamp(min=1e-9)
    order = reach.argsort(stable=True)
    starts, gains = _numbers((const * scale)[order]), _numbers((linear * scale)[:, order])
    found, groups = _groups(starts, gains, k, size, most)
    if found > most:
        return None
    out = torch.zeros_like(const).expand(found, -1).clone()
    out[:, order] = torch.from_numpy(_weights(starts, gains, groups[:found], size)).to(const) * scale[order]
    return out


def _numbers(values: Tensor) -> FloatArray:
    """Return numbers side by side in memory."""
    return np.ascontiguousarray(values.cpu().numpy())


@compiled
def _groups(const: Any, linear: Any, k: int, size: int, most: int) -> Any:
    """Return how many groups there are, more than `most` where that is not known, and the functions of each [most, k]."""
    functions = len(const)
    groups, weights = np.zeros((most, k), np.int64), np.zeros(k)
    group, upcoming = np.zeros(k, np.int64), np.zeros(k, np.int64)
    found, depth, tests = 0, 0, 0
    while depth >= 0:
        group[depth] = upcoming[depth]
        upcoming[depth] += 1
        if group[depth] > functions - (k - depth):
            depth -= 1
            continue
        tests += 1
        if tests > TESTS:
            return most + 1, groups
        if _ruled_out(const, linear, group[: depth + 1], size, TURNS, weights, True):
            continue
        if depth + 1 < k:
            upcoming[depth + 1] = group[depth] + 1
            depth += 1
        elif found == most:
            return most + 1, groups
        else:
            groups[found] = group
            found += 1
    return found, groups


@compiled
def _weights(const: Any, linear: Any, groups: Any, size: int) -> Any:
    """Return the weights of groups [M, k] for which their sums are bounded best, 0 for other functions [M, C]."""
    out, weights = np.zeros((len(groups), len(const))), np.zeros(groups.shape[1])
    for number in range(len(groups)):
        _ruled_out(const, linear, groups[number], size, MORE_TURNS, weights, False)
        for member in range(len(weights)):
            out[number, groups[number, member]] = weights[member]
    return out


@compiled
def _ruled_out(const: Any, linear: Any, group: Any, size: int, turns: int, weights: Any, soon: bool) -> bool:
    """Return whether weights [K] are found for which the sum of a group of functions is below 0; `weights` gets the best.

    `soon` ends the search where it is seen that there are none.
    """
    functions, items = len(group), len(linear)
    now, total, slope = np.full(functions, 1 / functions), np.empty(items), np.empty(functions)
    least = np.inf
    for turn in range(turns):
        total[:] = 0
        for number in range(functions):
            for item in range(items):
                total[item] += now[number] * linear[item, group[number]]
        rounding = _best_sums(const, linear, group, size, total, slope) * ROUNDING
        bound, largest = (now * slope).sum(), np.abs(slope).max()
        if bound < least:
            least = bound
            weights[:functions] = now
        if bound < -rounding:
            return True
        if soon and slope.min() > 0:  # for this one set all are above 0: no weights will do
            return False
        now *= np.exp(-slope * (0.5 / (largest + 1e-300) / np.sqrt(1 + turn / 5)))
        now /= now.sum()
    return False


@compiled
def _best_sums(const: Any, linear: Any, group: Any, size: int, total: Any, slope: Any) -> float:
    """Note what a group of functions comes to for the items with the largest totals [H]; return how large their terms are."""
    items = len(total)
    last = np.partition(total, items - size)[items - size]
    level = size - (total > last).sum()  # so many of those that are level with the last
    largest = 0.0
    for number in range(len(group)):
        slope[number] = const[group[number]]
        largest = max(largest, abs(slope[number]))
    for item in range(items):
        taken = total[item] > last
        if total[item] == last and level > 0:
            taken, level = True, level - 1
        if taken:
            for number in range(len(group)):
                more = linear[item, group[number]]
                slope[number] += more
                largest = max(largest, abs(more))
    return largest * (size + 1)
