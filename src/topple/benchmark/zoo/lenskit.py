"""Models of LensKit."""

from typing import Any

from topple.api.wrapping import wrap
from topple.benchmark.zoo.base import LAM, Effort, factors
from topple.benchmark.zoo.interactions import seen
from topple.data.splitting import Split
from topple.recommenders.adapters.catalogues import library
from topple.scoring.recommender import Recommender


def ease(split: Split, effort: Effort) -> Recommender:
    """Solve LensKit's EASE."""
    return _trained(library("lenskit.knn", "lenskit").EASEScorer(regularization=LAM), split)


def implicit_mf(split: Split, effort: Effort) -> Recommender:
    """Train LensKit's implicit ALS."""
    return _trained(library("lenskit.als", "lenskit").ImplicitMFScorer(embedding_size=factors(split, 50)), split)


def _trained(scorer: Any, split: Split) -> Recommender:
    users, items = seen(split.train)
    frame = library("pandas").DataFrame({"user_id": users, "item_id": items})
    pipeline = library("lenskit.pipeline", "lenskit").topn_pipeline(scorer)
    pipeline.train(library("lenskit.data", "lenskit").from_interactions_df(frame))
    return wrap(pipeline, "lenskit", split.catalogue)
