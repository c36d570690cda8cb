"""Does a data set's file keep the contract: papers in order, and a split that hangs together?"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from topple.data.interactions import Interactions
from topple.data.preparation import Preparation
from topple.data.sources.base import Source
from topple.data.splitting import HeldOut, Split
from topple.errors import DataError, DataNotFoundError
from topple.testing.rules import require
from topple.types import CsrMatrix, FilePath


def check_dataset(source: type[Source] | Source, data_dir: FilePath | None = None, **options: Any) -> None:
    """Check a data set's papers, and the content where that needs no download.

    Args:
        source: the data set.
        data_dir: the folder with the files. Without one the content is read only if the data set has no files.
        options: settings of the preparation, for a folder that holds a small part of the data.

    Raises:
        ContractError: the first rule that is broken, with the value that breaks it.

    Example:
        >>> from topple.data.sources.generated import Generated
        >>> check_dataset(Generated, held_out_users=20)
    """
    dataset = source() if isinstance(source, type) else source
    for attribute in ("name", "title", "homepage", "licence", "citation"):
        value = getattr(dataset, attribute, None)
        require(isinstance(value, str) and value, attribute, repr(value), f"{attribute} is declared, as text.")
    Preparation.parse(dataset.preparation)
    if dataset.files:
        _check_missing(dataset)
    if data_dir is not None or not dataset.files:
        split = dataset.split(data_dir, options or None)
        _check_split(dataset.name, split)
        again = dataset.split(data_dir, options or None)
        same = split.describe() == again.describe() and _equal(split.train, again.train)
        require(same, f"{dataset.name}: split twice", "they differ", "the same folder and seed give the same split.")
        _check_interactions(dataset, data_dir)


def _check_missing(source: Source) -> None:
    rule = "a folder without the files is refused with DataNotFoundError, which names the first of them."
    wanted = source.files[0].split("|")[0]
    with tempfile.TemporaryDirectory() as empty:
        try:
            source.folder(Path(empty))
        except DataNotFoundError as error:
            require(wanted in str(error), f"{source.name}: message for an empty folder", str(error), rule)
            return
    require(False, f"{source.name}: an empty folder", "accepted", rule)


def _check_interactions(source: Source, data_dir: FilePath | None) -> None:
    """Check the table of all interactions, where the data set has one (one that comes split refuses it)."""
    try:
        found = source.load(data_dir)
    except DataError:
        return
    name = f"{source.name}: interactions"
    require(isinstance(found, Interactions) and len(found), name, type(found).__name__, "load returns interactions.")
    for what, index, count in (
        ("user", found.user_index, len(found.users)),
        ("item", found.item_index, len(found.catalogue)),
    ):
        good = len(index) == len(found) and int(index.min()) >= 0 and int(index.max()) < count
        require(good, f"{name}, {what} index", f"{index.min()} to {index.max()}", f"below the {count} {what}s.")
    rated = found.ratings is None or (len(found.ratings) == len(found) and bool(np.isfinite(found.ratings).all()))
    require(rated, f"{name}, ratings", "missing or not numbers", "one number a row, or no ratings at all.")


def _check_split(name: str, split: Split) -> None:
    items = len(split.catalogue)
    _check_matrix(f"{name}: train", split.train, (len(split.train_users), items))
    for part, held in (("validation", split.validation), ("test", split.test)):
        _check_held_out(f"{name}: {part}", held, items)
    popularity = np.bincount(split.train.indices, minlength=items)
    unseen = split.catalogue.vocabulary.decode(np.flatnonzero(popularity == 0)[:3])
    require(not unseen, f"{name}: catalogue", f"{unseen} without a training user", "it is that of the training users.")
    parts = [set(users.ids) for users in (split.train_users, split.validation.users, split.test.users)]
    shared = (parts[0] & parts[1]) | (parts[0] & parts[2]) | (parts[1] & parts[2])
    require(not shared, f"{name}: users in two parts", sorted(map(repr, shared))[:3], "a user is in one part only.")
    users = split.test.users.decode(split.test.with_history()[:5])
    for user, history in split.histories(users).items():
        row = split.test.fold_in[int(split.test.users.encode([user])[0])]
        back = split.catalogue.vocabulary.encode(history)
        rule = "histories are given in outside ids and come back as the fold-in."
        require(sorted(back.tolist()) == sorted(row.indices.tolist()), f"{name}: history of {user!r}", history, rule)


def _check_held_out(name: str, held: HeldOut, items: int) -> None:
    shape = (len(held.users), items)
    _check_matrix(f"{name} fold-in", held.fold_in, shape)
    _check_matrix(f"{name} held out", held.held_out, shape)
    both = int(held.fold_in.multiply(held.held_out).nnz)
    require(not both, f"{name}: pairs in fold-in and held out", both, "what must be predicted is not given.")
    askable = len(held.with_history())
    require(askable, f"{name}: users with a history", askable, "held-out users have one, at least one user.")


def _check_matrix(name: str, matrix: CsrMatrix, shape: tuple[int, int]) -> None:
    require(matrix.shape == shape, f"{name}: shape", matrix.shape, f"users x items, {shape}.")
    require(bool((matrix.data == 1).all()), f"{name}: values", "not all 1", "interactions are binary.")
    canonical = bool(matrix.has_canonical_format)
    require(canonical, f"{name}: entries", "unsorted or repeated", "sorted, and each pair once.")


def _equal(one: CsrMatrix, other: CsrMatrix) -> bool:
    return np.array_equal(one.indptr, other.indptr) and np.array_equal(one.indices, other.indices)
