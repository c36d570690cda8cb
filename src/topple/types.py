"""Aliases of ids and arrays, and the legend of shape letters.

Shapes, everywhere in the library; a letter that is not in this table is in no shape:

| letter | meaning                                                                                  |
|--------|------------------------------------------------------------------------------------------|
| `A`    | further sets, of all queries of a call together                                          |
| `B`    | histories                                                                                |
| `C`    | candidate items, a chosen subset; competitors                                            |
| `D`    | dimensions of a hidden layer or of an item's vector                                      |
| `F`    | filters: the items that may be listed, each different choice once                         |
| `H`    | padded history length                                                                    |
| `I`    | items of the catalogue                                                                   |
| `K`    | length of the recommended list                                                           |
| `L`    | starts of a learned removal, each with a strength                                        |
| `M`    | entries of a list that mixes histories or queries; the text says of what                 |
| `N`    | queries; in a proof and in systems of equations, the rows that are worked on together    |
| `P`    | pairs, of a query and a competitor or of two units; positions, with those of additions   |
| `Q`    | chosen queries                                                                           |
| `R`    | chosen histories, repeats allowed; as `R + 1`, removals of 0 to R items                  |
| `S`    | variations of each history                                                               |
| `T`    | targets of each history                                                                  |
| `U`    | users                                                                                    |
| `V`    | sets that are tried for one query                                                        |
| `W`    | units, or positions of sequences, that are looked at                                     |
| `X`    | units of a set                                                                           |
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

IntArray: TypeAlias = NDArray[np.int64]
FloatArray: TypeAlias = NDArray[np.float64]
SingleArray: TypeAlias = NDArray[np.float32]
TimeArray: TypeAlias = NDArray[np.int64] | NDArray[np.float64]
"""Times of events: whole numbers stay whole, as above 2 ** 53 float64 would lose the order."""
BoolArray: TypeAlias = NDArray[np.bool_]
CsrMatrix: TypeAlias = "csr_matrix[Any]"
"""Sparse rows of users or histories; the values are ones, float32; weights, float64; or numbers, int64
(`topple.data.interactions.numbered`)."""

Id: TypeAlias = str | int
"""An outside id, as the user of the library knows it: a string or an integer, never an index."""

UserId: TypeAlias = Id
ItemId: TypeAlias = Id
UserHistories: TypeAlias = Mapping[UserId, Sequence[ItemId]]
FilePath: TypeAlias = str | Path
"""A path as a caller may give it."""

JsonObject: TypeAlias = dict[str, Any]

_Value = TypeVar("_Value")


def plain_ids(values: Iterable[_Value]) -> tuple[_Value, ...]:
    """Return ids as a tuple, each as `plain` does; where all are values of Python, they are not looked at one by one."""
    given = tuple(values)
    return given if {*map(type, given)} <= {int, str} else tuple(map(plain, given))


def ids_meant(text: str) -> list[Id]:
    """Return the ids that a person may mean by a text: a number where it is written as one, and the text as it is.

    Example:
        >>> ids_meant("42"), ids_meant("042"), ids_meant("-7")
        ([42, '42'], ['042'], [-7, '-7'])
    """
    return [int(text), text] if re.fullmatch(r"0|-?[1-9][0-9]{0,18}", text) else [text]


def is_storable(value: object) -> bool:
    """Return whether a file can hold an id: a text of whole characters, or a whole number of at most 64 bits.

    Example:
        >>> is_storable("42"), is_storable(2**64), is_storable(True)
        (True, False, False)
    """
    if isinstance(value, str):
        return not any("\ud800" <= letter <= "\udfff" for letter in value)
    found = plain(value)
    return isinstance(found, int) and not isinstance(found, bool) and -(2**63) <= found < 2**63


def plain(value: _Value) -> _Value:
    """Return an id or a number of numpy, torch or Arrow as the Python value; any other value as it is."""
    if isinstance(value, str | int | float):
        return value.item() if isinstance(value, np.generic) else value
    if isinstance(value, np.generic) or (hasattr(value, "item") and getattr(value, "ndim", None) == 0):
        return value.item()  # type: ignore[no-any-return]
    return value.as_py() if hasattr(value, "as_py") else value
