"""A model as a folder: safetensors, JSON settings, the catalogue, and the prepared data it was trained on."""

import json
import logging
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from safetensors.numpy import save

from topple import registry
from topple.data.layout import read_split, write_tables
from topple.data.splitting import Split
from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import ModelFolderError, SettingsError, ToppleError, UnknownNameError, need
from topple.files import read_whole, writing
from topple.inputs import MISSING, path_of, problem, read_parquet
from topple.recommenders.saving.array_files import read_npz, read_safetensors
from topple.recommenders.saving.description import description, measures_of, read_description
from topple.recommenders.saving.factories import made_by
from topple.scoring.devices import computing
from topple.scoring.findings.identity import same_model
from topple.scoring.findings.listing import DEPTHS, Listed
from topple.scoring.recommender import Recommender
from topple.types import FilePath, JsonObject

logger = logging.getLogger(__name__)

LISTED = "listed.safetensors"
FACTORY = "factory"
"""Under this name stands a model that is no arrays of a kind known here: a function of the user builds it again."""
WRAPPED = {
    "item-weights": "topple.recommenders.adapters.arrays.item_weights:ItemWeights",
    "item-factors": "topple.recommenders.adapters.arrays.factors:FactorsOfItems",
    "network": "topple.recommenders.adapters.arrays.network:Network",
}
"""Name in a folder to "module:Class", of wrapped models that are arrays."""


def save_model(
    recommender: Recommender, folder: FilePath, split: Split | None = None, *, overwrite: bool = False
) -> None:
    """Write a model folder: `model.json`, `weights.safetensors`, `items.parquet`, and `split/` where a split is given.

    Of a model that was fitted here, `listed.safetensors` holds how many training users have each item in their list. A wrapped
    model is stored by its arrays where it is arrays; of any other, the folder says what it is and what it answers, and
    `load_model` needs the function that builds it again.

    Raises:
        OutputExistsError: the folder exists and `overwrite` is False.
        OutputError: it could not be written; what was there before is unchanged.
    """
    need(recommender, Recommender, "recommender", "what fit, load_model or wrap returned")
    need(split, Split | None, "split", "the split that the model was fitted on, or None")
    kind = recommender.stored_as or recommender.name
    if recommender.stored_as is None and kind not in registry.names("recommenders"):
        kind = FACTORY
    about, listed = description(recommender, kind), recommender.listed()
    with writing(folder, overwrite=overwrite, marker="model.json") as aside:
        aside.mkdir()
        (aside / "model.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        _save_items(recommender.catalogue, aside / "items.parquet")
        if kind != FACTORY:
            weights = {name: array.detach().cpu().contiguous().numpy() for name, array in recommender.arrays().items()}
            (aside / "weights.safetensors").write_bytes(save(weights))
        if listed is not None:
            arrays = {"counts": listed.counts.numpy(), "users": np.array([listed.users])}
            (aside / LISTED).write_bytes(save(arrays))
        if split is not None:
            write_tables(split, aside / "split")
    logger.info("saved %s (%s) to %s", recommender.name, recommender.fingerprint, folder)


def load_model(folder: FilePath, catalogue: Catalogue | None = None, factory: str | None = None) -> Recommender:
    """Read the model of a folder; nothing in it is executed. `load_model_split` reads the data beside it.

    The model is of one saving: the folder is read again if it was replaced meanwhile.

    Args:
        folder: what `save_model` wrote.
        catalogue: the catalogue the model must be of, if it matters; titles are taken from it.
        factory: "package.module:function", which returns the wrapped model, for a folder that does not hold the model itself.

    Raises:
        ModelFolderError: not a model folder, damaged, of another format, or of another catalogue; a factory that is missing, is
            not needed, or builds another model.
    """
    need(catalogue, Catalogue | None, "catalogue", "a catalogue, or None")
    need(factory, str | None, "factory", "the name of a function as text, package.module:function")
    with computing(gradients=True):  # arrays that something may be learned from, whatever mode the caller is in
        return read_whole(folder, lambda: _load(path_of(folder), catalogue, factory))


def _load(folder: Path, catalogue: Catalogue | None, factory: str | None) -> Recommender:
    about = read_description(folder)
    items = _load_items(folder)
    _check_catalogue(folder, about, "items.parquet", items)
    if catalogue is not None and catalogue.fingerprint != items.fingerprint:
        raise ModelFolderError(
            f"{folder} is a model of another catalogue: {len(items):,} items ({items.fingerprint}), given {len(catalogue):,} "
            f"items ({catalogue.fingerprint}). Use the data the model was trained on, or fit one on this data."
        )
    listed = _load_listed(folder / LISTED, len(items))
    build = _built if about["recommender"] == FACTORY else _read
    recommender = build(folder, about, items if catalogue is None else catalogue, factory)
    recommender.training = about["training"]
    recommender.findings.restore(measures_of(about["probe"]), listed)
    logger.info("loaded %s (%s) of %s", recommender.name, recommender.fingerprint, folder)
    return recommender


def load_model_split(folder: FilePath) -> Split | None:
    """Read the data that a model folder holds; None where it was saved without.

    Raises:
        ModelFolderError: not a model folder, damaged, or the data is of another catalogue than the model.
        DataNotFoundError, DataError: a file of the data is missing or damaged.
    """
    return read_whole(folder, lambda: _load_split(path_of(folder)))


def _load_split(folder: Path) -> Split | None:
    about = read_description(folder)
    if problem(folder / "split") == MISSING:
        return None
    try:
        split = read_split(folder / "split")
    except (OSError, ValueError, KeyError) as error:
        if isinstance(error, ToppleError):
            raise
        raise ModelFolderError(f"{folder} is damaged ({error}). Fit the model again.") from error
    _check_catalogue(folder, about, "split", split.catalogue)
    return split


def _check_catalogue(folder: Path, about: JsonObject, what: str, found: Catalogue) -> None:
    """Refuse a part of a folder that is of another catalogue than model.json says."""
    expected = about["catalogue"]["fingerprint"]
    if found.fingerprint != expected:
        raise ModelFolderError(
            f"{folder}: {what} is of catalogue {found.fingerprint}, model.json of {expected}. Fit again."
        )


def _read(folder: Path, about: JsonObject, catalogue: Catalogue, factory: str | None) -> Recommender:
    """Return the model that a folder holds."""
    if factory is not None:
        raise ModelFolderError(f"{folder} holds the model itself; factory={factory!r} is not needed. Leave it out.")
    try:
        weights = read_safetensors(folder / "weights.safetensors")
    except (OSError, ValueError) as error:
        raise ModelFolderError(f"{folder} is damaged ({error}). Fit the model again.") from error
    try:
        model_class = _model_class(about["recommender"])
        settings = model_class.settings_type.parse(about["settings"])
    except (UnknownNameError, SettingsError) as error:
        raise ModelFolderError(f"{folder} is of another version of topple: {error} Fit the model again.") from error
    recommender = model_class.from_arrays(weights, catalogue, settings)
    if recommender.fingerprint != about["fingerprint"]:
        raise ModelFolderError(
            f"{folder}: weights.safetensors is not what model.json describes (fingerprint {recommender.fingerprint}, expected "
            f"{about['fingerprint']}). Fit the model again."
        )
    return recommender


def _built(folder: Path, about: JsonObject, catalogue: Catalogue, factory: str | None) -> Recommender:
    """Return the model that the user's function builds, which must be the one that was saved."""
    if factory is None:
        raise ModelFolderError(
            f"{folder} describes {about['name']}, a model that only your code can build. Name the function that returns it: "
            "load_model(folder, factory='package.module:function'), on the command line --factory package.module:function."
        )
    recommender = made_by(factory)
    if recommender.catalogue.fingerprint != catalogue.fingerprint or not same_model(recommender, about["fingerprint"]):
        raise ModelFolderError(
            f"factory={factory!r} built {recommender.name} over {len(recommender.catalogue):,} items ({recommender.fingerprint}), "
            f"and {folder} describes {about['name']} over {len(catalogue):,} ({about['fingerprint']}). Build the model that was saved."
        )
    return recommender


def _imported(target: str) -> Any:
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)


def _model_class(name: str) -> type[Recommender]:
    found: type[Recommender] = _imported(WRAPPED[name]) if name in WRAPPED else registry.load("recommenders", name)
    return found


def load_arrays(path: FilePath) -> dict[str, Any]:
    """Read named arrays from an .npz file, without pickle.

    Raises:
        ModelFolderError: not such a file, or one that needs pickle.
    """
    wrong = problem(path)
    if wrong:
        raise ModelFolderError(f"{path} {wrong}. Give the .npz file of the trained arrays.")
    try:
        return read_npz(path)
    except (OSError, ValueError) as error:
        raise ModelFolderError(
            f"{path} is not an .npz file of plain arrays ({error}). Save it with numpy.savez."
        ) from error


def _load_listed(path: Path, items: int) -> Listed | None:
    """Return how many training users have each item in their list, where that was counted."""
    if problem(path) == MISSING:
        return None
    try:
        arrays = read_safetensors(path)
        counts, users = arrays["counts"], arrays["users"]
    except (OSError, ValueError, KeyError) as error:
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


def _load_items(folder: Path) -> Catalogue:
    """Return the items of a folder, with their titles."""
    try:
        return _read_items(folder / "items.parquet")
    except (ToppleError, OSError, ValueError, KeyError) as error:
        raise ModelFolderError(f"{folder} is damaged ({error}). Fit the model again.") from error


def _read_items(path: Path) -> Catalogue:
    wrong = problem(path)
    if wrong:
        raise ValueError(f"{path.name} {wrong}")
    table = read_parquet(path)
    titles = tuple(table["title"].to_pylist()) if "title" in table.column_names else None
    return Catalogue(Vocabulary(table["item"], "item"), titles)
