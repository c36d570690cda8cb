"""Leave-one-out: how far the target's score falls when one item is removed."""

from typing import ClassVar

import torch

from topple.explainers.attribution import (
    AttributionMethod,
    Attributions,
    AttributionSettings,
    scores_without,
    unchanged_scores,
    units_of,
)
from topple.explainers.search.engine import Engine
from topple.scoring.recommender import Recommender


class LeaveOneOut(AttributionMethod):
    """Give each item the fall of the target's score without it.

    The plain yardstick that learned and gradient methods should be held against: exact for one item, and blind to what items do
    together, and to competitors. Of an additive model it is what each item adds.
    Source: influence by inference, as in Koh and Liang, ICML 2017, and Tran, Ghazimatin, Saha Roy, SIGIR 2021, without the
    approximation. Differs from it in: nothing is retrained.
    Needs: nothing.  Cost: the history once for each item, then one for each set that is tried.  Random: no.
    """

    name = "leave-one-out"
    settings_type: ClassVar = AttributionSettings
    draws: ClassVar = False

    def may_learn(self, recommender: Recommender) -> bool:
        """Return that the method asks for scores alone."""
        return False

    def attribute(self, engine: Engine) -> Attributions:
        """Return the fall of each target's score without each unit."""
        values = torch.full_like(engine.table.removable, torch.nan, dtype=engine.table.histories.weights.dtype)
        asked = engine.open  # before it is charged
        row, units = units_of(engine)
        if len(row):
            fall = unchanged_scores(engine)[row] - scores_without(engine, row, units)  # [M, T]
            values[row, :, units.int().argmax(1)] = fall
        return Attributions(values.masked_fill(~asked[..., None], torch.nan), noise=engine.tolerance)
