"""Estimators of scikit-learn that map history vectors to scores: reconstruction, or prediction with many outputs."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import CapabilityError, RecommenderError
from topple.recommenders.adapters.asking.black_box import BlackBox
from topple.recommenders.adapters.asking.variations import Variations
from topple.recommenders.adapters.catalogues import catalogue_of, library
from topple.scoring.recommender import Capability, Recommender
from topple.types import Id

Method: TypeAlias = Literal["reconstruct", "predict_proba", "predict"]
NEEDS: dict[str, tuple[str, ...]] = {
    "reconstruct": ("transform", "inverse_transform"),
    "predict_proba": ("predict_proba",),
    "predict": ("predict",),
}
ADDITIVE = {
    "reconstruct": ("decomposition:TruncatedSVD", "decomposition:PCA"),
    "predict": ("linear_model:LinearRegression", "linear_model:Ridge", "linear_model:RidgeCV"),
}
BY_BATCH = ("decomposition:NMF", "decomposition:MiniBatchNMF")
"""Their transform starts and stops by the whole batch, so they are asked for one history at a time."""


def wrap(
    model: Any,
    items: Catalogue | Vocabulary | Iterable[Id] | None = None,
    *,
    method: Method | None = None,
    sparse: bool = False,
    empty: float | Sequence[float] | None = None,
    at_once: int | None = None,
    uses_weights: bool = True,
) -> Recommender:
    """Return a fitted estimator as a recommender.

    TruncatedSVD, PCA and least squares are additive, so that smallest sets are proven. NMF is asked for one history at a
    time, because its answer depends on the batch.

    Args:
        model: fitted on history vectors [U, I]; with several outputs it predicts one column an item.
        items: the ids of the items in the order of the columns.
        method: "reconstruct" (transform, then inverse_transform), "predict_proba" (the chance of the last class of each
            output) or "predict"; None: the first that the estimator has.
        sparse: give it SciPy matrices and not arrays.
        empty: scores of the empty history, for an estimator that cannot take it.
        at_once: histories of a call at most.
        uses_weights: False for an estimator that was fitted on vectors of 0 and 1: it is asked so, whatever weights a history
            has.

    Raises:
        CapabilityError: the estimator has none of these methods.
        RecommenderError: it is not fitted, or its answer is not one number an item.
    """
    name = f"sklearn:{type(model).__name__}"
    base = library("sklearn.base", "sklearn")
    chosen: str | None = method or next((named for named in NEEDS if _has(model, named)), None)
    if not isinstance(model, base.BaseEstimator) or chosen is None or not _has(model, chosen):
        raise CapabilityError(
            f"{name} has no {f'method {method!r}' if method else 'scores for a history vector'}. What works: an estimator with "
            "transform and inverse_transform (TruncatedSVD, PCA, NMF), or one that predicts one output an item."
        )
    columns = getattr(model, "n_features_in_", None)
    if columns is None:
        raise RecommenderError(f"{name} is not fitted. Call its fit on history vectors [U, I] first.")
    asked = _ASK[chosen]
    return BlackBox(
        catalogue_of(items, name, int(columns)),
        name,
        lambda variations: asked(model, _rows(variations, model, sparse=sparse)),
        capabilities=frozenset({Capability.ADDITIVE} if _is(model, ADDITIVE.get(chosen, ())) else ()),
        empty=empty,
        at_once=at_once or (1 if _is(model, BY_BATCH) else None),
        uses_weights=uses_weights,
    )


def _has(model: Any, method: str) -> bool:
    return all(hasattr(model, needed) for needed in NEEDS[method])


def _is(model: Any, kinds: tuple[str, ...]) -> bool:
    """Say whether the estimator is of one of these classes itself: a class derived from one may do anything."""
    found = (kind.split(":") for kind in kinds)
    return any(type(model) is getattr(library(f"sklearn.{module}", "sklearn"), kind) for module, kind in found)


def _rows(variations: Variations, model: Any, *, sparse: bool) -> Any:
    """Return the histories in the precision that the estimator was fitted in; some take no other."""
    rows = variations.csr() if sparse else variations.dense().detach().numpy()
    return rows.astype(getattr(getattr(model, "components_", None), "dtype", np.float64), copy=False)


def _chances(model: Any, rows: Any) -> Any:
    """Return the chance of the last class: an array [N, I], or a list of one array [N, classes] an output."""
    chances = model.predict_proba(rows)
    return np.stack([named[:, -1] for named in chances], 1) if isinstance(chances, list) else chances


_ASK: dict[str, Callable[[Any, Any], Any]] = {
    "reconstruct": lambda model, rows: model.inverse_transform(model.transform(rows)),
    "predict_proba": _chances,
    "predict": lambda model, rows: model.predict(rows),
}
