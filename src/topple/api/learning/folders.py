"""A fitted explainer as a folder: safetensors and JSON, with the identity of the recommender that it was fitted to."""

import json
import logging
from pathlib import Path
from typing import Any

from safetensors.numpy import save

import topple
from topple import registry
from topple.errors import ExplainerFolderError, ModelFolderError, SettingsError, UnknownNameError, need
from topple.explainers.base import Explainer
from topple.files import read_whole, writing
from topple.inputs import MISSING, path_of, problem
from topple.recommenders.saving.array_files import read_safetensors
from topple.recommenders.saving.description import checked_description
from topple.scoring.findings.identity import same_model
from topple.scoring.recommender import Recommender
from topple.types import FilePath, JsonObject

logger = logging.getLogger(__name__)

FORMAT = "topple.explainer/1"
MARKER = "explainer.json"
WEIGHTS = "weights.safetensors"
PARTS = {"explainer": str, "settings": dict, "model": str, "training": dict}
"""What explainer.json must hold, and of which type."""


def save_explainer(explainer: Explainer, folder: FilePath, *, overwrite: bool = False) -> None:
    """Write a folder of a fitted explainer: `explainer.json` and `weights.safetensors`.

    Raises:
        ExplainerFolderError: an explainer that has learned nothing.
        OutputExistsError: the folder exists and `overwrite` is False.
        OutputError: it could not be written; what was there before is unchanged.
    """
    need(explainer, Explainer, "explainer", "what fit_explainer returned")
    if not explainer.model:
        raise ExplainerFolderError(
            f"{explainer.name} has learned nothing that could be saved. Save what fit_explainer returned; other methods are named."
        )
    about: JsonObject = {
        "format": FORMAT,
        "explainer": explainer.name,
        "settings": explainer.settings.model_dump(mode="json"),
        "model": explainer.model,
        "training": explainer.training,
        "version": topple.__version__,
    }
    arrays = {name: array.detach().cpu().contiguous().numpy() for name, array in explainer.arrays().items()}
    with writing(folder, overwrite=overwrite, marker=MARKER) as aside:
        aside.mkdir()
        (aside / MARKER).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        (aside / WEIGHTS).write_bytes(save(arrays))
    logger.info("saved explainer %s to %s", explainer.name, folder)


def load_explainer(folder: FilePath, recommender: Recommender) -> Explainer:
    """Read the explainer of a folder, for the recommender that it was fitted to; nothing in the folder is executed.

    Raises:
        ExplainerFolderError: no such folder, damaged, of another format, or fitted to another model.
    """
    need(recommender, Recommender, "recommender", "what fit, load_model or wrap returned")
    return read_whole(folder, lambda: _load(path_of(folder), recommender))


def is_explainer_folder(path: FilePath) -> bool:
    """Return whether there is a folder with the description of an explainer."""
    return problem(path, folder=True) is None and problem(path_of(path) / MARKER) is None


def _load(folder: Path, recommender: Recommender) -> Explainer:
    about = _description(folder)
    if not same_model(about["model"], recommender):
        raise ExplainerFolderError(
            f"{folder} was fitted to model {about['model']}, and {recommender.name} is {recommender.fingerprint}: what it has learned "
            "says nothing of another model. Fit it to this one: topple fit --explainer."
        )
    try:
        method: type[Explainer] = registry.load("explainers", about["explainer"])
        if not method.learns:
            raise ExplainerFolderError(
                f"{folder} is damaged ({about['explainer']} does not learn). Fit the explainer again."
            )
        settings = method.settings_type.parse(about["settings"])
        found = method.from_arrays(read_safetensors(folder / WEIGHTS), recommender, settings)
    except (UnknownNameError, SettingsError) as error:
        raise ExplainerFolderError(
            f"{folder} is of another version of topple, or of a package that is not here: {error}"
        ) from error
    except (ModelFolderError, OSError, ValueError) as error:
        if isinstance(error, ExplainerFolderError):
            raise
        raise ExplainerFolderError(f"{folder} is damaged ({error}). Fit the explainer again.") from error
    found.training = about["training"]
    logger.info("loaded explainer %s of %s", found.name, folder)
    return found


def _description(folder: Path) -> dict[str, Any]:
    """Return what explainer.json of a folder holds.

    Raises:
        ExplainerFolderError: it is missing, damaged, or of another format.
    """
    path = folder / MARKER
    wrong = problem(path)
    if wrong:
        told = wrong.replace(MISSING, "is missing")
        raise ExplainerFolderError(
            f"{folder} is no folder of an explainer: {path.name} {told}. Make one with `topple fit --explainer NAME --model MODEL --out`."
        )
    return checked_description(path, FORMAT, PARTS, ExplainerFolderError, "Fit the explainer again.")
