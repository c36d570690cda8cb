"""Models of Cornac: EASE, autoencoders over the history (VAECF, RecVAE), and the next-item model SASRec."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import CapabilityError, RecommenderError
from topple.recommenders.adapters import torch as torch_adapter
from topple.recommenders.adapters.black_box import BlackBox
from topple.recommenders.adapters.catalogues import catalogue_of, library
from topple.recommenders.adapters.item_weights import ItemWeights
from topple.recommenders.adapters.variations import Variations
from topple.recommenders.base import Capability, Recommender
from topple.types import Id

WORKS = "EASE, VAECF, RecVAE and SASRec"


def wrap(model: Any, items: Catalogue | Vocabulary | Iterable[Id] | None = None) -> Recommender:
    """Return a fitted model of Cornac as a recommender.

    EASE is additive, the autoencoders have a gradient, SASRec reads the history in its order, oldest first. An item
    of the history counts 1; of a model that was fitted on ratings this is the list of somebody who rated all of it 1.

    Args:
        model: fitted.
        items: the ids of the items in Cornac's order; None for those that the model was fitted on.

    Raises:
        CapabilityError: a model that has no scores for a changed history (MF, BPR, WMF, neighbours of users and others).
        RecommenderError: a model that is not fitted, or not of this library.
    """
    name = f"cornac:{type(model).__name__}"
    models = library("cornac.models", "cornac")
    if not isinstance(model, models.Recommender):
        raise RecommenderError(f"{name} is not a model of Cornac. Give {WORKS}.")
    if model.iid_map is None:
        raise RecommenderError(f"{name} is not fitted: it knows no items. Call its fit first.")
    catalogue = catalogue_of(model.item_ids if items is None else items, name, model.total_items)
    if isinstance(model, models.EASE):
        return ItemWeights(catalogue, name, model.B)
    for kind, (module, rows_to_scores) in _AUTOENCODERS.items():
        if _is(model, models, kind):
            return torch_adapter.wrap(_Scores(getattr(model, module), rows_to_scores), catalogue, name=name)
    if _is(model, models, "SASRec"):
        ordered = frozenset({Capability.ORDER_AWARE})
        recommender = BlackBox(catalogue, name, lambda asked: _by_sequence(model, asked), capabilities=ordered)
        recommender.module = model.model
        return recommender
    raise CapabilityError(
        f"{name} learns what it knows of each user in training, or needs ratings: nothing can be removed from a history. What "
        f"works: {WORKS}; for another model with a way to score a history, wrap it as 'callable'."
    )


def _is(model: Any, models: Any, kind: str) -> bool:
    """Say whether the model is of a class that this version of Cornac may not have."""
    found = getattr(models, kind, None)
    return found is not None and isinstance(model, found)


class _Scores(nn.Module):
    """An autoencoder without what only its training needs."""

    def __init__(self, model: nn.Module, rows_to_scores: Callable[[Any, Tensor], Tensor]) -> None:
        super().__init__()
        self.model = model
        self._rows_to_scores = rows_to_scores

    def forward(self, rows: Tensor) -> Tensor:
        return self._rows_to_scores(self.model, rows)


_AUTOENCODERS: dict[str, tuple[str, Callable[[Any, Tensor], Tensor]]] = {
    "VAECF": ("vae", lambda model, rows: model.decode(model.encode(rows)[0])),
    "RecVAE": ("recvae_model", lambda model, rows: model(rows, calculate_loss=False)),
}


def _by_sequence(model: Any, asked: Variations) -> Any:
    """Ask a next-item model with Cornac's indices of each history; it does not use the user it is given."""
    encode = asked.catalogue.vocabulary.encode
    with torch_adapter.evaluating(model.model), torch.no_grad():
        return np.stack([np.asarray(model.score(0, encode(history).tolist())) for history in asked.lists()])
