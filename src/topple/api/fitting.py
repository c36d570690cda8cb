"""Fit: a recommender by name, from data, with a progress bar."""

import inspect
import logging
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import torch

from topple import registry
from topple.api.answers.order import no_order
from topple.data.interactions import Interactions
from topple.data.preparation import prepare
from topple.data.splitting import Split
from topple.errors import CapabilityError, DataError, SettingsError
from topple.reports.progress import epochs_bar
from topple.scoring.devices import computing, device_of, on_device
from topple.scoring.memory import is_out_of_memory
from topple.scoring.recommender import Capability, OnBest, OnEpoch, Recommender
from topple.settings import Settings

logger = logging.getLogger(__name__)


def fit(
    data: Split | Interactions,
    recommender: str = "mult-vae",
    *,
    settings: Settings | Mapping[str, Any] | None = None,
    progress: bool = True,
    on_epoch: OnEpoch | None = None,
    on_best: OnBest | None = None,
    device: torch.device | str = "cpu",
) -> Recommender:
    """Train a recommender by name, with a progress bar; the best validation state is what returns.

    An interrupt (Ctrl-C) ends training early and returns the best state so far; `training["interrupted"]` tells. The seed of the
    settings gives the same model with the same number of threads, `training["threads"]`.

    Args:
        data: a split, or interactions to be prepared with the defaults.
        recommender: a name of the registry.
        settings: the recommender's settings, or a mapping of them.
        progress: whether to show a bar.
        on_epoch: called after each epoch.
        on_best: called with the model each time it is the best so far, to keep it.
        device: where a network is trained and the model then is: "cpu", "cuda", or "cuda:1". What has a closed form is
            computed on the processor and moved there.

    Raises:
        UnknownNameError, DataError, RecommenderError if training diverges; SettingsError, of a device that is not there and
            of settings that ask for more memory than there is too.
    """
    where = device_of(device)
    model_class: type[Recommender] = registry.load("recommenders", recommender)
    if Capability.TRAINABLE not in model_class.capabilities:
        raise CapabilityError(f"{recommender} cannot be trained. Choose a trainable recommender.")
    chosen = settings if isinstance(settings, Settings) else model_class.settings_type.parse(settings)
    chosen = model_class.settings_type.checked(chosen, recommender)
    if not isinstance(data, Split | Interactions):
        raise DataError(
            f"fit takes a Split or Interactions, not {type(data).__name__}. Make one with read_interactions(data, user=..., "
            "item=...), and a split of your own settings with prepare."
        )
    split = data if isinstance(data, Split) else prepare(data)
    if split.events is not None and Capability.ORDER_AWARE not in model_class.capabilities:
        logger.warning(
            "%s reads no sequence: it is fitted on split.merged(), in which an item comes once in a history with the sum of the "
            "weights. Ask about the histories of that.", recommender,
        )  # fmt: skip
        split = split.merged()
    used = model_class.learns_weights(chosen)
    only_repeats = split.events is not None and split.events.weights is None  # read as events, and not as weights
    if split.weighted and not used and not only_repeats:
        logger.warning("%s", _unused(recommender, model_class))
    unordered = Capability.ORDER_AWARE in model_class.capabilities and split.times is None
    if unordered:
        logger.warning("%s", no_order(recommender, split.name))
    logger.info("fit %s on %s, device %s", recommender, split.name, where)
    with epochs_bar(recommender, on_epoch) if progress else nullcontext(on_epoch) as shown:
        model = _fitted(model_class, split, chosen, shown, on_best, where)
    model.training["data"] = split.fingerprint
    if split.weighted and not only_repeats:
        model.training["weights"] = "used" if used else "not used"
    if unordered:
        model.training["order"] = "not known"
    logger.info("fitted %s: %s", recommender, model.training)
    return on_device(model, where)


def _unused(name: str, model_class: type[Recommender]) -> str:
    """Say that the weights of a split are not used, and what would use them."""
    helps = "set weighted=true, or choose" if "weighted" in model_class.settings_type.model_fields else "choose"
    return (
        f"{name} does not use the weights of this data: it learns that an item was met, and histories are asked so. To use the "
        f"weights, {helps} als, ease or item-knn."
    )


def _fitted(
    model_class: type[Recommender],
    split: Split,
    settings: Settings,
    on_epoch: OnEpoch | None,
    on_best: OnBest | None,
    device: torch.device,
) -> Recommender:
    """Return the trained model; memory that runs out is said in words."""
    try:
        with computing(gradients=True):
            return model_class.fit(split, settings, on_epoch, on_best, **_trained_on(model_class, device))
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise SettingsError(
            f"fitting {model_class.name} on {split.name} with {settings!r} asks for more memory than there is: {error}. Choose "
            "smaller settings, or fewer items and users."
        ) from error


def _trained_on(model_class: type[Recommender], device: torch.device) -> dict[str, Any]:
    """Return the device as an argument of `fit`, for a class that takes one."""
    return {"device": device} if "device" in inspect.signature(model_class.fit).parameters else {}
