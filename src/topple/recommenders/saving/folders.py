"""A model as a folder: safetensors, JSON settings, the catalogue, and the prepared data it was trained on."""

import json
import logging
import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from topple import registry
from topple.data.layout import read_split, write_split
from topple.data.splitting import Split
from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import ModelFolderError, SettingsError, ToppleError, UnknownNameError
from topple.files import writing
from topple.scoring.findings import Findings
from topple.scoring.listing import DEPTHS, Listed
from topple.scoring.probe import Measures
from topple.scoring.recommender import Recommender
from topple.types import FilePath

logger = logging.getLogger(__name__)

FORMAT = "topple.model/1"
LISTED = "listed.safetensors"
PARTS = {"recommender": str, "settings": dict, "catalogue": dict, "fingerprint": str, "training": dict, "probe": dict}
"""What model.json must hold, and of which type."""


@dataclass(frozen=True, eq=False)
class Loaded:
    """What a model folder holds: the recommender, and the split it came with, if any."""

    recommender: Recommender
    split: Split | None


def save_model(
    recommender: Recommender, folder: FilePath, split: Split | None = None, *, overwrite: bool = False
) -> None:
    """Write a model folder: `model.json`, `weights.safetensors`, `items.parquet`, and `split/` where a split is given.

    Of a model that was fitted here, `listed.safetensors` holds how many training users have each item in their list.

    Raises:
        OutputExistsError: the folder exists and `overwrite` is False.
        OutputError: it could not be written; what was there before is unchanged.
        UnknownNameError: the recommender is not in the registry, so that the folder could not be read again.
    """
    registry.load("recommenders", recommender.name)
    measures, listed = recommender.measures(), recommender.listed()
    about = {
        "format": FORMAT,
        "recommender": recommender.name,
        "settings": recommender.settings.model_dump(),
        "catalogue": {"items": len(recommender.catalogue), "fingerprint": recommender.catalogue.fingerprint},
        "fingerprint": recommender.fingerprint,
        "training": recommender.training,
        "probe": {"scale": measures.scale, "gap": measures.gap if math.isfinite(measures.gap) else None},
    }
    with writing(folder, overwrite=overwrite, marker="model.json") as aside:
        aside.mkdir()
        (aside / "model.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        _save_items(recommender.catalogue, aside / "items.parquet")
        weights = {name: array.detach().cpu().contiguous().numpy() for name, array in recommender.arrays().items()}
        (aside / "weights.safetensors").write_bytes(save(weights))
        if listed is not None:
            arrays = {"counts": listed.counts.numpy(), "users": np.array([listed.users])}
            (aside / LISTED).write_bytes(save(arrays))
        if split is not None:
            write_split(split, aside / "split")
    logger.info("saved %s (%s) to %s", recommender.name, recommender.fingerprint, folder)


def load_model(folder: FilePath, catalogue: Catalogue | None = None) -> Loaded:
    """Read a model folder; nothing in it is executed.

    Args:
        folder: what `save_model` wrote.
        catalogue: the catalogue the model must be of, if it matters; titles are taken from it.

    Raises:
        ModelFolderError: not a model folder, damaged, of another format, or of another catalogue.
    """
    folder = Path(folder)
    about = _about(folder)
    try:
        own = _load_items(folder / "items.parquet")
        weights = load_file(folder / "weights.safetensors")
        split = read_split(folder / "split") if (folder / "split").is_dir() else None
    except (OSError, pa.ArrowInvalid, SafetensorError, KeyError) as error:
        if isinstance(error, ToppleError):
            raise
        raise ModelFolderError(f"{folder} is damaged ({error}). Fit the model again.") from error
    expected = about["catalogue"]["fingerprint"]
    for what, fingerprint in (
        ("items.parquet", own.fingerprint),
        ("split", split and split.catalogue.fingerprint),
    ):
        if fingerprint not in (None, expected):
            raise ModelFolderError(
                f"{folder}: {what} is of catalogue {fingerprint}, model.json of {expected}. Fit again."
            )
    if catalogue is not None and catalogue.fingerprint != expected:
        raise ModelFolderError(
            f"{folder} is a model of another catalogue: {len(own):,} items ({expected}), given {len(catalogue):,} items "
            f"({catalogue.fingerprint}). Use the data the model was trained on, or fit one on this data."
        )
    try:
        model_class = registry.load("recommenders", about["recommender"])
        settings = model_class.settings_type.parse(about["settings"])
    except (UnknownNameError, SettingsError) as error:
        raise ModelFolderError(f"{folder} is of another version of topple: {error} Fit the model again.") from error
    recommender: Recommender = model_class.from_arrays(weights, own if catalogue is None else catalogue, settings)
    listed = _load_listed(folder / LISTED, len(own))
    if recommender.fingerprint != about["fingerprint"]:
        raise ModelFolderError(
            f"{folder}: weights.safetensors is not what model.json describes (fingerprint {recommender.fingerprint}, expected "
            f"{about['fingerprint']}). Fit the model again."
        )
    recommender.training = about["training"]
    recommender.findings = Findings(measures=_measures(about["probe"]), listed=listed)
    logger.info("loaded %s (%s) of %s", recommender.name, recommender.fingerprint, folder)
    return Loaded(recommender, split)


def load_arrays(path: FilePath) -> dict[str, Any]:
    """Read named arrays from an .npz file, without pickle.

    Raises:
        ModelFolderError: not such a file, or one that needs pickle.
    """
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except FileNotFoundError as error:
        raise ModelFolderError(f"{path} is not a file. Give the .npz file of the trained arrays.") from error
    except (OSError, ValueError, EOFError, TypeError, BadZipFile, zlib.error) as error:
        raise ModelFolderError(
            f"{path} is not an .npz file of plain arrays ({error}). Save it with numpy.savez."
        ) from error
    stray = [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]
    if stray:
        raise ModelFolderError(
            f"{path} is not an .npz file of plain arrays (it holds {stray[0]!r}). Save it with numpy.savez."
        )
    return arrays


def _about(folder: Path) -> dict[str, Any]:
    path = folder / "model.json"
    if not path.is_file():
        raise ModelFolderError(
            f"{folder} is not a model folder: {path.name} is missing. Make one with `topple fit --out`."
        )
    try:
        about: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found = about["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise ModelFolderError(f"{path} is damaged ({error}). Fit the model again.") from error
    if found != FORMAT:
        raise ModelFolderError(
            f"{path} has format {found!r}; this version of topple reads {FORMAT!r}. Fit the model again."
        )
    for key, kind in PARTS.items():
        if not isinstance(about.get(key), kind):
            raise ModelFolderError(f"{path} is damaged ({key} is missing or no {kind.__name__}). Fit the model again.")
    if "fingerprint" not in about["catalogue"]:
        raise ModelFolderError(f"{path} is damaged (the catalogue has no fingerprint). Fit the model again.")
    return about


def _measures(probe: dict[str, Any]) -> Measures:
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


def _load_listed(path: Path, items: int) -> Listed | None:
    """Return how many training users have each item in their list, where that was counted."""
    if not path.is_file():
        return None
    try:
        arrays = load_file(path)
        counts, users = arrays["counts"], arrays["users"]
    except (OSError, SafetensorError, KeyError) as error:
        raise ModelFolderError(f"{path.parent} is damaged ({path.name}: {error}). Fit the model again.") from error
    whole = counts.dtype.kind in "iu" and counts.shape == (items, len(DEPTHS)) and users.shape == (1,)
    if not whole or counts.min(initial=0) < 0 or counts.max(initial=0) > int(users[0]):
        raise ModelFolderError(
            f"{path} holds {counts.dtype} counts of shape {counts.shape} for {items:,} items, or more than its users. Fit the "
            "model again."
        )
    return Listed(torch.from_numpy(counts.astype(np.int32)), int(users[0]))


def _save_items(catalogue: Catalogue, path: Path) -> None:
    columns = {"item": catalogue.vocabulary.column}
    if catalogue.titles is not None:
        columns["title"] = pa.array(catalogue.titles)
    pq.write_table(pa.table(columns), path)


def _load_items(path: Path) -> Catalogue:
    table = pq.read_table(path)
    titles = tuple(table["title"].to_pylist()) if "title" in table.column_names else None
    return Catalogue(Vocabulary(table["item"], "item"), titles)
