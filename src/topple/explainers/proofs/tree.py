"""A tree of sets of one size, built item by item: H items in an order of promise, C competitors."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from topple.explainers.proofs.second_order import differences
from topple.explainers.proofs.trees.functions import Functions
from topple.explainers.proofs.trees.together import groups_above
from topple.explainers.proofs.trees.walking import GROUP, Path, Promises, look, path_of, promises_of, reaches, walk
from topple.types import IntArray

if TYPE_CHECKING:
    from topple.explainers.proofs.branch_and_bound import Problem

SETS = 512
"""Sets that are handed out together at most."""
STEP = 20_000_000
"""Numbers that are worked on at a time, before somebody may look at the clock: some hundredths of a second."""
SUMS = 24
"""Groups of competitors of which sums are watched, at most; where more could be above 0 together, none is."""


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
        worth, bias = differences(problem.network, problem.pool, problem.target)
        functions = Functions.of(problem, order, worth, bias, problem.scale)
        away = functions.away(order, problem.position)
        functions = functions.kept_away(away)
        most, linear = functions.most(size), functions.linear
        able = most > 0
        if int(able.sum()) < problem.k:
            return None
        groups, sums = groups_above(functions.const[able], linear[:, able], problem.k, size, SUMS), None
        if groups is not None and len(groups):
            scale = problem.scale * groups.sum(1)
            sums = Functions.of(problem, order, groups @ worth[able], groups @ bias[able], scale)
            sums = sums.kept_away(away[:, able] @ groups.T)
            sums = sums.among(sums.most(size) > 0)
        if groups is not None and (sums is None or not len(sums.const)):
            return None
        rank = linear[:, most.topk(problem.k).indices].clamp(max=problem.scale).sum(-1)
        rank = rank.argsort(descending=True, stable=True)
        return cls.begun(functions.among(able), sums, rank, order, problem)

    @classmethod
    def begun(
        cls, functions: Functions, sums: Functions | None, rank: Tensor, order: Tensor, problem: "Problem"
    ) -> "Tree":
        """Return a tree at the beginning of its walk through the items in their order, as ranked.

        Args:
            functions: of the competitors.
            sums: of groups of them, one of which must be above 0; None where no sums are known.
            rank: the items in an order of promise [H].
            order: the position in the history of each item [H].
            problem: the problem.
        """
        watched = functions if sums is None else functions.beside(sums)
        const, alone, twice = watched.ranked(rank).promised()
        promises = promises_of(alone, twice, problem.k, 0 if sums is None else len(sums.const))
        path = path_of(promises, const)
        return cls(promises, path, order[rank], len(problem.removable), look(promises, path, 0, 0))

    @property
    def ended(self) -> bool:
        """Whether there is nothing left."""
        return bool(self.path.depth[0] < 0)

    def next_sets(self) -> IntArray:
        """Return some more sets, the ranks of their items [S, size]; none where a step of work has found none."""
        ranks = np.empty((SETS, len(self.promises.alone)), np.int64)
        found, worked = walk(self.promises, self.path, ranks, STEP)
        self.worked += worked
        return ranks[:found]

    def removals(self, sets: IntArray) -> Tensor:
        """Return sets [S, size] as removals, bool [S, H of the history]."""
        chosen = self.order[torch.from_numpy(sets).to(self.order.device)]
        none = torch.zeros(len(sets), self.length, dtype=torch.bool, device=self.order.device)
        return none.scatter(1, chosen, True)

    def most_hopeful(self, sets: IntArray, most: int) -> IntArray:
        """Return so many of the sets [S, size]: those whose bound of the k-th competitor is largest."""
        reach = reaches(self.promises, self.path.value[0], sets, self.promises.k % GROUP)
        return sets[np.argsort(-reach, kind="stable")[:most]]
