"""Transformers of RecTools (SASRecModel, BERT4RecModel): sessions scored by their torch module, many at a time."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from topple.data.vocabulary import Catalogue
from topple.errors import CapabilityError, RecommenderError
from topple.recommenders.adapters import torch as torch_adapter
from topple.recommenders.adapters.asking.black_box import BlackBox
from topple.recommenders.adapters.asking.copies import scoring_copy
from topple.recommenders.adapters.asking.variations import Variations
from topple.recommenders.adapters.catalogues import catalogue_of, library
from topple.scoring.recommender import Capability, Recommender
from topple.types import Id, IntArray

MODULE = "rectools.models.nn.transformers"


def is_transformer(model: Any) -> bool:
    """Say whether a model is one of these, without importing what RecTools needs for them."""
    base = sys.modules.get(f"{MODULE}.base")  # there if such a model is
    return base is not None and isinstance(model, base.TransformerModelBase)


def wrap(model: Any, items: Any, name: str, empty: float | Sequence[float]) -> Recommender:
    """Return a fitted transformer as a recommender that reads the history in its order, oldest first.

    Sessions are prepared by the model's own data preparator (the last `session_max_len` items, padding, mask) and scored as
    `recommend` does it, without building a dataset.

    Args:
        model: fitted.
        items: ids of exactly the items that it knows, in any order; a RecTools dataset or None for its own.
        name: what to call it.
        empty: scores of the empty history; RecTools makes no recommendation from one.

    Raises:
        CapabilityError: it reads more than the items (times, columns of its own), or ranks by rules of its own.
        RecommenderError: items that it does not know, or of those that it knows some only.
    """
    _require_items_only(model, name)
    _require_usual_ranking(model, name)
    preparator = model.data_preparator
    known = list(preparator.get_known_item_ids())
    given = items if items is not None and not hasattr(items, "item_id_map") else known
    catalogue = _catalogue(given, known, name)
    network = model.lightning_model.torch_model
    recommender = BlackBox(
        catalogue,
        name,
        _Sessions(
            scoring_copy(network, name),
            preparator,
            preparator.item_id_map.convert_to_internal(list(catalogue.vocabulary.ids)),
        ),
        capabilities=frozenset({Capability.ORDER_AWARE}),
        device=torch_adapter.device_of(network),
        empty=empty,
        at_once=int(model.recommend_batch_size),
        uses_weights=False,
    )
    recommender.module = network
    return recommender


class _Sessions:
    """A transformer asked for the scores of sessions, in the precision and on the device of the weights.

    Args:
        network: a copy of the model's own.
        preparator: what makes batches of sessions.
        numbers: RecTools' own number of each item of the catalogue [I].
    """

    def __init__(self, network: nn.Module, preparator: Any, numbers: IntArray) -> None:
        self._network: Any = network
        self._preparator, self._numbers = preparator, numbers

    def __call__(self, asked: Variations) -> Tensor:
        sessions: list[Any] = [(self._numbers[items].tolist(), [1.0] * len(items), {}) for items in asked.sequences()]
        network, device = self._network, torch_adapter.device_of(self._network)
        batch = {key: named.to(device) for key, named in self._preparator._collate_fn_recommend(sessions).items()}
        with torch.no_grad():
            embedded = network.item_model.get_all_embeddings()
            last = network.encode_sessions(batch, embedded)[:, -1]  # [N, D]
            scores: Tensor = network.similarity_module(last, embedded)
        return scores[:, torch.from_numpy(self._numbers).to(device)].to(asked.items.device)


def _catalogue(given: Any, known: list[Id], name: str) -> Catalogue:
    """Return the catalogue of the ids given, which are those that the model knows."""
    catalogue = catalogue_of(given, name)
    strangers = set(catalogue.vocabulary.ids).symmetric_difference(known)
    if strangers:
        example = min(strangers, key=str)
        raise RecommenderError(
            f"{name} was given {len(catalogue):,} items and knows {len(known):,}; {example!r} is on one side only. It knows what "
            "its training kept: the last session_max_len items of users with train_min_user_interactions. Give these ids, or "
            "leave items out."
        )
    return catalogue


def _require_items_only(model: Any, name: str) -> None:
    """Refuse a model whose sessions hold more than items: a removal would have to make the rest up."""
    preparator = model.data_preparator
    more = [*(["the times of interactions"] if preparator.add_unix_ts else []), *(preparator.extra_cols or [])]
    if more:
        raise CapabilityError(
            f"{name} reads {', '.join(map(str, more))} besides the items of a history, which a history here does not hold. What "
            "works: a transformer of items alone (of HSTU, relative_time_attention=False)."
        )


def _require_usual_ranking(model: Any, name: str) -> None:
    """Refuse a model with a part that ranks otherwise than RecTools itself, whose rule is followed here."""
    base, lightning = library(f"{MODULE}.base", "rectools"), library(f"{MODULE}.lightning", "rectools")
    similarity = getattr(model.lightning_model.torch_model, "similarity_module", None)
    usual = (
        (model, base.TransformerModelBase, ("_recommend_u2i",)),
        (model.lightning_model, lightning.TransformerLightningModule, ("_recommend_u2i", "_get_user_item_embeddings")),
        (similarity, library(f"{MODULE}.similarity", "rectools").DistanceSimilarityModule, _SIMILARITY),
    )
    changed = [type(part).__name__ for part, kind, methods in usual if not _inherits(part, kind, methods)]
    if changed:
        raise CapabilityError(
            f"{name} ranks by {', '.join(changed)}, a part of your own: its scores may not be those that RecTools' usual parts "
            "give. Wrap a function that scores histories as 'callable', with ordered=True."
        )


_SIMILARITY = ("forward", "session_tower_forward", "item_tower_forward", "_get_full_catalog_logits", "_recommend_u2i")


def _inherits(part: Any, kind: Any, methods: Iterable[str]) -> bool:
    """Say whether a part has these methods from RecTools' own class."""
    return isinstance(part, kind) and all(getattr(type(part), named) is getattr(kind, named) for named in methods)
