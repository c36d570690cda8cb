"""Branch and bound over sets of one size: what a quadratic bound cannot rule out is scored."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from torch import Tensor

from topple.explainers.proofs.linear_relaxation import Network
from topple.explainers.proofs.second_order import Stage
from topple.explainers.proofs.tree import Tree
from topple.scoring.pace import go_on

PER_SCORE = 28_000
"""Numbers of an expansion that take about as long as one scored history."""
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
    while tree is not None and not tree.ended:
        go_on()
        if work + tree.worked // PER_SCORE > budget:
            return Outcome(False, None, work + tree.worked // PER_SCORE, scored)
        leaves = tree.next_sets()
        if len(leaves):
            if not affordable(len(leaves)):
                return Outcome(False, None, work + tree.worked // PER_SCORE, scored)
            work, scored = work + leaf_work * len(leaves), scored + len(leaves)
            leads = score(leaves)
            if (leads > 0).any():
                return Outcome(False, leaves[leads.argmax()], work + tree.worked // PER_SCORE, scored)
    return Outcome(True, None, work + (0 if tree is None else tree.worked // PER_SCORE), scored)
