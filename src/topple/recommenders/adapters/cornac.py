"""Models of Cornac: EASE, autoencoders over the history (VAECF, RecVAE), and next-item models (SASRec, GRU4Rec)."""

import copy
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import CapabilityError, RecommenderError
from topple.recommenders.adapters import torch as torch_adapter
from topple.recommenders.adapters.arrays.item_weights import ItemWeights
from topple.recommenders.adapters.asking.black_box import BlackBox
from topple.recommenders.adapters.asking.copies import scoring_copy
from topple.recommenders.adapters.asking.variations import Variations
from topple.recommenders.adapters.catalogues import catalogue_of, is_of, library, say_weighted
from topple.scoring.recommender import Capability, Recommender
from topple.types import Id

WORKS = "EASE, VAECF, RecVAE, SASRec and GRU4Rec"


def wrap(model: Any, items: Catalogue | Vocabulary | Iterable[Id] | None = None) -> Recommender:
    """Return a fitted model of Cornac as a recommender.

    EASE is additive, the autoencoders have a gradient, SASRec and GRU4Rec read the history in its order, oldest first; an
    empty one gives every item 1, as in Cornac. EASE and RecVAE that were fitted on ratings are asked
    with these as the weights of the history; the other models do not use weights.

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
        say_weighted(name, [model.min_rating, model.max_rating])
        return ItemWeights(catalogue, name, model.B)
    for kind, (module, rows_to_scores) in _AUTOENCODERS.items():
        if is_of(model, models, kind):
            weighted = kind == "RecVAE"  # VAECF makes ones of the ratings
            if weighted:
                say_weighted(name, [model.min_rating, model.max_rating])
            scores = _Scores(getattr(model, module), rows_to_scores)
            return torch_adapter.wrap(scores, catalogue, name=name, uses_weights=weighted)
    for kind, ask in _NEXT_ITEM.items():
        if is_of(model, models, kind):
            if getattr(model, "model", None) is None:
                raise RecommenderError(f"{name} is not trained: it has no network. Fit it with trainable=True.")
            ordered = frozenset({Capability.ORDER_AWARE})
            asked = copy.copy(model)
            asked.model = scoring_copy(model.model, name)
            recommender = BlackBox(catalogue, name, partial(ask, asked), capabilities=ordered, uses_weights=False)
            recommender.module = model.model
            recommender.empty_by_rule = True  # type: ignore[misc] # 1 for every item
            return recommender
    raise CapabilityError(
        f"{name} learns what it knows of each user in training, or needs ratings: nothing can be removed from a history. What "
        f"works: {WORKS}; for another model with a way to score a history, wrap it as 'callable'."
    )


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


def _one_by_one(model: Any, asked: Variations) -> Any:
    """Ask a next-item model with Cornac's indices of each history; it does not use the user it is given."""
    with torch.no_grad():
        return np.stack([np.asarray(model.score(0, history.tolist())) for history in asked.sequences()])


def _step_by_step(model: Any, asked: Variations) -> Tensor:
    """Ask GRU4Rec for all histories at once: they end together, and a state is zero until its history begins."""
    histories, device = asked.sequences(), torch_adapter.device_of(model.model)
    lengths = torch.tensor([len(history) for history in histories])
    longest = int(lengths.max())
    items = torch.zeros(len(histories), longest, dtype=torch.int64)
    for row, history in enumerate(histories):
        items[row, longest - len(history) :] = torch.from_numpy(history)
    begun = (torch.arange(longest) >= longest - lengths[:, None]).to(device)
    states = [torch.zeros(len(histories), width, device=device) for width in model.layers]
    scores = torch.ones(len(histories), model.total_items, device=device)
    with torch.no_grad():
        for step in range(longest):
            scores = model.model(items[:, step].to(device), states, None, training=False)[:, : model.total_items]
            states = [state * begun[:, step, None] for state in states]
    return scores.masked_fill((lengths == 0).to(device)[:, None], 1.0).to(asked.items.device)


_NEXT_ITEM: dict[str, Callable[[Any, Variations], Any]] = {"SASRec": _one_by_one, "GRU4Rec": _step_by_step}
