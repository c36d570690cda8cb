"""model.json: what a model folder says of its model."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from topple.errors import ModelFolderError, ToppleError
from topple.inputs import MISSING, json_of, problem
from topple.scoring.findings.probe import Measures
from topple.scoring.recommender import Recommender
from topple.types import JsonObject

FORMAT = "topple.model/2"
PARTS = {
    "recommender": str,
    "name": str,
    "settings": dict,
    "catalogue": dict,
    "fingerprint": str,
    "training": dict,
    "probe": dict,
}
"""What model.json must hold, and of which type."""


def description(recommender: Recommender, kind: str) -> JsonObject:
    """Return what model.json says of a model that is read again under the name `kind`."""
    measures = recommender.measures()
    return {
        "format": FORMAT,
        "recommender": kind,
        "name": recommender.name,
        "settings": recommender.settings.model_dump(mode="json"),
        "catalogue": {"items": len(recommender.catalogue), "fingerprint": recommender.catalogue.fingerprint},
        "fingerprint": recommender.fingerprint,
        "training": recommender.training,
        "probe": {
            "rounding": recommender.rounding,
            "scale": measures.scale,
            "gap": measures.gap if math.isfinite(measures.gap) else None,
            "coarse": recommender.coarse,
        },
    }


def read_description(folder: Path) -> dict[str, Any]:
    """Return what model.json of a folder holds.

    Raises:
        ModelFolderError: it is missing, damaged, or of another format.
    """
    path = folder / "model.json"
    wrong = problem(path)
    if wrong:
        raise ModelFolderError(
            f"{folder} is not a model folder: {path.name} {wrong.replace(MISSING, 'is missing')}. Make one with `topple fit --out`."
        )
    about = checked_description(path, FORMAT, PARTS, ModelFolderError, "Fit the model again.")
    if "fingerprint" not in about["catalogue"]:
        raise ModelFolderError(f"{path} is damaged (the catalogue has no fingerprint). Fit the model again.")
    return about


def checked_description(
    path: Path, form: str, parts: Mapping[str, type], refusal: type[ToppleError], advice: str
) -> dict[str, Any]:
    """Return what a description in JSON holds: of a model folder, or of that of an explainer.

    Args:
        path: of the file.
        form: the format that it must name.
        parts: what it must hold, and of which type.
        refusal: the error that is raised.
        advice: what to do about it.

    Raises:
        ToppleError: as `refusal`: damaged, of another format, or without a part.
    """
    try:
        about: dict[str, Any] = json_of(path.read_text(encoding="utf-8"))
        found = about["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise refusal(f"{path} is damaged ({error}). {advice}") from error
    if found != form:
        raise refusal(f"{path} has format {found!r}; this version of topple reads {form!r}. {advice}")
    for key, kind in parts.items():
        if not isinstance(about.get(key), kind):
            raise refusal(f"{path} is damaged ({key} is missing or no {kind.__name__}). {advice}")
    return about


def measures_of(probe: dict[str, Any]) -> Measures:
    """Return what the probe told; a gap of None is infinite.

    Raises:
        ModelFolderError: a number that is none, or below 0.
    """
    numbers = {name: probe.get(name, math.nan) for name in ("scale", "gap")}
    if numbers["gap"] is None:
        numbers["gap"] = math.inf
    for name, number in numbers.items():
        if type(number) not in (int, float) or not number >= 0:
            raise ModelFolderError(
                f"model.json is damaged (the probe's {name} is {number!r}, not a number of at least 0). Fit the model again."
            )
    return Measures(float(numbers["scale"]), float(numbers["gap"]))
