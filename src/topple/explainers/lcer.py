"""LCER as published: a mask over the history, learned with Gumbel-softmax."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from topple.explainers.search.engine import Engine
from topple.explainers.search.explainer import SetSearch
from topple.explainers.search.slopes import score_slopes
from topple.explainers.search.targets import TargetTable
from topple.randomness import uniform
from topple.records.claims import Claims
from topple.scoring.memory import rows_at_once
from topple.scoring.recommender import Capability
from topple.scoring.variations import without
from topple.settings import Settings

REPORTED = 50
"""Steps between two reports of progress; their noise is drawn at a time, where memory allows."""


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
    steps: int = Field(default=3000, ge=1, le=1_000_000)
    """Gradient steps, each one scored history a query."""
    learning_rate: float = Field(default=1e-3, gt=0)
    temperature: float = Field(default=1.0, gt=0)
    """Of the Gumbel-softmax."""


class Lcer(SetSearch):
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
    histories_at_once: ClassVar = 16
    settings: LcerSettings

    def search(self, engine: Engine) -> Claims:
        """Learn a mask for each target, those of a history side by side, in float64."""
        settings, table = self.settings, engine.table
        margin = engine.shortlist.best_scores.gather(1, table.k)  # [B, T], the (k+1)-th score of the unchanged history
        targets = engine.recommender.bind(table.histories, table.target)
        price = settings.lam * table.price  # [B, T, H]
        theta, rows = _initial(table), torch.arange(len(table.histories), device=table.query.device)
        adam = torch.optim.Adam([theta], lr=2 * settings.learning_rate)
        best_loss = torch.full_like(margin, torch.inf)
        best_score, best_gone = best_loss.clone(), torch.zeros_like(table.removable)
        for noise in self._noise(engine):
            chance = torch.sigmoid((theta + noise) / settings.temperature)
            gone = table.removable & (chance < 0.5)
            keep = without(table.histories, table.positions(rows, gone))
            score, shortfall, slope = score_slopes(
                engine, targets, keep, lambda score: torch.relu(settings.alpha + score - margin)
            )
            loss = shortfall + (gone * price).sum(-1)
            better = loss < best_loss
            best_loss, best_score = torch.where(better, loss, best_loss), torch.where(better, score, best_score)
            best_gone = torch.where(better[..., None], gone, best_gone)
            theta.grad = (slope - price) * chance * (1 - chance) / settings.temperature * table.removable
            adam.step()
        fell = (best_score <= margin)[..., None]
        return engine.claims(best_gone & fell, ended=engine.cost <= settings.steps)

    def _noise(self, engine: Engine) -> Iterator[Tensor]:
        """Yield the noise of each step [B, T, H], as long as the budget lasts; progress is reported on the way."""
        at_once = min(REPORTED, rows_at_once(engine.table.removable.numel()))
        for start in range(0, self.settings.steps, at_once):
            steps = range(start, min(start + at_once, self.settings.steps))
            for noise in _logistic(engine.table, steps) if engine.open.any() else ():
                if engine.open.any():
                    yield noise
            engine.report(steps.stop / self.settings.steps)


def _initial(table: TargetTable) -> Tensor:
    """Return the difference of two uniform draws an item, before the first step [B, T, H]."""
    items = table.histories.items[:, None]
    keep, remove = (uniform(table.key[..., None], torch.tensor(step, device=items.device), items) for step in (-1, -2))
    return (keep - remove).to(table.histories.weights.dtype)


def _logistic(table: TargetTable, steps: range) -> Tensor:
    """Return logistic noise for each step, target and item [steps, B, T, H]."""
    items = table.histories.items[:, None]
    step = torch.arange(steps.start, steps.stop, device=items.device)[:, None, None, None]
    return torch.logit(uniform(table.key[..., None], step, items)).to(table.histories.weights.dtype)
