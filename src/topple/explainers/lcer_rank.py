"""LCER aimed at the truth: the mask is learned against the k-th competitor after the change."""

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from topple.explainers.search.engine import Engine
from topple.explainers.search.explainer import SetSearch
from topple.explainers.search.growing import prune, settled
from topple.explainers.search.slopes import lead_slopes, spread_of
from topple.randomness import uniform
from topple.records.claims import Claims
from topple.scoring.recommender import Capability
from topple.settings import Settings


class LcerRankSettings(Settings):
    """Settings of LCER aimed at the rank."""

    lams: tuple[float, ...] = Field(default=(0.1, 0.04, 0.02, 0.01), min_length=1)
    """Prices of each removed item; each is tried, and the smallest set of them is kept, so the price is chosen by query."""
    alpha: float = Field(default=0.1, ge=0)
    """How far above the target the k-th competitor should rise, in units of the spread of the history's 100 best scores."""
    steps: int = Field(default=150, ge=1, le=1_000_000)
    learning_rate: float = Field(default=0.1, gt=0)
    hot: float = Field(default=1.0, gt=0)
    """Temperature of the first step; it falls geometrically."""
    cold: float = Field(default=0.3, gt=0)
    """Temperature of the last step."""


class LcerRank(SetSearch):
    """Learn which items to remove, the loss looking at the k-th competitor after the change; prune what is found.

    A restart for each price of a removed item; the smallest set that a sample of any of them topples the target with is
    settled by the full catalogue and pruned to minimal.
    Source: after Wen, Liu, Jing, Yu, Sci. China Inf. Sci. 2024. Differs from it in: the margin moves with the change,
    annealed temperature, restarts, verified and minimal.
    Needs: differentiable.  Cost: steps x prices, and the pruning.  Random: seed of the query.
    """

    name = "lcer-rank"
    needs: ClassVar = frozenset({Capability.DIFFERENTIABLE})
    settings_type: ClassVar = LcerRankSettings
    histories_at_once: ClassVar = 8
    settings: LcerRankSettings

    def search(self, engine: Engine) -> Claims:
        """Learn for the targets of an engine, and prune what is learned."""
        return engine.claims(prune(engine, self.learn(engine)))

    def learn(self, engine: Engine) -> Tensor:
        """Return the smallest set that any sample topples the target with, settled by the full catalogue, bool [B, T, H]."""
        settings, table = self.settings, engine.table
        lams = torch.tensor(settings.lams, dtype=table.histories.weights.dtype, device=table.query.device)
        removable = table.removable[:, :, None].expand(
            -1, -1, len(lams), -1
        )  # [B, T, L, H], a restart for each of L prices
        price = table.price[:, :, None]  # [B, T, 1, H]
        theta = torch.full(removable.shape, 1.0, dtype=lams.dtype, device=lams.device)
        adam = torch.optim.Adam([theta], lr=settings.learning_rate)
        cheapest = torch.full(removable.shape[:3], torch.inf, dtype=lams.dtype, device=lams.device)
        best = torch.zeros_like(removable)
        spread = spread_of(engine)
        for step in range(settings.steps):
            open_ = engine.open
            if not open_.any():
                break
            temperature = self._temperature(step)
            chance = torch.sigmoid((theta + _noise(engine, len(lams), step)) / temperature)
            gone = removable & (chance < 0.5)
            leads, slope = lead_slopes(engine, gone.flatten(1, 2), settings.alpha, len(lams), spread)
            leads, slope = leads.reshape(removable.shape[:3]), slope.reshape(removable.shape)
            cost = (gone * price).sum(-1).to(cheapest.dtype)
            better = open_[..., None] & (leads > 0) & (cost < cheapest)
            cheapest = torch.where(better, cost, cheapest)
            best = torch.where(better[..., None], gone, best)
            theta.grad = (slope - lams[:, None] * price) * chance * (1 - chance) / temperature * removable
            adam.step()
        cost, which = cheapest.min(-1)
        chosen = best.gather(2, which[..., None, None].expand(-1, -1, 1, best.shape[-1]))[:, :, 0]
        return settled(engine, chosen & (torch.isfinite(cost) & table.asked)[..., None])

    def _temperature(self, step: int) -> float:
        """Return the temperature of a step, which falls geometrically from hot to cold."""
        settings = self.settings
        cooled: float = (settings.cold / settings.hot) ** (step / max(1, settings.steps - 1))
        return settings.hot * cooled


def _noise(engine: Engine, restarts: int, step: int) -> Tensor:
    """Return logistic noise for one step, keyed by query, restart, step and item [B, T, L, H]."""
    table = engine.table
    restart = torch.arange(restarts, device=table.query.device)
    key = (table.key[..., None] + restart)[..., None]
    drawn = uniform(key, torch.tensor(step, device=key.device), table.histories.items[:, None, None])
    return torch.logit(drawn).to(table.histories.weights.dtype)
