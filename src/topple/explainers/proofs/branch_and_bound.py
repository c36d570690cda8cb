"""Branch and bound over sets of one size: what a quadratic bound cannot rule out is scored."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from torch import Tensor

from topple.explainers.proofs.linear_relaxation import Network
from topple.explainers.proofs.second_order import Stage
from topple.explainers.proofs.tree import SETS, Tree
from topple.scoring.pace import go_on
from topple.types import IntArray

PER_SCORE = 28_000
"""Numbers of an expansion that take about as long as one scored history."""
AT_ONCE = 512
"""Sets that are scored before the walk goes ahead: one that topples is often among the first."""
AHEAD = 32_768
"""Sets that a walk goes ahead of the scoring at most."""
HOPEFUL = 1_024
"""Sets that are scored, at most, of those ahead where the budget does not last for all."""
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
    left: Callable[[], float] = lambda: math.inf,
    leaf_work: int = 1,
    leaf_most: int = 1,
) -> Outcome:
    """Prove that no set of the problem's size topples, or find one that does, or spend the budget.

    Sets are built item by item, and a partial set is dropped when, with its best completion for each competitor, fewer
    than k of them can outrank the target. What is left is scored; where the budget does not last for all of it, some.

    Raises:
        TimeIsUpError: there is a deadline, and it is over.

    Args:
        problem: the sets.
        score: how far sets are past toppling.
        budget: work at most, in scored histories.
        left: how many histories may still be scored for the query.
        leaf_work: scored histories that a scored set counts for.
        leaf_most: scored histories that it takes at most.
    """
    walk, scored = _Walk(Tree.of(problem), 4 * (len(problem.removable) + len(problem.pool)), budget, left, leaf_work), 0
    for leaves in walk.removals():
        if left() < len(leaves) * leaf_most:
            return Outcome(False, None, walk.work, scored)
        scored += len(leaves)
        leads = score(leaves)
        if (leads > 0).any():
            return Outcome(False, leaves[leads.argmax()], walk.work, scored)
    return Outcome(walk.whole, None, walk.work, scored)


@dataclass(eq=False)
class _Walk:
    """The sets that a tree leaves open, in the order in which they are scored.

    To come upon a set takes a small part of the time of scoring it. So after the first sets the walk goes ahead: where the budget does
    not last for all that it comes upon, nothing can be proven, and only the sets that promise most are scored.

    Args:
        tree: the tree; None where nothing is left open.
        begun: what it cost to begin, in scored histories.
        budget: work at most, in scored histories.
        left: how many histories may still be scored for the query.
        leaf_work: scored histories that a set counts for.
        found: how many sets the walk has come upon.
        whole: whether these are all, and were handed out.
    """

    tree: Tree | None
    begun: int
    budget: int
    left: Callable[[], float]
    leaf_work: int
    found: int = 0
    whole: bool = False

    @property
    def work(self) -> int:
        """What the sets that the walk has come upon cost, in scored histories; a bound counts as many as take about its time."""
        return self.begun + self.leaf_work * self.found + (self.tree.worked // PER_SCORE if self.tree else 0)

    def removals(self) -> Iterator[Tensor]:
        """Yield some sets at a time, bool [S, H]."""
        tree, ahead = self.tree, list[IntArray]()
        while tree is not None and not tree.ended:
            go_on()
            held = sum(map(len, ahead))
            if self.work > self.budget or held > self.left():
                if held:
                    yield from _parts(tree, tree.most_hopeful(np.concatenate(ahead), HOPEFUL))
                return
            ahead.append(tree.next_sets())
            self.found += len(ahead[-1])
            if self.found <= AT_ONCE or held > AHEAD:
                yield from _parts(tree, np.concatenate(ahead))
                ahead.clear()
        if tree is not None and ahead:
            yield from _parts(tree, np.concatenate(ahead))
        self.whole = True


def _parts(tree: Tree, sets: IntArray) -> Iterator[Tensor]:
    """Yield sets [S, size] as removals, some at a time, bool [SETS or fewer, H]."""
    for start in range(0, len(sets), SETS):
        go_on()
        yield tree.removals(sets[start : start + SETS])
