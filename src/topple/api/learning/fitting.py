"""Fit an explainer: a method that learns, by name, to one recommender, with a progress bar."""

import logging
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from topple import registry
from topple.data.splitting import Split
from topple.errors import CapabilityError, DataError
from topple.explainers.base import Explainer, OnStep, misfit
from topple.reports.progress import steps_bar
from topple.scoring.checks import check_recommender
from topple.scoring.devices import computing
from topple.scoring.recommender import Recommender
from topple.settings import Settings

logger = logging.getLogger(__name__)


def fit_explainer(
    recommender: Recommender,
    data: Split,
    explainer: str,
    *,
    settings: Settings | Mapping[str, Any] | None = None,
    progress: bool = True,
    on_step: OnStep | None = None,
) -> Explainer:
    """Fit an explainer that learns to a recommender; give what returns to `explain` as `explainer=`.

    The seed of the settings gives the same explainer with the same number of threads.

    Args:
        recommender: what is explained; it stays as it is.
        data: the split that it was fitted on: training users to learn from, validation users to choose by; test users are never
            looked at.
        explainer: a name of the registry.
        settings: of the explainer, or a mapping of them.
        progress: whether to show a bar.
        on_step: called as it learns.

    Raises:
        UnknownNameError, SettingsError: no such explainer, or no such settings.
        CapabilityError: an explainer that does not learn, or that the recommender lacks something for.
        DataError: data of another catalogue, or none to learn from.
    """
    method: type[Explainer] = registry.load("explainers", explainer)
    check_recommender(recommender)
    if not method.learns:
        raise CapabilityError(
            f"{explainer} does not learn. Explain with it at once: topple.explain(..., explainer={explainer!r})."
        )
    if not isinstance(data, Split):
        raise DataError(
            f"fit_explainer takes a Split, not {type(data).__name__}. Give the split that the model was fitted on."
        )
    if data.catalogue.fingerprint != recommender.catalogue.fingerprint:
        raise DataError(
            f"{data.name} has {len(data.catalogue):,} items ({data.catalogue.fingerprint}), and {recommender.name} "
            f"{len(recommender.catalogue):,} ({recommender.catalogue.fingerprint}). Give the split that the model was fitted on."
        )
    lacking = misfit(method, recommender)
    if lacking:
        raise CapabilityError(f"{lacking}. Choose another method (topple explainers --for MODEL).")
    chosen = settings if isinstance(settings, Settings) else method.settings_type.parse(settings)
    checked = method.settings_type.checked(chosen, explainer)
    logger.info("fit explainer %s to %s on %s", explainer, recommender.name, data.name)
    with (
        steps_bar(f"fit {explainer}", on_step) if progress else nullcontext(on_step) as shown,
        computing(gradients=True),
    ):
        fitted = method.fit(recommender, data, checked, shown)
    logger.info("fitted %s: %s", explainer, fitted.training)
    return fitted
