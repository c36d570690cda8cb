"""A tree of sets of one size, walked depth first; compiled.

Everywhere here: H items, C competitors, sets of `size` items, made item by item in an order of promise. A partial set of q items
stands at depth q, and items are named by their rank in that order.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from topple.compiled import compiled
from topple.explainers.proofs.linear_relaxation import extreme_sums
from topple.explainers.proofs.second_order import quadratic

if TYPE_CHECKING:
    from topple.explainers.proofs.branch_and_bound import Problem

SETS = 512
"""Sets that are handed out together at most."""
STEP = 20_000_000
"""Numbers that are worked on at a time, before somebody may look at the clock: some hundredths of a second."""
SLACK = 1e-9
"""Relative rounding of a bound; what is not below zero by as much is not ruled out."""

Numbers = NDArray[np.float32]


class Promises(NamedTuple):
    """What items add to the functions of the competitors.

    Args:
        alone: what each item adds by itself, and by half of its pairs with q others at most, q = 0 to size - 1 [size, H, C].
        twice: what two items add as a pair [H, H, C].
        k: competitors that must be above 0.
    """

    alone: Numbers
    twice: Numbers
    k: int


class Path(NamedTuple):
    """Where a walk stands, changed in place.

    Args:
        depth: of the partial set that the walk stands at, -1 at the end [1].
        chosen: the items of the set [size].
        value: the functions of the set, and of the sets on the way there [size, C].
        pairs: what each item adds in pairs with the items of these sets [size, H, C].
        able: whether one that topples may come of each of these sets and one item more, bool [size, H].
        upcoming: the item that is to be added to each of them next [size].
        best: for the largest promises of the items behind [size, C].
    """

    depth: NDArray[np.int64]
    chosen: NDArray[np.int64]
    value: Numbers
    pairs: Numbers
    able: NDArray[np.bool_]
    upcoming: NDArray[np.int64]
    best: Numbers


@dataclass(eq=False)
class Tree:
    """Sets of one size of which a quadratic bound does not say that they cannot topple, a few at a time.

    Args:
        promises: of the items.
        path: where the walk stands.
        order: the position in the history of each item [H].
        length: of the history.
        worked: numbers that were worked on so far.
    """

    promises: Promises
    path: Path
    order: Tensor
    length: int
    worked: int

    @classmethod
    def of(cls, problem: "Problem") -> "Tree | None":
        """Bound the whole problem; None where that alone rules it out."""
        order, size = problem.removable.nonzero()[:, 0], problem.size
        bound = quadratic(problem.network, problem.stages, size, problem.pool, problem.target)
        pair = bound.pair[0]  # [C, H, H]
        pairs = pair.abs().sum((1, 2))
        const, single = stay_away(bound.const[0], bound.single[0], problem.position, problem.scale, pairs)
        single, pair = single[order], pair[:, order][:, :, order]
        half = torch.from_numpy(halves(pair.cpu().numpy(), size)).to(single)  # [size, H, C]
        linear = single + half[-1]
        most = const + extreme_sums(linear[None], torch.ones_like(order, dtype=torch.bool)[None], size)[0][0]
        able = most > 0
        if int(able.sum()) < problem.k:
            return None
        best = most.topk(problem.k).indices
        rank = linear[:, best].clamp(max=problem.scale).sum(-1).argsort(descending=True, stable=True)
        single, pair, half = single[rank][:, able], pair[able][:, rank][:, :, rank], half[:, rank][..., able]
        const = const[able] + rounding(const[able], single, pair, size)
        return cls.begun(const, single + half, pair.permute(1, 2, 0), order[rank], problem)

    @classmethod
    def begun(cls, const: Tensor, alone: Tensor, pair: Tensor, order: Tensor, problem: "Problem") -> "Tree":
        """Return a tree at the beginning of its walk; const [C], alone [size, H, C], pair [H, H, C]."""
        promises = Promises(_single(alone), _single(2 * pair), problem.k)
        path = path_of(promises, _single(const))
        return cls(promises, path, order, len(problem.removable), look(promises, path, 0, 0))

    @property
    def ended(self) -> bool:
        """Whether there is nothing left."""
        return bool(self.path.depth[0] < 0)

    def next_sets(self) -> Tensor:
        """Return some more sets, bool [S, H of the history]; none where a step of work has found none."""
        ranks = np.empty((SETS, len(self.promises.alone)), np.int64)
        found, worked = walk(self.promises, self.path, ranks, STEP)
        self.worked += worked
        chosen = self.order[torch.from_numpy(ranks[:found]).to(self.order.device)]
        none = torch.zeros(found, self.length, dtype=torch.bool, device=self.order.device)
        return none.scatter(1, chosen, True)


def stay_away(
    const: Tensor, coef: Tensor, position: Tensor, scale: float, pairs: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Allow for rounding, and let a competitor that stands in the history compete only in sets that remove it.

    Args:
        const: [C].
        coef: of the items [H, C].
        position: where each competitor stands in the history, -1 for one outside [C].
        scale: how large the scores of the history are.
        pairs: what pairs of items can add besides [C].
    """
    const = const + SLACK * (scale + const.abs() + coef.abs().amax(0))
    away = (
        2 * (const.abs() + coef.abs().sum(0) + (0 if pairs is None else pairs)) * (position >= 0)
    )  # more than all can add
    positions = torch.arange(len(coef), device=position.device)[:, None]
    return const - away, coef + away * (positions == position)


def rounding(const: Tensor, single: Tensor, pair: Tensor, size: int) -> Tensor:
    """Return by how much sums of a tree may be off in float32, for const [C], single [H, C], pair [C, H, H]; [C].

    No sum has more than (size + 4)^2 terms, and none comes to more than the largest of each kind together.
    """
    largest = const.abs() + size * single.abs().amax(0) + size * size * pair.abs().amax((1, 2))
    return (size + 4) ** 2 * 2.0**-23 * largest


def path_of(promises: Promises, const: Numbers) -> Path:
    """Return where a walk begins, with functions const [C]."""
    size, items, competitors = promises.alone.shape
    value, pairs, best = (
        np.zeros(shape, np.float32) for shape in ((size, competitors), (size, items, competitors), (size, competitors))
    )
    value[0] = const
    able = np.zeros((size, items), np.bool_)
    return Path(np.zeros(1, np.int64), np.zeros(size, np.int64), value, pairs, able, np.zeros(size, np.int64), best)


def _single(numbers: Tensor) -> Numbers:
    """Return numbers in float32, side by side in memory."""
    return np.ascontiguousarray(numbers.float().cpu().numpy())


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
    items, competitors = promises.twice.shape[1:]
    for number in range(competitors):
        gain = promises.alone[0, item, number] + path.pairs[depth, item, number]
        path.value[depth + 1, number] = path.value[depth, number] + gain
    for behind in range(item + 1, items):
        for number in range(competitors):
            more = promises.twice[item, behind, number]
            path.pairs[depth + 1, behind, number] = path.pairs[depth, behind, number] + more


@compiled
def look(promises: Any, path: Any, depth: int, first: int) -> int:
    """Note with which items, from the `first` on, the set at a depth could still be completed to one that topples.

    An item is added behind the last one only, so that each set is made once. With it, a competitor reaches at most the
    function so far, what the item adds to it (alone, and in pairs with the items before), half of what the item could add
    in pairs with the `rest` items still to come, and the largest such promises of as many items behind.

    Returns:
        how many numbers were worked on.
    """
    size, items, competitors = promises.alone.shape
    rest = size - depth - 1
    path.upcoming[depth] = first
    path.best[:] = -np.inf
    promise, behind = np.empty(competitors, np.float32), np.zeros(competitors, np.float32)
    for item in range(items - 1, first - 1, -1):
        above = 0
        for number in range(competitors):
            promise[number] = path.pairs[depth, item, number] + promises.alone[rest, item, number]
            reach = path.value[depth, number] + promise[number] + behind[number]
            above += 1 if reach > 0 else 0
        path.able[depth, item] = above >= promises.k and item + rest < items
        if rest:
            behind[:] = 0
        for turn in range(rest):
            for number in range(competitors):
                larger, smaller = path.best[turn, number], promise[number]
                if larger < smaller:
                    larger, smaller = smaller, larger
                path.best[turn, number] = larger
                promise[number] = smaller
                behind[number] += larger
    return int(items * competitors * (size - depth + 1))
