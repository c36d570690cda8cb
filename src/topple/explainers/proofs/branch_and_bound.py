"""Branch and bound over sets of one size: what a quadratic bound cannot rule out is scored."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from topple.explainers.proofs.linear_relaxation import Network, extreme_sums
from topple.explainers.proofs.second_order import Quadratic, Stage, quadratic
from topple.scoring.pace import go_on

STEP = 500_000
"""Numbers of one step of an expansion: the search goes first to the depth of as many sets, whatever memory there is."""
PER_SCORE = 4_000
"""Numbers of an expansion that take about as long as one scored history."""
SLACK = 1e-9
"""Relative rounding of a bound; what is not below zero by as much is not ruled out."""
Partial: TypeAlias = tuple[Tensor, Tensor]
"""M partial sets of q items, by rank in the order of a tree [M, q], and the competitors' functions so far [M, C]."""

Score: TypeAlias = Callable[[Tensor], Tensor]
"""Removals, bool [S, H], to how far each is past toppling [S]; above 0 it topples."""


@dataclass(frozen=True, eq=False)
class Problem:
    """Sets of one size for one history and one target, and who could take the target's place.

    Args:
        network: the network.
        stages: its layers around the mean of the sets, one node.
        removable: bool [H].
        size: items of a set.
        target: the target.
        k: how many of the pool must outrank the target: the length of the list, less the fillers that could tie with it.
        pool: competitors, without those fillers; none outside could outrank the target after any such set [C].
        position: where each competitor stands in the history, -1 for one outside [C].
        scale: how large the scores of the history are.
    """

    network: Network
    stages: Sequence[Stage]
    removable: Tensor
    size: int
    target: int
    k: int
    pool: Tensor
    position: Tensor
    scale: float


@dataclass(frozen=True, eq=False)
class Outcome:
    """How a search ended.

    Args:
        proven: no set of that size topples.
        found: a set that does, bool [H], if one was found.
        work: what it cost, in scored histories; a bound counts as many as take about its time.
        scored: histories that were scored.
    """

    proven: bool
    found: Tensor | None
    work: int
    scored: int


def search(
    problem: Problem,
    score: Score,
    budget: int,
    affordable: Callable[[int], bool] = lambda sets: True,
    leaf_work: int = 1,
) -> Outcome:
    """Prove that no set of the problem's size topples, or find one that does, or spend the budget.

    Sets are built item by item, and a partial set is dropped when, with its best completion for each competitor, fewer
    than k of them can outrank the target. What is left is scored.

    Raises:
        TimeIsUpError: there is a deadline, and it is over.

    Args:
        problem: the sets.
        score: how far sets are past toppling.
        budget: work at most, in scored histories.
        affordable: whether so many sets more may be scored.
        leaf_work: scored histories that a scored set counts for.
    """
    work, scored = 4 * (len(problem.removable) + len(problem.pool)), 0
    tree = Tree.of(problem)
    stack: list[Partial] = [] if tree is None else [(problem.pool.new_zeros(1, 0), tree.const[None])]
    while tree is not None and stack:
        go_on()
        chosen, value = tree.take(stack)
        work += 1 + value.numel() * len(tree.order) * (1 + problem.size - chosen.shape[1]) // PER_SCORE
        if work > budget:
            return Outcome(False, None, work, scored)
        chosen, value = tree.step(chosen, value)
        if len(chosen) and chosen.shape[1] < problem.size:
            stack.append((chosen, value))
        elif len(chosen):
            if not affordable(len(chosen)):
                return Outcome(False, None, work, scored)
            leaves = torch.zeros_like(problem.removable).repeat(len(chosen), 1).scatter(1, tree.order[chosen], True)
            work, scored = work + leaf_work * len(leaves), scored + len(leaves)
            leads = score(leaves)
            if (leads > 0).any():
                return Outcome(False, leaves[leads.argmax()], work, scored)
    return Outcome(True, None, work, scored)


@dataclass(frozen=True, eq=False)
class Tree:
    """Sets of `size` items in an order of promise, with the quadratic functions of the competitors that matter, in float32.

    Args:
        const: [C].
        single: [H, C].
        pair: [H, H, C].
        half: the largest sum of an item's pairs with q others, q = 0 to size - 1 [size, H, C].
        order: the position in the history of each of the H items.
        size: items of a set.
        k: competitors that must be above 0.
    """

    const: Tensor
    single: Tensor
    pair: Tensor
    half: Tensor
    order: Tensor
    size: int
    k: int

    @classmethod
    def of(cls, problem: Problem) -> "Tree | None":
        """Bound the whole problem; None where that alone rules it out."""
        free, size = problem.removable, problem.size
        bound = quadratic(problem.network, problem.stages, size, problem.pool, problem.target)
        const, single, pair = _competing(bound, problem)
        order = free.nonzero()[:, 0]
        single, pair = single[order], pair[order][:, order]
        half = _halves(pair, size)
        linear = single + half[-1]
        most = const + extreme_sums(linear[None], torch.ones_like(order, dtype=torch.bool)[None], size)[0][0]
        able = most > 0
        if int(able.sum()) < problem.k:
            return None
        best = most.topk(problem.k).indices
        rank = linear[:, best].clamp(max=problem.scale).sum(-1).argsort(descending=True, stable=True)
        single, pair, half = single[rank][:, able], pair[rank][:, rank][..., able], half[:, rank][..., able]
        const = const[able] + _rounding(const[able], single, pair, size)
        return cls(const.float(), single.float(), pair.contiguous(), half.float(), order[rank], size, problem.k)

    def take(self, stack: list[Partial]) -> Partial:
        """Take as many partial sets off the stack as may be worked on at a time."""
        chosen, value = stack.pop()
        few = max(1, STEP // self.single.numel())
        if len(chosen) > few:
            stack.append((chosen[few:], value[few:]))
        return chosen[:few], value[:few]

    def step(self, chosen: Tensor, value: Tensor) -> Partial:
        """Return the partial sets with one item more, those that could still be completed to one that topples.

        An item is added behind the last one only, so that each set is made once. With it, a competitor reaches at most the
        function so far, what the item adds to it (alone, and in pairs with the items before), half of what the item could add
        in pairs with the `rest` items still to come, and the largest such promises of as many items behind.

        Args:
            chosen: M partial sets of q items, by rank [M, q].
            value: the competitors' functions [M, C].
        """
        rest = self.size - chosen.shape[1] - 1
        pairs = self._pairs_with(chosen)  # [M, H, C]
        promise = pairs + (self.single + self.half[rest]) if rest else pairs + self.single
        reach = promise + value[:, None]
        if rest:
            reach += _largest_behind(promise, rest)
        possible = (reach > 0).sum(-1) >= self.k  # [M, H]
        if chosen.shape[1]:
            possible &= torch.arange(len(self.order), device=chosen.device) > chosen[:, -1:]
        parent, item = possible.nonzero(as_tuple=True)
        gain = self.single[item] + pairs[parent, item]
        return torch.cat([chosen[parent], item[:, None]], 1), value[parent] + gain

    def _pairs_with(self, chosen: Tensor) -> Tensor:
        """Return what each item adds in pairs with the items of the sets [M, q], once for each order of the two: [M, H, C]."""
        if not chosen.shape[1]:
            return torch.zeros_like(self.single)[None]
        sums = functional.embedding_bag(chosen, self.pair.flatten(1), mode="sum")  # one pass, and no table between
        return 2 * sums.reshape(len(chosen), *self.single.shape)


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


def _competing(bound: Quadratic, problem: Problem) -> tuple[Tensor, Tensor, Tensor]:
    """Return const [C], single [H, C] and pair [H, H, C] of one node, for the competitors of a problem."""
    pairs = bound.pair[0].abs().sum((0, 1))
    return *stay_away(bound.const[0], bound.single[0], problem.position, problem.scale, pairs), bound.pair[0]


def _rounding(const: Tensor, single: Tensor, pair: Tensor, size: int) -> Tensor:
    """Return by how much sums of a tree may be off in float32, for const [C], single [H, C], pair [H, H, C]; [C].

    No sum has more than (size + 4)^2 terms, and none comes to more than the largest of each kind together.
    """
    largest = const.abs() + size * single.abs().amax(0) + size * size * pair.abs().amax((0, 1))
    return (size + 4) ** 2 * 2.0**-23 * largest


def _halves(pair: Tensor, size: int) -> Tensor:
    """Return the largest sums of q values of pair [H, H, C] along its second dimension, its diagonal left out."""
    others = pair.masked_fill(torch.eye(len(pair), dtype=torch.bool, device=pair.device)[..., None], -torch.inf)
    out = [torch.zeros_like(pair[:, 0])]
    if size > 1:
        best = others.transpose(1, 2).topk(size - 1, -1).values
        out += list(best.cumsum(-1).unbind(-1))
    return torch.stack(out)


def _largest_behind(promise: Tensor, rest: int) -> Tensor:
    """Return the largest sum of `rest` values of promise [M, H, C] behind each rank; minus infinity where there are none."""
    out = torch.full_like(promise, -torch.inf)
    largest = [out[:, 0].clone() for _ in range(rest)]
    for rank in range(promise.shape[1] - 1, 0, -1):
        other = promise[:, rank]
        for turn in range(rest):
            largest[turn], other = torch.maximum(largest[turn], other), torch.minimum(largest[turn], other)
        out[:, rank - 1] = torch.stack(largest).sum(0) if rest > 1 else largest[0]
    return out
