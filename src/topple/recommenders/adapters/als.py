"""Implicit-feedback ALS of any library: a user's factors follow from the history by one least-squares solution."""

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from topple.data.vocabulary import Catalogue
from topple.recommenders.adapters.black_box import NUMBERS, BlackBox
from topple.recommenders.adapters.variations import Variations
from topple.recommenders.base import Capability, Recommender


def fold_in(
    catalogue: Catalogue, name: str, item_factors: ArrayLike, regularization: float, confidence: float
) -> Recommender:
    """Return the recommender that solves for the user's factors anew for each history, in float64.

    x = (Y'Y + reg I + sum (c - 1) y y')^-1 sum c y over the kept items, with c = confidence x base weight; scores are Y x.
    Source: Hu, Koren, Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008, equation 4. Differs
    from it in: nothing where items are kept or removed; a share of an item counts by that share, so there is a gradient.

    Args:
        catalogue: the items.
        name: what to call the model.
        item_factors: Y [I, D].
        regularization: reg.
        confidence: c of an item of base weight 1; an item outside the history has 1.
    """
    factors = torch.from_numpy(np.array(item_factors, dtype=np.float64))
    ridge = factors.T @ factors + regularization * torch.eye(factors.shape[1], dtype=torch.float64)

    def ask(asked: Variations) -> Tensor:
        rows = factors[asked.items]  # [N, H, D]
        keep, weight = asked.keep.double(), confidence * asked.base.double()
        keep = keep * (weight > 0)
        left = ridge + rows.mT @ (rows * (keep * (weight - 1))[..., None])  # [N, D, D]
        right = (rows * (keep * weight)[..., None]).sum(1)
        scores: Tensor = torch.linalg.solve(left, right) @ factors.T
        return scores

    return BlackBox(
        catalogue,
        name,
        ask,
        capabilities=frozenset({Capability.DIFFERENTIABLE}),
        at_once=max(1, NUMBERS // factors.shape[1] ** 2),
    )
