"""What a model or a method has learned, read back by name: arrays that do not fit are refused by one rule, in one wording."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from topple.data.vocabulary import Catalogue
from topple.errors import ModelFolderError
from topple.types import IntArray


def read_arrays(
    arrays: Mapping[str, Any], shapes: Mapping[str, tuple[int | None, ...]], owner: str, catalogue: Catalogue
) -> dict[str, Tensor]:
    """Return copies of the arrays in float32, in the order of `shapes`.

    Args:
        arrays: what a model folder or another program holds; more than is needed is left alone.
        shapes: the shape of every array by its name; None for any size but 0.
        owner: the name of the recommender.
        catalogue: the items that the shapes are for.

    Raises:
        ModelFolderError: an array is missing, does not fit, or is not made of real, finite numbers.
    """
    found = {}
    for name, array in fitting_arrays(arrays, shapes, owner, catalogue).items():
        found[name] = torch.tensor(array, dtype=torch.float32)
        require_finite(name, found[name])
    return found


def fitting_arrays(
    arrays: Mapping[str, Any], shapes: Mapping[str, tuple[int | None, ...]], owner: str, catalogue: Catalogue
) -> dict[str, NDArray[Any]]:
    """Return the arrays as they are, all as `read_arrays` wants them but perhaps not finite."""
    require_arrays(arrays, shapes, owner)
    found = {name: np.asarray(arrays[name]) for name in shapes}
    for name, shape in shapes.items():
        array = found[name]
        if array.dtype.kind not in "fiu" or not _fits(array.shape, shape):
            raise ModelFolderError(
                f"array {name!r} is {array.dtype} of shape {array.shape}, expected real numbers of shape {_worded(shape)} for "
                f"{owner} with {len(catalogue):,} items and its settings: it is of another catalogue, of other settings, or "
                "damaged. Use the data and the settings it was fitted with."
            )
    return found


def sparse_arrays(
    arrays: Mapping[str, Any], names: tuple[str, str, str], owner: str, catalogue: Catalogue
) -> tuple[IntArray, IntArray, NDArray[Any]]:
    """Return the three arrays of a sparse matrix [I, I] by rows: row ends, columns, and values as they are.

    Raises:
        ModelFolderError: one is missing, they are no such matrix (rows in order, each column of a row once), or not finite.
    """
    require_arrays(arrays, names, owner)
    indptr, indices, values = (np.asarray(arrays[name]) for name in names)
    items = len(catalogue)
    whole = all(array.dtype.kind in "iu" and array.ndim == 1 for array in (indptr, indices))
    fits = whole and len(indptr) == items + 1 and indptr[0] == 0 and indptr[-1] == len(indices) == values.size
    if fits and (np.diff(indptr.astype(np.int64)) >= 0).all():
        rises = indices[1:] > indices[:-1]
        first = indptr[(indptr > 0) & (indptr < len(indices))].astype(np.int64)
        rises[first - 1] = True  # where the next row begins, columns begin anew
        fits = bool(((indices >= 0) & (indices < items)).all() and rises.all())
    else:
        fits = False
    if not fits or values.dtype.kind not in "fiu" or values.ndim != 1:
        raise ModelFolderError(
            f"arrays {', '.join(names)} of shapes {indptr.shape}, {indices.shape} and {values.shape} are not the sparse rows of "
            f"a catalogue of {items:,} items, columns in order. Use the data they were fitted on."
        )
    require_finite(names[2], torch.from_numpy(np.array(values)))
    return indptr.astype(np.int64), indices.astype(np.int64), values


def require_arrays(arrays: Mapping[str, Any], names: Collection[str], owner: str) -> None:
    """Refuse to go on without the arrays named.

    Raises:
        ModelFolderError: one is missing.
    """
    missing = [name for name in names if name not in arrays]
    if missing:
        raise ModelFolderError(
            f"array {missing[0]!r} is missing (found: {', '.join(arrays) or 'none'}); {owner} needs {', '.join(names)}. Fit anew."
        )


def require_finite(name: str, array: Tensor) -> None:
    """Refuse an array with numbers that are none.

    Raises:
        ModelFolderError: an entry is NaN or infinite.
    """
    if not torch.isfinite(array).all():
        raise ModelFolderError(
            f"array {name!r} holds NaN or infinite values: the training diverged. Fit anew, with more regularisation or a lower "
            "learning rate."
        )


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(
        size > 0 if expected is None else size == expected for size, expected in zip(shape, wanted, strict=True)
    )


def _worded(shape: tuple[int | None, ...]) -> str:
    return str(shape).replace("None", "any")
