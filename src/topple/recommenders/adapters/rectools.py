"""Models of RecTools: EASE, PureSVD, its wrappers of implicit (item-item neighbours, ALS), and transformers."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from topple.errors import CapabilityError, RecommenderError
from topple.recommenders.adapters import implicit, rectools_transformers
from topple.recommenders.adapters.arrays.factors import FactorsOfItems
from topple.recommenders.adapters.arrays.item_weights import ItemWeights
from topple.recommenders.adapters.catalogues import catalogue_of, library, say_weighted
from topple.records.agreement import Shown
from topple.scoring.recommender import Recommender

WORKS = (
    "EASEModel, PureSVDModel, ImplicitItemKNNWrapperModel, ImplicitALSWrapperModel without features, and the transformers "
    "SASRecModel and BERT4RecModel"
)


def wrap(model: Any, items: Any = None, *, empty: float | Sequence[float] = 0.0) -> Recommender:
    """Return a fitted model of RecTools as a recommender.

    EASE, PureSVD and neighbours are additive. They and ALS use the weights of interactions: a history is asked with those of the
    dataset. ALS solves for the user's factors anew, where RecTools itself takes those of
    the training; the two agree where the training has converged. Transformers read the history in its order, oldest
    first, and use no weights.

    Args:
        model: fitted.
        items: the RecTools dataset that it was fitted on, or the external ids of its items in internal order; of a
            transformer, which knows them, in any order or None.
        empty: scores of the empty history, for transformers, which have none.

    Raises:
        CapabilityError: a model that has no scores for a changed history (BPR, LightFM, popularity, DSSM), that was fitted
            with features, or a transformer that reads times or other columns.
        RecommenderError: a model that is not fitted, or not of this library.
    """
    name = f"rectools:{type(model).__name__}"
    models = library("rectools.models", "rectools")
    if not isinstance(model, library("rectools.models.base", "rectools").ModelBase):
        raise RecommenderError(f"{name} is not a model of RecTools. Give {WORKS}.")
    if not model.is_fitted:
        raise RecommenderError(f"{name} is not fitted. Call its fit on a dataset first.")
    if rectools_transformers.is_transformer(model):
        return rectools_transformers.wrap(model, items, name, empty)
    ids = items
    if hasattr(items, "item_id_map"):
        ids = items.item_id_map.external_ids.tolist()
        say_weighted(name, items.interactions.df["weight"])
    if isinstance(model, models.EASEModel):
        # RecTools ranks by the row of the item that is scored, not by its column
        return ItemWeights(catalogue_of(ids, name, len(model.weight)), name, np.asarray(model.weight).T)
    if isinstance(model, models.PureSVDModel):
        return ItemWeights(catalogue_of(ids, name, len(model.item_factors)), name, _projection(model.item_factors))
    if isinstance(model, models.ImplicitItemKNNWrapperModel):
        return implicit.wrap(model.model, ids)
    if isinstance(model, models.ImplicitALSWrapperModel):
        factors = np.asarray(model.get_vectors()[1])
        if factors.shape[1] != model.model.factors:
            raise CapabilityError(
                f"{name} was fitted with features: its user factors do not follow from the history alone. What works: {WORKS}."
            )
        return FactorsOfItems(
            catalogue_of(ids, name, len(factors)), name, factors, model.model.regularization, model.model.alpha
        )
    raise CapabilityError(
        f"{name} has no scores for a history that has changed. What works: {WORKS}; for another model with a way to score a "
        "history, wrap it as 'callable'."
    )


def _projection(item_factors: Any) -> Any:
    """Return V V' [I, I], with V the right singular vectors; RecTools keeps them times their singular values."""
    factors = np.asarray(item_factors, dtype=np.float64)
    vectors = factors / np.maximum(np.linalg.norm(factors, axis=0), 1e-30)
    return vectors @ vectors.T


def lists_of_library(model: Any, items: Any, recommender: Recommender, users: int, k: int) -> list[Shown]:
    """Return the lists that RecTools itself recommends for the first users of the dataset; nothing without one, or for transformers."""
    if not hasattr(items, "item_id_map") or rectools_transformers.is_transformer(model):
        return []
    events, to_item = items.interactions.df, items.item_id_map.convert_to_external
    shown = []
    for number in np.unique(events["user_id"])[:users]:
        user = items.user_id_map.external_ids[number]
        rows = events[events["user_id"] == number]
        listed = model.recommend(users=[user], dataset=items, k=k, filter_viewed=True).sort_values("rank")["item_id"]
        history, weights = to_item(rows["item_id"]).tolist(), tuple(map(float, rows["weight"]))
        shown.append(Shown(tuple(history), tuple(listed.tolist()), str(user), () if set(weights) == {1.0} else weights))
    return shown
