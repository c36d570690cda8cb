"""Values as small whole numbers, so that a million rows of texts are a few arrays."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from topple.types import IntArray

NONE = -1
"""The number of a value that is missing."""
OTHERS = "others"
"""What values are called that are one too many to be told apart."""


class Coder:
    """Numbers the different values of a column as they come, over all parts of a file.

    Args:
        named: what a value is called; values with one name have one number.
        most: names that are told apart; every further one is called `OTHERS`.
    """

    def __init__(self, named: Callable[[str], str] | None = None, most: int | None = None) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}
        self._named, self._most = named, most

    def __len__(self) -> int:
        return len(self.names)

    def codes(self, column: pa.Array) -> IntArray:
        """Return the number of each value, `NONE` for null; values are told apart as texts."""
        encoded = column.dictionary_encode()
        known = [self._number(text) for text in pc.cast(encoded.dictionary, pa.string()).to_pylist()]
        numbers = np.array([*known, NONE], dtype=np.int64)
        found: IntArray = numbers[pc.fill_null(encoded.indices, len(known)).to_numpy(zero_copy_only=False)]
        return found

    def code(self, name: str) -> int:
        """Return the number of a name; one that no value has where it is not known."""
        return self._numbers.get(name, NONE - 1)

    def _number(self, text: str | None) -> int:
        if text is None:  # a null of a column of dictionaries
            return NONE
        name = text if self._named is None else self._named(text)
        if self._most is not None and len(self.names) >= self._most and name not in self._numbers:
            name = OTHERS
        if name not in self._numbers:
            self._numbers[name] = len(self.names)
            self.names.append(name)
        return self._numbers[name]


class Counter:
    """Counts numbered values that come in parts."""

    def __init__(self) -> None:
        self._counts = np.zeros(0, dtype=np.int64)

    def add(self, codes: IntArray) -> None:
        """Count values by their numbers."""
        found = np.bincount(codes[codes >= 0], minlength=len(self._counts))
        found[: len(self._counts)] += self._counts
        self._counts = found

    def of(self, size: int) -> IntArray:
        """Return the counts of the first `size` numbers."""
        counts = np.zeros(size, dtype=np.int64)
        counts[: len(self._counts)] = self._counts
        return counts
