"""Which sizes of set are ruled out, without enumerating all sets: for feed-forward networks."""

import math
from dataclasses import dataclass
from functools import partial
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from topple.explainers.proofs.branch_and_bound import Outcome, Problem, search
from topple.explainers.proofs.fillers import Asked, possible_fillers
from topple.explainers.proofs.leaves import Leaves
from topple.explainers.proofs.linear_relaxation import Network, Relaxation, extreme_sums
from topple.explainers.proofs.second_order import Stage, stages
from topple.explainers.proofs.trees.functions import stay_away
from topple.explainers.proofs.trees.together import none_above
from topple.explainers.search.engine import Engine
from topple.records.claims import Claims
from topple.records.question import CandidateRule, Goal
from topple.scoring.memo import Lock, Memo
from topple.scoring.memory import may_hold
from topple.scoring.pace import TimeIsUpError, go_on
from topple.scoring.recommender import Capability, Recommender

_NETWORKS: WeakKeyDictionary[Recommender, Memo[Network | None]] = WeakKeyDictionary()
_LOCK = Lock()


def lower_bounds(engine: Engine, sizes: Tensor, budget: int) -> Claims:
    """Rule out sizes below those of found sets, one size after the other, until one cannot be.

    Nothing is claimed for a recommender that does not show its layers, or that has a shape other than tanh layers with
    a linear one at the end, and nothing for histories with weights other than 1, for groups, or for the goal `sufficient`.
    A set that is to be necessary and sufficient is not smaller than one that is to be necessary alone.
    Of f items that may tie with a target for want of evidence, each is as good as one that outranks it: k - f others must.
    Where f is k or more, nothing is claimed.
    Source: the bounds of `linear_relaxation` and `second_order`; what these leave open goes to `branch_and_bound`.
    Cost: counted by the engine.  Random: no.

    Args:
        engine: histories and targets.
        sizes: how many sizes, 1, 2, ..., to rule out [B, T]; 0 to leave a target alone.
        budget: work for one target, in scored histories; 0 for the bound of the whole history alone.

    Returns:
        What is proven, and sets that were found on the way: of one unit more than is ruled out.
    """
    table = engine.table
    bounding = _Bounding(engine, budget, torch.zeros_like(sizes), torch.zeros_like(table.removable))
    go_on()
    ruled_out, network = torch.zeros_like(sizes), network_of(engine)
    if network is not None and engine.goal is not Goal.SUFFICIENT:
        for row in _plain_histories(engine).nonzero()[:, 0].tolist():
            for columns in table.with_equal_choices(row, (engine.open[row] & (sizes[row] > 0)).nonzero()[:, 0]):
                open_, size = columns, 1
                while len(open_) and not engine.account.late:
                    try:
                        open_ = open_[bounding.rule_out(network, row, open_, size)]
                    except TimeIsUpError:
                        break
                    ruled_out[row, open_] = size
                    size += 1
                    open_ = open_[sizes[row, open_] >= size]
    return engine.claims(bounding.found, table.least_cost(ruled_out + 1))


def network_of(engine: Engine) -> Network | None:
    """Return the recommender's network where bounds are known for it; a network that memory lasts for is kept for the next time."""
    recommender = engine.recommender
    layers = getattr(recommender, "layers", None)
    if Capability.FEED_FORWARD not in recommender.capabilities or layers is None:
        return None
    version, shown = recommender.learned_version(), layers()
    if not version or not may_hold(sum(layer.weight.numel() for layer in shown)):
        return Network.of(shown)
    with _LOCK:
        network = _NETWORKS.setdefault(recommender, Memo())
    return network.get(version, lambda: Network.of(shown))


def _plain_histories(engine: Engine) -> Tensor:
    """Return the histories without groups, and without weights other than 1 that count, bool [B]."""
    unit, weights = engine.table.unit, engine.recommender.weighed(engine.table.histories).weights
    single = (unit == torch.arange(weights.shape[1], device=weights.device)).all(1)
    items = engine.table.histories.items.masked_fill(~engine.table.histories.filled, -1).sort(1).values  # [B, H]
    again = ((items[:, 1:] == items[:, :-1]) & (items[:, 1:] >= 0)).any(1)
    return ((weights == 0) | (weights == 1)).all(1) & single & ~again


@dataclass(frozen=True, eq=False)
class _Bounding:
    """What the searches of an engine's targets have cost, and have found; filled in place.

    Args:
        engine: the engine.
        budget: work for one target, in scored histories.
        work: what the searches have cost, in scored histories [B, T]; a bound counts as many as take about its time.
        found: sets that were found on the way, bool [B, T, H].
    """

    engine: Engine
    budget: int
    work: Tensor
    found: Tensor

    def rule_out(self, network: Network, row: int, columns: Tensor, size: int) -> Tensor:
        """Return for which columns of one history no set of one size topples, bool [columns]."""
        shrunk = Shrunk.of(self.engine, network, row, size)
        ruled = torch.ones_like(columns, dtype=torch.bool)
        for number, (column, problem) in enumerate(zip(columns.tolist(), shrunk.problems(columns), strict=True)):
            if problem is not None:
                outcome = self._search(shrunk, problem, row, column)
                ruled[number] = outcome.proven
                if outcome.found is not None:
                    self._keep(outcome.found, row, column)
        return ruled

    def _search(self, shrunk: "Shrunk", problem: Problem, row: int, column: int) -> Outcome:
        """Search one target's sets with what is left of the budgets."""
        engine = self.engine
        left = 0 if engine.account.late else self.budget - int(self.work[row, column])
        query = int(engine.table.query[row, column])
        if problem.k < 1 or left <= 0 or engine.account.left(query) <= 0:
            return Outcome(False, None, 0, 0)
        leaves = Leaves(engine, row, column, shrunk.items, shrunk.start, shrunk.effect, problem)
        affordable = partial(engine.account.left, query)
        outcome = search(problem, leaves.score, left, affordable, leaves.work, leaves.most)
        self.work[row, column] += outcome.work
        return outcome

    def _keep(self, found: Tensor, row: int, column: int) -> None:
        """Keep a set of one target if the full catalogue confirms it."""
        padded = torch.zeros_like(self.found[row, column])
        padded[: len(found)] = found
        at = padded.new_tensor([row], dtype=torch.int64), padded.new_tensor([column], dtype=torch.int64)
        if (self.engine.settle(*at, padded[None]) > 0).all():
            self.found[row, column] = padded


@dataclass(frozen=True, eq=False)
class Shrunk:
    """One history of which `size` items are removed, as the network's first units see it.

    The number of items that stay fixes the norm that the history is divided by, so the units' inputs are sums.

    Args:
        engine: the engine.
        network: the network of the engine's recommender.
        row: the history.
        size: how many of the items are removed.
        items: the items of the history [H].
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
        histories = engine.table.histories
        items = histories.items[row][histories.present[row]]
        rows, *rest = network.first.factors
        given = rows[items]
        for factor in rest:
            given = given @ factor
        given = given / math.sqrt(max(1, len(items) - size))
        return cls(engine, network, row, size, items, given.sum(0) + network.first.bias, -given)

    def problems(self, columns: Tensor) -> list[Problem | None]:
        """Return what is left to search for each column; None where the bound of the whole history rules the size out."""
        table = self.engine.table
        removable = table.removable[self.row, columns, : len(self.items)]  # [T, H]
        enough = removable.sum(1) >= self.size
        if not enough.any():
            return [None] * len(columns)
        any_free = removable.any(0)
        relaxation = Relaxation.over(self.network, self.start[None], self.effect[None], any_free[None], self.size)
        targets, scale, competing = table.target[self.row, columns], self._scale(), self._competing()
        go_on()
        pool = self._pool(relaxation, targets, competing, scale)
        position = self._position(pool)
        go_on()
        bounds = relaxation.bounds(pool, targets[None])
        tolerance = self.engine.tolerance[self.row, columns]
        asked = Asked(targets, tolerance, competing, any_free, self.size, scale)
        go_on()
        fillers = possible_fillers(self.engine.ranking, asked, relaxation)
        needed = table.k[self.row, columns] - fillers.sum(1)  # each filler may be as good as one that outranks
        around: list[Stage] | None = None  # the same for all targets: they may name the same items
        problems: list[Problem | None] = []
        for number, (target, k) in enumerate(zip(targets.tolist(), needed.tolist(), strict=True)):
            coef = bounds.coef[0] - bounds.target_coef[0, :, number, None]  # [H, C]
            const, coef = stay_away(bounds.const[0, number], coef, position, scale)
            problem, free = None, removable[number]
            if enough[number]:
                most = const + extreme_sums(coef[None], free[None], self.size)[0][0]
                able = (most > 0) & (pool != target) & ~fillers[number, pool]
                if int(able.sum()) >= k and not none_above(const[able], coef[free][:, able], k, self.size):
                    around = around or stages(self.network, self.start[None], self.effect, free[None], self.size)
                    competitors = pool[able], position[able]
                    problem = Problem(self.network, around, free, self.size, target, k, *competitors, scale)
            problems.append(problem)
        return problems

    def _scale(self) -> float:
        """Return how large the best scores of the unchanged history are, whatever the sign."""
        scores = self.engine.shortlist.best_scores[self.row]
        return float(scores.abs().masked_fill(scores.isinf(), 0).max())

    def _competing(self) -> Tensor:
        """Return the items that compete after a removal or could do so, bool [I]."""
        histories = self.engine.table.histories
        competing = torch.ones(len(self.engine.recommender.catalogue), dtype=torch.bool, device=self.items.device)
        if histories.filters is not None and histories.filter_of is not None:
            competing &= histories.filters[histories.filter_of[self.row]]
        if self.engine.rule is CandidateRule.UNSEEN_BEFORE:
            competing[self.items] = False
        return competing

    def _pool(self, relaxation: Relaxation, targets: Tensor, competing: Tensor, scale: float) -> Tensor:
        """Return the competing items, bool [I], that could outrank any of the targets [T]."""
        items = competing.nonzero()[:, 0]
        possible = (relaxation.loose(targets[None], items, scale)[0] > 0) & (items != targets[:, None])  # [T, C]
        return items[possible.any(0)]

    def _position(self, pool: Tensor) -> Tensor:
        """Return the position of each item in the history, or -1."""
        if self.engine.rule is CandidateRule.ALL:  # an item competes whether it is in the history or not
            return torch.full_like(pool, -1)
        same = pool[:, None] == self.items
        return torch.where(same.any(1), same.int().argmax(1), -1)
