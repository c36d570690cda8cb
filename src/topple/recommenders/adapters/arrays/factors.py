"""Implicit-feedback ALS of any library: a user's factors follow from the history by one least-squares solution."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from topple.data.vocabulary import Catalogue
from topple.errors import ModelFolderError, RecommenderError
from topple.recommenders.adapters.arrays.named import WrappedSettings
from topple.recommenders.families.least_squares import LeastSquares
from topple.scoring.learned.arrays import fitting_arrays
from topple.scoring.variations import HistoryBatch
from topple.settings import Settings


class FactorsOfItems(LeastSquares):
    """The user's factors are solved for anew for each history, in float64.

    An item of weight w, a count or a rating, has the confidence `fixed` + `growth` w; where w is below 0 the confidence is that of
    -w, and the item is not preferred.

    Args:
        catalogue: the items.
        name: what to call the model.
        item_factors: Y [I, D].
        regularization: reg.
        growth: what the confidence of an item of the history grows by with each unit of weight.
        fixed: what it is besides; an item outside the history has confidence 1.

    Raises:
        RecommenderError: factors that are not one finite row an item, or equations that cannot be solved.
    """

    stored_as = "item-factors"
    settings_type: ClassVar[type[WrappedSettings]] = WrappedSettings

    def __init__(
        self,
        catalogue: Catalogue,
        name: str,
        item_factors: ArrayLike,
        regularization: float,
        growth: float,
        fixed: float = 0.0,
    ) -> None:
        factors = np.array(item_factors)
        if factors.ndim != 2 or len(factors) != len(catalogue) or not np.isfinite(factors).all():
            raise RecommenderError(
                f"{name} has item factors of shape {factors.shape} for {len(catalogue):,} items, or some that are NaN or infinite. "
                "Train it anew, and give the ids of all items that it was trained on."
            )
        try:
            super().__init__(catalogue, torch.from_numpy(factors), regularization)
        except RuntimeError as error:  # not positive definite
            raise RecommenderError(
                f"{name} has factors that leave a user undetermined with regularization={regularization:g}. Train it anew, with "
                "more."
            ) from error
        self.name = name  # type: ignore[misc]  # the object knows which model it wraps, the class does not
        self.uses_weights = growth != 0
        self.settings: WrappedSettings = WrappedSettings(name=name, uses_weights=self.uses_weights)
        self._growth, self._fixed = growth, fixed
        about = torch.tensor([growth, fixed, regularization], dtype=torch.float64)
        self._numbers = {"item_factors": self._factors, "fold_in": about}
        self.rounding = self.seen_rounding()

    def sides(self, histories: HistoryBatch) -> tuple[Tensor, Tensor]:
        """Return confidence - 1 and confidence, from the base weights."""
        weights, filled = histories.weights, histories.filled.to(histories.weights)
        confidence = filled * (self._fixed + self._growth * weights.abs())
        return confidence - filled, confidence * (weights >= 0)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], catalogue: Catalogue, settings: Settings | None = None) -> Self:
        """Build the model from `item_factors` [I, D], and `fold_in` [3]: growth, fixed, regularisation.

        Raises:
            ModelFolderError: an array is missing, does not fit the catalogue, or the equations cannot be solved with it.
        """
        name = cls.settings_type.checked(settings, cls.stored_as).name
        shapes = {"item_factors": (len(catalogue), None), "fold_in": (3,)}
        found = fitting_arrays(arrays, shapes, name, catalogue)
        growth, fixed, regularisation = found["fold_in"].tolist()
        try:
            return cls(catalogue, name, found["item_factors"], regularisation, growth, fixed)
        except RecommenderError as error:
            raise ModelFolderError(f"the arrays do not fit: {error}") from error

    def arrays(self) -> Mapping[str, Tensor]:
        """Return the items' factors, and what else the scores depend on."""
        return self._numbers
