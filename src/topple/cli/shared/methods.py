"""Explainers on the command line: by name, or the folder of one that was fitted."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topple import registry
from topple.errors import DataError, SettingsError

if TYPE_CHECKING:
    from topple.data.splitting import Split
    from topple.explainers.base import Explainer
    from topple.scoring.recommender import Recommender
    from topple.settings import Settings


def method_of(name: str, settings: "Settings | Mapping[str, Any] | None", preset: str | None) -> "Explainer | None":
    """Return the explainer of a name; None where the name is a folder, which is read once the model is there.

    A folder with the name of a method that learns is the folder: such a method cannot be asked by its name.

    Raises:
        UnknownNameError: neither a name nor such a folder.
        SettingsError: settings that do not exist, or given with a folder.
    """
    from topple.api.explaining import make_explainer
    from topple.api.learning.folders import is_explainer_folder

    asked_by_name = name in registry.names("explainers") and not registry.load("explainers", name).learns
    if asked_by_name or not is_explainer_folder(name):
        return make_explainer(name, settings, preset)
    if settings or preset is not None:
        raise SettingsError(
            f"{name} is the folder of a fitted explainer, which has its settings. Leave --set and --preset out."
        )
    return None


def fitted_method(
    name: str,
    model: Path,
    recommender: "Recommender",
    split: "Split | None",
    settings: Mapping[str, Any],
    out: Path,
    *,
    overwrite: bool,
) -> "Explainer":
    """Fit an explainer by name to a model, on the data of the model folder or other data, and save it.

    Raises:
        DataError: the model folder holds no data, and none was given.
    """
    from topple.api.learning.fitting import fit_explainer
    from topple.api.learning.folders import save_explainer
    from topple.cli.shared.loading import split_of

    data = split_of(model) if split is None else split
    if data is None:
        raise DataError(
            f"{model} holds no data to learn from. Give the data that the model was fitted on: --dataset or --interactions."
        )
    method = fit_explainer(recommender, data, name, settings=settings)
    save_explainer(method, out, overwrite=overwrite)
    return method
