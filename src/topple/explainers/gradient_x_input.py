"""Gradient x input: the slope of the target's score in each item of the history."""

from typing import ClassVar

import torch

from topple.explainers.attribution import AttributionMethod, Attributions, AttributionSettings
from topple.explainers.search.engine import Engine
from topple.explainers.search.slopes import score_slopes
from topple.scoring.recommender import Capability
from topple.scoring.variations import unchanged


class GradientXInput(AttributionMethod):
    """Give each item the slope of the target's score in how much of it is kept, times how much is kept: all of it.

    One pass forward and one back a target. Of an additive model it is what each item adds; of a network it is the first-order
    estimate of leave-one-out, and says nothing of what saturates.
    Source: Shrikumar, Greenside, Shcherbina, Kundaje, "Not just a black box", 2016. Differs from it in: the input is the history's
    weights, and padding has none.
    Needs: differentiable.  Cost: one scored history, then one for each set that is tried.  Random: no.
    """

    name = "gradient-x-input"
    needs: ClassVar = frozenset({Capability.DIFFERENTIABLE})
    settings_type: ClassVar = AttributionSettings
    draws: ClassVar = False

    def attribute(self, engine: Engine) -> Attributions:
        """Return the slope of each target's score in each unit."""
        asked, histories = engine.open, engine.table.histories
        targets = engine.recommender.bind(histories, engine.table.target)
        keep = unchanged(histories).expand(-1, engine.table.target.shape[1], -1).contiguous()  # [B, T, H]
        _, _, slopes = score_slopes(engine, targets, keep, lambda score: score)
        return Attributions(slopes.masked_fill(~asked[..., None], torch.nan), noise=engine.tolerance)
