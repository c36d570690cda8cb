"""Implicit-feedback ALS of any library: a user's factors follow from the history by one least-squares solution."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from topple.data.vocabulary import Catalogue
from topple.errors import RecommenderError
from topple.recommenders.families.least_squares import LeastSquares


class FactorsOfItems(LeastSquares):
    """The user's factors are solved for anew for each history, in float64.

    Args:
        catalogue: the items.
        name: what to call the model.
        item_factors: Y [I, D].
        regularization: reg.
        confidence: of an item of the history, 1 + alpha; an item outside it has 1.

    Raises:
        RecommenderError: factors that are not one finite row an item, or equations that cannot be solved.
    """

    def __init__(
        self, catalogue: Catalogue, name: str, item_factors: ArrayLike, regularization: float, confidence: float
    ) -> None:
        factors = np.array(item_factors)
        if factors.ndim != 2 or len(factors) != len(catalogue) or not np.isfinite(factors).all():
            raise RecommenderError(
                f"{name} has item factors of shape {factors.shape} for {len(catalogue):,} items, or some that are NaN or infinite. "
                "Train it anew, and give the ids of all items that it was trained on."
            )
        try:
            super().__init__(catalogue, torch.from_numpy(factors), confidence - 1, regularization)
        except RuntimeError as error:  # not positive definite
            raise RecommenderError(
                f"{name} has factors that leave a user undetermined with regularization={regularization:g}. Train it anew, with "
                "more."
            ) from error
        self.name = name  # type: ignore[misc]  # the object knows which model it wraps; its class does not
        about = torch.tensor([confidence, regularization], dtype=torch.float64)
        self._numbers = {"item_factors": self._factors, "fold_in": about}

    def _scoring_arrays(self) -> Mapping[str, Tensor]:
        return self._numbers
