"""Models of implicit."""

from typing import Any

from topple.api.wrapping import wrap
from topple.benchmark.zoo.base import Effort, factors
from topple.data.splitting import Split
from topple.recommenders.adapters.catalogues import library
from topple.scoring.recommender import Recommender


def als(split: Split, effort: Effort) -> Recommender:
    """Train implicit's ALS."""
    return trained(library("implicit.als", "implicit").AlternatingLeastSquares(**als_settings(split, effort)), split)


def als_settings(split: Split, effort: Effort) -> dict[str, Any]:
    """Return settings that come to those of the native ALS, which adds its alpha to 1."""
    settings = {"factors": factors(split, 64), "alpha": 11.0, "regularization": 40.0, "num_threads": 1}
    return {**settings, "random_state": effort.seed}


def cosine(split: Split, effort: Effort) -> Recommender:
    """Find nearest neighbours of implicit by cosine."""
    return trained(library("implicit.nearest_neighbours", "implicit").CosineRecommender(K=100, num_threads=1), split)


def trained(model: Any, split: Split) -> Recommender:
    """Train a model of implicit on a split and wrap it."""
    model.fit(split.train, show_progress=False)
    return wrap(model, "implicit", split.catalogue)
