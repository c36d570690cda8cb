"""Aliases of ids and arrays, and the legend of shape letters.

Shapes, everywhere in the library:

| letter | meaning                              |
|--------|--------------------------------------|
| `B`    | histories                            |
| `S`    | variations of each history           |
| `H`    | padded history length                |
| `N`    | queries                              |
| `U`    | users                                |
| `I`    | items of the catalogue               |
| `C`    | candidate items, a chosen subset     |
| `K`    | length of the recommended list       |
| `D`    | dimensions of a hidden layer         |
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

IntArray: TypeAlias = NDArray[np.int64]
FloatArray: TypeAlias = NDArray[np.float64]
BoolArray: TypeAlias = NDArray[np.bool_]
CsrMatrix: TypeAlias = "csr_matrix[Any]"
"""Sparse rows of users or histories; the values are float32, or int64 where they are numbers (`topple.data.interactions.numbered`)."""

Id: TypeAlias = str | int
"""An outside id, as the user of the library knows it: a string or an integer, never an index."""

UserId: TypeAlias = Id
ItemId: TypeAlias = Id
UserHistories: TypeAlias = Mapping[UserId, Sequence[ItemId]]
FilePath: TypeAlias = str | Path
"""A path as a caller may give it."""

JsonObject: TypeAlias = dict[str, Any]

_Value = TypeVar("_Value")


def plain(value: _Value) -> _Value:
    """Return an id or a number of numpy as the Python value; any other value as it is."""
    return value.item() if isinstance(value, np.generic) else value
