"""Models of LensKit (2025 and newer): pipelines and scorers that take a query with a history."""

import logging
from collections.abc import Iterable
from typing import Any

import numpy as np

from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import CapabilityError, RecommenderError
from topple.recommenders.adapters.arrays.factors import FactorsOfItems
from topple.recommenders.adapters.arrays.item_weights import ItemWeights
from topple.recommenders.adapters.asking.black_box import BlackBox
from topple.recommenders.adapters.asking.variations import Variations
from topple.recommenders.adapters.catalogues import catalogue_of, library
from topple.records.agreement import Shown
from topple.scoring.recommender import Recommender
from topple.types import Id

logger = logging.getLogger(__name__)

WORKS = "EASEScorer, SLIMScorer, ImplicitMFScorer, and ItemKNNScorer or UserKNNScorer with feedback='implicit'"


def wrap(
    model: Any, items: Catalogue | Vocabulary | Iterable[Id] | None = None, *, scorer: str = "scorer"
) -> Recommender:
    """Return a trained pipeline or scorer of LensKit as a recommender.

    EASE and SLIM are additive; ImplicitMF solves for the user's factors anew, as it does for a query with a history (with
    `use_ratings`, the weights of the history are the ratings), and has a gradient; nearest neighbours are asked one query a
    history, and items without neighbours get 0. The others do not use ratings, nor weights.

    Args:
        model: a trained pipeline, or one of its scorers.
        items: the ids of the items; None for those that the scorer was trained on.
        scorer: the pipeline's component that scores.

    Raises:
        CapabilityError: a scorer that has no scores for a changed history, or that needs ratings.
        RecommenderError: a model that is not trained, or not of this library.
    """
    part = _scorer(model, scorer)
    name = f"lenskit:{type(part).__name__}"
    if not isinstance(part, library("lenskit.pipeline", "lenskit").Component):
        raise RecommenderError(f"{name} is not a scorer of LensKit. Give a pipeline with one of {WORKS}.")
    sums = _is(part, "knn.ease:EASEScorer", "knn.slim:SLIMScorer")
    factors = _is(part, "als._implicit:ImplicitMFScorer")
    neighbours = _is(part, "knn.item:ItemKNNScorer", "knn.user:UserKNNScorer") and not part.config.explicit
    if not (sums or factors or neighbours):
        raise CapabilityError(
            f"{name} has no scores for a history that has changed, or needs ratings, which a history here does not hold. What "
            f"works: {WORKS}; for another component that scores a history, wrap it as 'callable'."
        )
    if not hasattr(part, "items"):
        raise RecommenderError(f"{name} has not been trained: it knows no items. Train its pipeline first.")
    ids = part.items.ids()
    catalogue = catalogue_of(ids.tolist() if items is None else items, name, len(ids))
    if sums:
        return ItemWeights(catalogue, name, part.weights, uses_weights=False)  # of what was met together
    if factors:
        weight = part.config.weight
        confidence = (weight, 1.0) if part.config.use_ratings else (0.0, weight + 1.0)
        if part.config.use_ratings:
            logger.warning("%s uses ratings. Give the ratings of a history with its items, as weights.", name)
        return FactorsOfItems(catalogue, name, part.item_embeddings, part.config.user_reg, *confidence)
    recommender = BlackBox(catalogue, name, _Neighbours(part, ids), empty=0.0, missing=0.0, uses_weights=False)
    recommender.empty_by_rule = False  # type: ignore[misc] # a sum over no neighbours is 0
    return recommender


def lists_of_library(
    model: Any, items: Catalogue | Vocabulary | Iterable[Id] | None, recommender: Recommender, users: int, k: int
) -> list[Shown]:
    """Return the lists that a pipeline itself recommends for the first users that it was trained on; nothing for a scorer alone."""
    if items is not None:  # ids of a person's choice, which the pipeline does not know
        return []
    name = "history-lookup"
    if (
        not isinstance(model, library("lenskit.pipeline", "lenskit").Pipeline)
        or model.node(name, missing="none") is None
    ):
        return []
    interactions, shown = model.component(name).interactions, []
    weighted = isinstance(recommender, FactorsOfItems) and bool(
        getattr(_scorer(model, "scorer").config, "use_ratings", False)
    )
    for user in interactions.row_vocabulary.ids()[:users].tolist():
        history = model.run(name, query=user).user_items
        ratings = history.field("rating") if weighted else None
        listed = library("lenskit", "lenskit").recommend(model, user, k)
        weights = () if ratings is None else tuple(map(float, ratings))
        shown.append(Shown(tuple(history.ids().tolist()), tuple(listed.ids().tolist()), str(user), weights))
    return shown


class _Neighbours:
    """A scorer asked about the whole catalogue, one query a history."""

    def __init__(self, scorer: Any, ids: Any) -> None:
        data = library("lenskit.data", "lenskit")
        self._scorer, self._ids = scorer, ids
        self._query, self._list = data.RecQuery, data.ItemList
        self._all = data.ItemList(item_ids=ids)

    def __call__(self, asked: Variations) -> Any:
        scores = np.empty((len(asked), len(self._ids)), dtype=np.float32)
        kept = asked.here.cpu().numpy()
        for row, (items, stays) in enumerate(zip(asked.items.cpu().numpy(), kept, strict=True)):
            query = self._query(user_items=self._list(item_ids=self._ids[items[stays]]))
            scores[row] = self._scorer(query, self._all).scores()
        return scores


def _scorer(model: Any, name: str) -> Any:
    if not isinstance(model, library("lenskit.pipeline", "lenskit").Pipeline):
        return model
    if model.node(name, missing="none") is None:
        names = ", ".join(node.name for node in model.nodes())
        raise RecommenderError(f"the pipeline has no component {name!r}: {names}. Say which one scores with scorer=.")
    return model.component(name)


def _is(part: Any, *kinds: str) -> bool:
    found = (kind.split(":") for kind in kinds)
    return any(isinstance(part, getattr(library(f"lenskit.{module}", "lenskit"), kind)) for module, kind in found)
