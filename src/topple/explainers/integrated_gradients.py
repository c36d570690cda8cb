"""Integrated gradients: the slope of the target's score, averaged on the way from the empty history to the whole one."""

from typing import ClassVar

import torch
from pydantic import Field

from topple.explainers.attribution import AttributionMethod, Attributions, AttributionSettings
from topple.explainers.search.engine import Engine
from topple.explainers.search.slopes import score_slopes
from topple.scoring.recommender import Capability
from topple.scoring.variations import unchanged


class IntegratedGradientsSettings(AttributionSettings):
    """Settings of integrated gradients."""

    steps: int = Field(default=16, ge=2, le=10_000)
    """Points of the path at which the slope is taken, the middles of as many equal parts."""


class IntegratedGradients(AttributionMethod):
    """Give each item the slope of the target's score, averaged over histories of which a share from 0 to 1 is kept.

    The numbers of a history add up to the score less that of the empty history, as far as the steps resolve the path. Of an additive model
    they are what each item adds. A network that divides the history by the norm (Mult-VAE, Mult-DAE) sees the same history at every
    point of the path, so that there the numbers have the order of gradient x input. The error of a number is half the difference
    between every other point and the others.
    Source: Sundararajan, Taly, Yan, "Axiomatic attribution for deep networks", ICML 2017. Differs from it in: the baseline is the
    empty history; the middle of each part is taken.
    Needs: differentiable.  Cost: `steps` scored histories, then one for each set that is tried.  Random: no.
    """

    name = "integrated-gradients"
    needs: ClassVar = frozenset({Capability.DIFFERENTIABLE})
    settings_type: ClassVar = IntegratedGradientsSettings
    draws: ClassVar = False
    settings: IntegratedGradientsSettings

    def attribute(self, engine: Engine) -> Attributions:
        """Return the mean slope of each target's score in each unit, and how far two halves of the points disagree."""
        histories, steps = engine.table.histories, self.settings.steps
        targets = engine.recommender.bind(histories, engine.table.target)
        whole = unchanged(histories).expand(-1, engine.table.target.shape[1], -1)  # [B, T, H]
        halves = torch.zeros(2, *whole.shape, dtype=whole.dtype, device=whole.device)
        for step in range(steps):
            known = engine.open
            if not known.any():
                break
            _, _, slopes = score_slopes(engine, targets, whole * ((step + 0.5) / steps), lambda score: score)
            halves[step % 2] += slopes
        even, odd = halves[0] / -(-steps // 2), halves[1] / (steps // 2)
        values, errors = halves.sum(0) / steps, (even - odd).abs() / 2
        unknown = ~known[..., None]
        return Attributions(
            values.masked_fill(unknown, torch.nan), errors.masked_fill(unknown, torch.nan), engine.tolerance
        )
