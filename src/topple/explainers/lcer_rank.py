"""LCER aimed at the truth: the mask is learned against the k-th competitor after the change."""

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from topple.explainers.base import Explainer, OnProgress, Proposals
from topple.explainers.search.by_history import Answers, propose_by_history
from topple.explainers.search.engine import Engine
from topple.explainers.search.subset_search import Found, prune, settled
from topple.randomness import uniform
from topple.scoring.budget import Meter
from topple.scoring.encoding import EncodedQueries
from topple.scoring.recommender import Capability, Recommender
from topple.settings import Settings

HISTORIES_AT_ONCE = 8


class LcerRankSettings(Settings):
    """Settings of LCER aimed at the rank."""

    lams: tuple[float, ...] = Field(default=(0.05, 0.02, 0.01, 0.005), min_length=1)
    """Prices of each removed item; each is tried, and the smallest set of them is kept, so the price is chosen by query."""
    alpha: float = Field(default=0.05, ge=0)
    """How far above the target the k-th competitor should rise."""
    steps: int = Field(default=150, ge=1)
    learning_rate: float = Field(default=0.1, gt=0)
    hot: float = Field(default=1.0, gt=0)
    """Temperature of the first step; it falls geometrically."""
    cold: float = Field(default=0.3, gt=0)
    """Temperature of the last step."""


class LcerRank(Explainer):
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
    settings: LcerRankSettings

    def propose(
        self,
        recommender: Recommender,
        queries: EncodedQueries,
        on_progress: OnProgress | None = None,
        meter: Meter | None = None,
    ) -> Proposals:
        """Learn for all queries, those of a history together."""
        self.require(recommender)

        def search(engine: Engine) -> Answers:
            return Answers(prune(engine, self.learn(engine)).removed)

        return propose_by_history(recommender, queries, HISTORIES_AT_ONCE, search, on_progress, meter)

    def learn(self, engine: Engine) -> Found:
        """Return the smallest set that any sample topples its target with, settled by the full catalogue."""
        settings, grid = self.settings, engine.grid
        price = grid.price[:, :, None]  # [B, T, 1, H]
        lams = torch.tensor(settings.lams, dtype=grid.histories.weights.dtype, device=grid.key.device)
        removable = grid.removable[:, :, None].expand(-1, -1, len(lams), -1)  # [B, T, L, H]
        theta = torch.full(removable.shape, 1.0, dtype=lams.dtype, device=lams.device)
        adam = torch.optim.Adam([theta], lr=settings.learning_rate)
        fewest = torch.full(removable.shape[:3], torch.inf, dtype=lams.dtype, device=lams.device)
        best = torch.zeros_like(removable)
        for step in range(settings.steps):
            cooled = (settings.cold / settings.hot) ** (step / max(1, settings.steps - 1))
            temperature = settings.hot * cooled
            chance = torch.sigmoid((theta + _noise(engine, len(lams), step)) / temperature)
            gone = removable & (chance < 0.5)
            open_ = engine.open
            if not open_.any():
                break
            leads, slope = engine.slopes(gone.flatten(1, 2), settings.alpha, len(lams))
            leads, slope = leads.reshape(removable.shape[:3]), slope.reshape(removable.shape)
            cost = (gone * price).sum(-1).to(fewest.dtype)
            smaller = open_[..., None] & (leads > 0) & (cost < fewest)
            fewest = torch.where(smaller, cost, fewest)
            best = torch.where(smaller[..., None], gone, best)
            theta.grad = (slope - lams[:, None] * price) * chance * (1 - chance) / temperature * removable
            adam.step()
            engine.cost += open_ * len(lams)
        size, which = fewest.min(-1)
        chosen = best.gather(2, which[..., None, None].expand(-1, -1, 1, best.shape[-1]))[:, :, 0]
        return settled(engine, Found(chosen, torch.isfinite(size) & grid.asked))


def _noise(engine: Engine, restarts: int, step: int) -> Tensor:
    """Return logistic noise for one step, keyed by query, restart, step and item [B, T, L, H]."""
    grid = engine.grid
    restart = torch.arange(restarts, device=grid.key.device)
    key = (grid.key[..., None] + restart)[..., None]
    drawn = uniform(key, torch.tensor(step, device=key.device), grid.histories.items[:, None, None])
    return torch.logit(drawn).to(grid.histories.weights.dtype)
