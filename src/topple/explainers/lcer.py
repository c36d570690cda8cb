"""LCER as published: a mask over the history, learned with Gumbel-softmax."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from topple.explainers.base import Explainer, OnProgress, Proposals
from topple.explainers.search.grid import Grid
from topple.randomness import uniform
from topple.records.answer import Status
from topple.scoring.budget import Clock, Meter
from topple.scoring.encoding import EncodedQueries
from topple.scoring.ranking import unseen_scores
from topple.scoring.recommender import Capability, Recommender
from topple.scoring.variations import without
from topple.settings import Settings

HISTORIES_AT_ONCE = 16
STEPS_AT_ONCE = 50


class LcerSettings(Settings):
    """Settings of LCER; presets hold the published values of each data set."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "ml-100k": {"lam": 0.01, "alpha": 0.1},
        "ml-1m": {"lam": 0.02, "alpha": 0.04},
        "alishop": {"lam": 0.03, "alpha": 0.08},
        "epinions": {"lam": 0.01, "alpha": 0.1},
    }

    lam: float = Field(default=0.01, ge=0)
    """Price of each removed item."""
    alpha: float = Field(default=0.1, ge=0)
    """How far below the margin the target's score should fall."""
    steps: int = Field(default=3000, ge=1)
    """Gradient steps, each one scored history a query."""
    learning_rate: float = Field(default=1e-3, gt=0)
    temperature: float = Field(default=1.0, gt=0)
    """Of the Gumbel-softmax."""


class Lcer(Explainer):
    """Learn which items to remove, one mask a query; a query is found when the target's score is at or below a margin.

    The margin is the (k+1)-th score before the change, so a found set is not always true when re-ranked, and need not
    be minimal. The published code keeps two logits an item and draws Gumbel noise for both; only their difference
    matters, so one number an item is learned here, with logistic noise (the difference of two Gumbel draws) and twice
    the learning rate, which is the same algorithm. Parameters exist for the items of the history only.

    Source: Wen, Liu, Jing, Yu, "Learning-based counterfactual explanations for recommendation", Sci. China Inf. Sci.
    2024. Differs from its code in: draws are keyed by query, step and item, and the optimiser's state is each query's
    own, so a query's answer depends on no other; protected items stay.
    Needs: differentiable.  Cost: steps + 1 scored histories.  Random: seed of the query.
    """

    name = "lcer"
    needs: ClassVar = frozenset({Capability.DIFFERENTIABLE})
    settings_type = LcerSettings
    settings: LcerSettings

    def propose(
        self,
        recommender: Recommender,
        queries: EncodedQueries,
        on_progress: OnProgress | None = None,
        meter: Meter | None = None,
    ) -> Proposals:
        """Learn a mask for each query, the queries of a history side by side, in float64."""
        self.require(recommender)
        meter = meter or Meter()
        steps = min(self.settings.steps, (meter.budget.scored or self.settings.steps + 1) - 1)
        removed, cost = torch.zeros_like(queries.protected), torch.zeros_like(queries.k)
        found = torch.zeros_like(queries.k, dtype=torch.bool)
        for together in queries.histories.chunks(HISTORIES_AT_ONCE):
            mine = torch.isin(queries.row, together).nonzero()[:, 0]
            if not len(mine) or meter.over:
                continue
            grid = Grid.of(queries, mine)
            learning = _Learning(self.settings, recommender, grid, meter.begin(len(mine)))
            gone, success = learning.run(steps, on_progress)
            chosen = grid.members(grid.row, gone[grid.row, grid.slot])
            removed[mine, : chosen.shape[1]] = chosen
            found[mine] = (success & grid.allowed(gone))[grid.row, grid.slot] & chosen.any(1)
            cost[mine] = learning.done + 1
        whole = (cost > self.settings.steps).tolist()
        status = (
            Status.FOUND if is_found else Status.NOT_FOUND if all_steps else Status.BUDGET_SPENT
            for is_found, all_steps in zip(found.tolist(), whole, strict=True)
        )
        return Proposals(removed & found[:, None], tuple(status), cost)


@dataclass(eq=False)
class _Learning:
    """The masks of a grid of queries while they are learned.

    Args:
        settings: those of LCER.
        recommender: what is explained.
        grid: B histories with S targets each.
        clock: their time.
    """

    settings: LcerSettings
    recommender: Recommender
    grid: Grid
    clock: Clock
    done: int = 0

    def run(self, steps: int, on_progress: OnProgress | None) -> tuple[Tensor, Tensor]:
        """Return the removed units of the best sample [B, S, H] and whether its target fell to the margin [B, S]."""
        settings, grid = self.settings, self.grid
        margin = _margin(self.recommender, grid)
        scorer = self.recommender.bind(grid.histories, grid.target)
        items, rows = grid.histories.items[:, None], torch.arange(len(margin), device=margin.device)
        theta = _initial(grid, items)
        adam = torch.optim.Adam([theta], lr=2 * settings.learning_rate)
        price = settings.lam * grid.price
        best_loss = torch.full_like(margin, torch.inf)
        best_score, best_gone = best_loss.clone(), torch.zeros_like(grid.removable)
        for start in range(0, steps, STEPS_AT_ONCE):
            if self.clock.late:
                break
            at = range(start, min(start + STEPS_AT_ONCE, steps))
            for noise in _logistic(grid, items, at):
                chance = torch.sigmoid((theta + noise) / settings.temperature)
                gone = grid.removable & (chance < 0.5)
                keep = without(grid.histories, grid.members(rows, gone)).requires_grad_()
                score = scorer(keep).diagonal(dim1=1, dim2=2)
                shortfall = torch.relu(settings.alpha + score - margin)
                (slope,) = torch.autograd.grad(shortfall.sum(), keep)
                loss = shortfall.detach() + (gone * price).sum(-1)
                better = loss < best_loss
                best_loss = torch.where(better, loss, best_loss)
                best_score = torch.where(better, score.detach(), best_score)
                best_gone = torch.where(better[..., None], gone, best_gone)
                steep = (grid.by_unit(slope) - price) * chance * (1 - chance) / settings.temperature
                theta.grad = steep * grid.removable
                adam.step()
            self.done = at.stop
            self.clock.meter.scored += len(at) * grid.target.numel()
            if on_progress:
                on_progress(len(grid.row) * len(at) / steps)
        return best_gone, best_score <= margin


def _margin(recommender: Recommender, grid: Grid) -> Tensor:
    """Return the (k+1)-th score of the unchanged history for each query [B, S]."""
    best = torch.topk(unseen_scores(recommender, grid.histories), int(grid.k.max()) + 1).values
    return best.gather(1, grid.k)


def _initial(grid: Grid, items: Tensor) -> Tensor:
    """Return the difference of two uniform draws an item, before the first step [B, S, H]."""
    keep, remove = (uniform(grid.key[..., None], torch.tensor(step, device=items.device), items) for step in (-1, -2))
    return (keep - remove).to(grid.histories.weights.dtype)


def _logistic(grid: Grid, items: Tensor, steps: range) -> Tensor:
    """Return logistic noise for each step, query and item [T, B, S, H]."""
    step = torch.arange(steps.start, steps.stop, device=items.device)[:, None, None, None]
    return torch.logit(uniform(grid.key[..., None], step, items)).to(grid.histories.weights.dtype)
