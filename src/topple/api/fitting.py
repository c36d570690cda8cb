"""Fit: a recommender by name, from data, with a progress bar."""

from collections.abc import Mapping
from typing import Any

from topple import registry
from topple.data.interactions import Interactions
from topple.data.splitting import Split, prepare
from topple.errors import CapabilityError, DataError
from topple.reports.progress import epochs_bar
from topple.scoring.recommender import Capability, OnBest, OnEpoch, Recommender
from topple.settings import Settings


def fit(
    data: Split | Interactions,
    recommender: str = "mult-vae",
    *,
    settings: Settings | Mapping[str, Any] | None = None,
    progress: bool = True,
    on_epoch: OnEpoch | None = None,
    on_best: OnBest | None = None,
) -> Recommender:
    """Train a recommender by name, with a progress bar; its best validation state is what returns.

    An interrupt (Ctrl-C) ends training early and returns the best state so far; `training["interrupted"]` tells.

    Args:
        data: a split, or interactions to be prepared with the defaults.
        recommender: a name of the registry.
        settings: the recommender's settings, or a mapping of them.
        progress: whether to show a bar.
        on_epoch: called after each epoch.
        on_best: called with the model each time it is the best so far, to keep it.

    Raises:
        UnknownNameError, SettingsError, DataError; RecommenderError if training diverges.
    """
    model_class: type[Recommender] = registry.load("recommenders", recommender)
    if Capability.TRAINABLE not in model_class.capabilities:
        raise CapabilityError(f"{recommender} cannot be trained. Choose a trainable recommender.")
    chosen = settings if isinstance(settings, Settings) else model_class.settings_type.parse(settings)
    if not isinstance(data, Split | Interactions):
        raise DataError(
            f"fit takes a Split or Interactions, not {type(data).__name__}. Make one with read_interactions(data, user=..., "
            "item=...), and a split of your own settings with prepare."
        )
    split = data if isinstance(data, Split) else prepare(data)
    if not progress:
        return model_class.fit(split, chosen, on_epoch, on_best)
    with epochs_bar(recommender, on_epoch) as shown:
        return model_class.fit(split, chosen, shown, on_best)
