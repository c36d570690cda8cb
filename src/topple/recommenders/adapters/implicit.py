"""Models of the library implicit: ALS, and item-item neighbours (cosine, TF-IDF, BM25)."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import CapabilityError, RecommenderError
from topple.recommenders.adapters.arrays.factors import FactorsOfItems
from topple.recommenders.adapters.arrays.item_weights import ItemWeights
from topple.recommenders.adapters.catalogues import catalogue_of, library
from topple.records.agreement import Shown
from topple.scoring.findings.probe import drawn_histories
from topple.scoring.recommender import Recommender
from topple.types import Id

WORKS = (
    "AlternatingLeastSquares on the CPU (of a GPU model, its to_cpu()) and the item-item models (Cosine, TFIDF, BM25)"
)


def wrap(model: Any, items: Catalogue | Vocabulary | Iterable[Id] | None = None) -> Recommender:
    """Return a trained model of implicit as a recommender.

    ALS is asked as `recommend(..., recalculate_user=True)` does it, in float64; it has a gradient. Item-item models are
    additive, so that smallest sets are proven. A model that was trained on counts or confidences is asked with these as the
    weights of the history: with weights of 1 the lists are those of somebody who met each item once.

    Args:
        model: trained.
        items: the ids of the items in the order of the columns of the matrix that the model was trained on.

    Raises:
        CapabilityError: a model that has no scores for a changed history (BPR, logistic matrix factorisation).
        RecommenderError: a model that is not trained, or not of this library.
    """
    name = f"implicit:{type(model).__name__}"
    if isinstance(model, library("implicit.nearest_neighbours", "implicit").ItemItemRecommender):
        if model.similarity is None:
            raise RecommenderError(f"{name} is not trained: it has no similarities. Call its fit first.")
        return ItemWeights(catalogue_of(items, name, model.similarity.shape[0]), name, model.similarity)
    if isinstance(model, library("implicit.cpu.als", "implicit").AlternatingLeastSquares):
        if model.item_factors is None:
            raise RecommenderError(f"{name} is not trained: it has no factors. Call its fit first.")
        catalogue = catalogue_of(items, name, model.item_factors.shape[0])
        return FactorsOfItems(catalogue, name, model.item_factors, model.regularization, model.alpha)
    if isinstance(model, library("implicit.recommender_base", "implicit").RecommenderBase):
        raise CapabilityError(
            f"{name} learns factors for each user in training and has none for a history that has changed: nothing can be "
            f"removed from it. What works: {WORKS}; for another model with a way to score a history, wrap it as 'callable'."
        )
    raise RecommenderError(f"{name} is not a model of implicit. Give {WORKS}.")


def lists_of_library(
    model: Any, items: Catalogue | Vocabulary | Iterable[Id] | None, recommender: Recommender, users: int, k: int
) -> list[Shown]:
    """Return the lists that implicit itself recommends for drawn histories; a model does not keep those that it was trained on."""
    decode, shown = recommender.catalogue.vocabulary.decode, []
    count = len(recommender.catalogue)
    for drawn in drawn_histories(count)[:users]:
        history = np.sort(drawn[: max(1, count // 3)])  # so short that a list can be filled
        row = csr_matrix((np.ones(len(history), np.float32), ([0] * len(history), history)), shape=(1, count))
        solves = {"recalculate_user": True} if isinstance(recommender, FactorsOfItems) else {}
        listed, _ = model.recommend(0, row, N=k, filter_already_liked_items=True, **solves)
        shown.append(Shown(decode(history), decode(listed[listed >= 0].astype(np.int64))))
    return shown
