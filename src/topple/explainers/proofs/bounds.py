"""Which sizes of set are ruled out, without enumerating all sets: for feed-forward networks."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from topple.explainers.proofs.branch_and_bound import Outcome, Problem, Score, search, stay_away
from topple.explainers.proofs.linear_relaxation import Network, Relaxation, extreme_sums
from topple.explainers.search.engine import Engine
from topple.records.question import CandidateRule, Goal
from topple.scoring.ranking import lead
from topple.scoring.recommender import Capability
from topple.scoring.variations import HistoryBatch, without

BUDGET = 20_000
"""Work for one target by default, in scored histories."""
LEAVES = 1024
"""Sets that are scored at a time."""


@dataclass(eq=False)
class LowerBounds:
    """What is known about the sizes that topple B x T targets.

    Args:
        ruled_out: no set of 1, 2, ... this many items topples the target [B, T].
        removed: a set of one item more that does, if one was found on the way, bool [B, T, H]; else empty.
        work: what the searches cost, in scored histories [B, T].
    """

    ruled_out: Tensor
    removed: Tensor
    work: Tensor


def lower_bounds(engine: Engine, sizes: Tensor, budget: int = BUDGET) -> LowerBounds:
    """Rule out sizes below those of found sets, one size after the other, until one cannot be.

    Nothing is claimed for a recommender that does not show its layers, or that has a shape other than tanh layers with
    a linear one at the end, and nothing for histories with weights other than 1, for groups, or for goals other than
    `necessary`.
    Source: DESIGN's claim, by the bounds of `linear_relaxation` and `second_order`; what these leave open goes to
    `branch_and_bound`.
    Cost: counted by the engine.  Random: no.

    Args:
        engine: histories and targets.
        sizes: sizes of the found sets [B, T]; from there on no size is looked at. For a target without a found set, one
            more than the largest size to look at; 0 to leave it alone.
        budget: work for one target, in scored histories; 0 for the bound of the whole history alone.
    """
    grid = engine.grid
    out = LowerBounds(torch.zeros_like(sizes), torch.zeros_like(grid.removable), torch.zeros_like(sizes))
    network = network_of(engine)
    if network is None or engine.goal is not Goal.NECESSARY:
        return out
    weights = grid.histories.weights
    single = (grid.unit == torch.arange(weights.shape[1], device=weights.device)).all(1)
    plain = ((weights == 0) | (weights == 1)).all(1) & single
    for row in plain.nonzero()[:, 0].tolist():
        for slots in grid.alike(row, (engine.open[row] & (sizes[row] > 1)).nonzero()[:, 0]):
            open_, size = slots, 1
            while len(open_) and not engine.clock.late:
                ruled = _rule_out(engine, network, row, open_, size, budget, out)
                out.ruled_out[row, open_[ruled]] = size
                size += 1
                open_ = open_[ruled & (sizes[row, open_] > size)]
    return out


def network_of(engine: Engine) -> Network | None:
    """Return the recommender's network where bounds are known for it."""
    layers = getattr(engine.recommender, "layers", None)
    if Capability.FEED_FORWARD not in engine.recommender.capabilities or layers is None:
        return None
    return Network.of(layers())


def _rule_out(
    engine: Engine, network: Network, row: int, slots: Tensor, size: int, budget: int, out: LowerBounds
) -> Tensor:
    """Return for which slots of one history no set of one size topples; `out` takes the work and the sets found."""
    shrunk = Shrunk.of(engine, network, row, size)
    ruled = torch.ones_like(slots, dtype=torch.bool)
    for place, (slot, problem) in enumerate(zip(slots.tolist(), shrunk.problems(slots), strict=True)):
        if problem is None:
            continue
        left = 0 if engine.clock.late else budget - int(out.work[row, slot])
        most = (engine.meter.budget.scored or math.inf) - int(engine.cost[row, slot])
        ask = shrunk.scorer(problem)
        outcome = search(problem, ask, left, most) if min(left, most) > 0 else Outcome(False, None, 0, 0)
        out.work[row, slot] += outcome.work
        engine.cost[row, slot] += outcome.scored
        engine.meter.scored += outcome.scored
        ruled[place] = outcome.proven
        if outcome.found is not None:
            found = torch.zeros_like(out.removed[row, slot])
            found[: len(outcome.found)] = outcome.found
            its = slots.new_tensor([row]), slots.new_tensor([slot])
            if (engine.settle(*its, found[None]) > 0).all():
                out.removed[row, slot] = found
    return ruled


@dataclass(frozen=True, eq=False)
class Shrunk:
    """One history of which `size` items are removed, as the network's first units see it.

    The number of items that stay fixes the norm that the history is divided by, so the units' inputs are sums.

    Args:
        engine: the engine.
        network: its network.
        row: the history.
        size: how many of its items are removed.
        items: its items [H].
        start: the first units' inputs with nothing removed yet, but divided by the norm of what will stay [D].
        effect: what the removal of each item adds to them [H, D].
    """

    engine: Engine
    network: Network
    row: int
    size: int
    items: Tensor
    start: Tensor
    effect: Tensor

    @classmethod
    def of(cls, engine: Engine, network: Network, row: int, size: int) -> "Shrunk":
        """Gather the weight rows of the items."""
        histories = engine.grid.histories
        items = histories.items[row][histories.present[row]]
        rows, *rest = network.first.factors
        given = rows[items]
        for factor in rest:
            given = given @ factor
        given = given / math.sqrt(max(1, len(items) - size))
        return cls(engine, network, row, size, items, given.sum(0) + network.first.bias, -given)

    def problems(self, slots: Tensor) -> list[Problem | None]:
        """Return what is left to search for each slot; None where the bound of the whole history rules the size out."""
        grid = self.engine.grid
        removable = grid.removable[self.row, slots, : len(self.items)]
        enough = removable.sum(1) >= self.size
        if not enough.any():
            return [None] * len(slots)
        relaxation = Relaxation.over(
            self.network, self.start[None], self.effect[None], removable.any(0)[None], self.size
        )
        targets = grid.target[self.row, slots]
        pool = self._pool(relaxation.loose(targets[None])[0], targets)
        home = self._home(pool)
        bounds = relaxation.bounds(pool, targets[None])
        problems: list[Problem | None] = []
        for place, slot in enumerate(slots.tolist()):
            target, k = int(targets[place]), int(grid.k[self.row, slot])
            problem = None
            if enough[place]:
                const, coef = stay_away(bounds.const[0, place], bounds.coef[0] - bounds.own[0, :, place, None], home)
                most = const + extreme_sums(coef[None], removable[place][None], self.size)[0][0]
                able = (most > 0) & (pool != target)
                if int(able.sum()) >= k:
                    its = pool[able], home[able]
                    problem = Problem(
                        self.network, self.start, self.effect, removable[place], self.size, target, k, *its
                    )
            problems.append(problem)
        return problems

    def _pool(self, loose: Tensor, targets: Tensor) -> Tensor:
        """Return the items that could outrank any of the targets [T], from bounds of the catalogue [T, I]."""
        possible = loose > 0
        if self.engine.rule is CandidateRule.UNSEEN_BEFORE:
            possible[:, self.items] = False
        possible.scatter_(1, targets[:, None], False)
        return possible.any(0).nonzero()[:, 0]

    def _home(self, pool: Tensor) -> Tensor:
        """Return each item's place in the history, or -1."""
        same = pool[:, None] == self.items
        return torch.where(same.any(1), same.int().argmax(1), -1)

    def scorer(self, problem: Problem) -> Score:
        """Return a function from removals, bool [S, H], to the lead over the target among the problem's pool [S]."""
        histories = self.engine.grid.histories
        history = HistoryBatch(self.items[None], histories.weights[self.row][histories.present[self.row]][None])
        columns = torch.cat([problem.pool.new_tensor([problem.target]), problem.pool])
        bound = self.engine.recommender.bind(history, columns[None])
        inside = problem.home >= 0

        def score(removed: Tensor) -> Tensor:
            leads = []
            for part in torch.split(removed, LEAVES):
                with torch.no_grad():
                    scores = bound(without(history, part[None]))  # [1, S, 1 + C]
                stays = inside & ~part[:, problem.home.clamp(min=0)]
                scores[0, :, 1:].masked_fill_(stays, -torch.inf)
                place = torch.zeros_like(part[None, :, :1], dtype=torch.int64)
                leads.append(lead(scores, place, torch.full_like(place, problem.k))[0, :, 0])
            return torch.cat(leads)

        return score
