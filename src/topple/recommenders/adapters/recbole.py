"""Models of RecBole: item weights (EASE, SLIM, ItemKNN), autoencoders over the history, and sequential models (SASRec)."""

from collections.abc import Callable, Iterable, Sequence
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
from topple.recommenders.adapters.catalogues import catalogue_of, is_of, library
from topple.scoring.recommender import Capability, Recommender
from topple.types import Id, IntArray

MODULE = "recbole.model.general_recommender"
WORKS = (
    "EASE, SLIMElastic, ItemKNN of items, MultiVAE, MultiDAE, RecVAE, RaCT, and sequential models that need nothing "
    "but the items (SASRec, GRU4Rec, BERT4Rec, NARM, STAMP and others)"
)


def wrap(
    model: Any,
    items: Any = None,
    *,
    empty: float | Sequence[float] = 0.0,
) -> Recommender:
    """Return a trained model of RecBole as a recommender.

    EASE, SLIMElastic and ItemKNN are additive, the autoencoders have a gradient. None uses weights: RecBole trains them on what
    was met. RecBole's item 0 is padding and is left
    out. Sequential models read the history in its order, oldest first; they are
    asked in float32, in evaluation mode, and stay in their own.

    Args:
        model: trained.
        items: RecBole's own dataset, or the ids of its items without the padding, in its order.
        empty: scores of the empty history, for sequential models, which have none.

    Raises:
        CapabilityError: a model that has no scores for a changed history (BPR, LightGCN and others with user factors), or
            that reads more than its items (HGN, Caser, FPMC: the user).
        RecommenderError: a model that is not of this library.
    """
    name = f"recbole:{type(model).__name__}"
    base = library("recbole.model.abstract_recommender", "recbole")
    if not isinstance(model, base.AbstractRecommender):
        raise RecommenderError(f"{name} is not a model of RecBole. Give {WORKS}.")
    catalogue = catalogue_of(_ids(model, items), name, model.n_items - 1)
    models = library(MODULE, "recbole")
    for kind, weights in _ITEM_WEIGHTS.items():
        if is_of(model, models, kind) and getattr(model, "method", "item") == "item":
            return ItemWeights(catalogue, name, _table(getattr(model, weights)), uses_weights=False)
    for kind, rows_to_scores in _AUTOENCODERS.items():
        if is_of(model, models, kind):
            return torch_adapter.wrap(_WithoutPadding(model, rows_to_scores), catalogue, name=name, uses_weights=False)
    if isinstance(model, base.SequentialRecommender):
        copied = scoring_copy(model, name)
        recommender = BlackBox(
            catalogue,
            name,
            lambda variations: _asked(copied, name, variations.sequences()),
            capabilities=frozenset({Capability.ORDER_AWARE}),
            device=torch_adapter.device_of(model),
            empty=empty,
            uses_weights=False,
        )
        recommender.module = model
        return recommender
    raise CapabilityError(
        f"{name} learns what it knows of each user in training, or reads more than the history: nothing can be removed from "
        f"it. What works: {WORKS}; for another model with a way to score a history, wrap it as 'torch' or 'callable'."
    )


_ITEM_WEIGHTS = {"EASE": "item_similarity", "SLIMElastic": "item_similarity", "ItemKNN": "w"}
"""Model to its attribute that holds one row of weights a kept item."""


def _table(weights: Any) -> Any:
    """Return weights without the row and the column of the padding."""
    return (weights.tocsr() if hasattr(weights, "tocsr") else np.asarray(weights))[1:, 1:]


class _WithoutPadding(nn.Module):
    """An autoencoder whose first column, the padding, is neither shown nor asked for."""

    def __init__(self, model: Any, rows_to_scores: Callable[[Any, Tensor], Tensor]) -> None:
        super().__init__()
        self.model = model
        self._rows_to_scores = rows_to_scores

    def forward(self, rows: Tensor) -> Tensor:
        return self._rows_to_scores(self.model, nn.functional.pad(rows, (1, 0)))[:, 1:]


_AUTOENCODERS: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "MultiVAE": lambda model, rows: model(rows)[0],
    "MultiDAE": lambda model, rows: model(rows),
    "RecVAE": lambda model, rows: model(rows, 0.0)[0],
    "RaCT": lambda model, rows: model(rows)[0],
}


def _asked(model: Any, name: str, histories: Sequence[IntArray]) -> Tensor:
    """Ask a sequential model with the last items of each history, as many as it reads; padding is 0.

    Raises:
        CapabilityError: it cannot answer with the items alone; this shows when it is wrapped, for it is tried out there.
    """
    interaction = library("recbole.data.interaction", "recbole").Interaction
    longest = int(model.max_seq_length)
    sequences = torch.zeros(len(histories), longest, dtype=torch.int64)
    for row, history in enumerate(histories):
        last = history[-longest:]
        sequences[row, : len(last)] = torch.from_numpy(last + 1)
    lengths = (sequences > 0).sum(1)
    given = interaction({model.ITEM_SEQ: sequences, model.ITEM_SEQ_LEN: lengths}).to(torch_adapter.device_of(model))
    try:
        with torch.no_grad():
            scores: Tensor = model.full_sort_predict(given)
    except KeyError as error:
        raise CapabilityError(
            f"{name} reads {error} besides the items of a history, which a history here does not hold. What works: {WORKS}."
        ) from error
    except NotImplementedError as error:
        raise CapabilityError(
            f"{name} does not score all items for a history (it has no full_sort_predict). What works: {WORKS}."
        ) from error
    return scores.view(len(histories), -1)[:, 1:]


def _ids(model: Any, items: Any) -> Catalogue | Vocabulary | Iterable[Id] | None:
    if isinstance(items, library("recbole.data.dataset", "recbole").Dataset):
        return [str(token) for token in items.field2id_token[model.ITEM_ID][1:]]
    given: Catalogue | Vocabulary | Iterable[Id] | None = items
    return given
