"""What was scored before, so that no set is scored twice."""

from typing import Generic, TypeVar

import torch
from torch import Tensor

REMEMBERED = 100_000
"""Sets that are held; when there are more, all are forgotten. What a run is charged depends on it, so memory does not."""
UNITS = 8
"""Units of a word: a byte each."""

_Part = TypeVar("_Part")


class Memo:
    """Margins of sets by their history and their units.

    Sets are held as words of eight units, looked up by a key of 64 bits and compared word by word, so that two sets with one
    key are never mixed up.

    Args:
        units: H.
        targets: T.
        kin: a tensor of the margins' precision, on the device where the sets are.
    """

    def __init__(self, units: int, targets: int, kin: Tensor) -> None:
        random = torch.Generator().manual_seed(0)
        words = -(-units // UNITS)
        self._factors = torch.randint(-(2**63), 2**63 - 1, (words + 2,), generator=random).to(kin.device) | 1
        self._spare = words * UNITS - units
        self._rows = torch.zeros(0, dtype=torch.int64, device=kin.device)
        self._sets = torch.zeros(0, words, dtype=torch.int64, device=kin.device)
        self._margins = kin.new_zeros(0, targets)
        self._at: dict[int, int] = {}
        self._count = 0

    def look_up(self, row: Tensor, units: Tensor) -> tuple[Tensor, Tensor]:
        """Find pairs of a history [M] and a set, bool [M, H], and make room for those that are not held.

        Returns:
            where each pair is held [M], and which of the M, each once, are to be `keep`-ed before they are read.
        """
        if self._count + len(row) > REMEMBERED:
            self._at, self._count = {}, 0
        padded = torch.nn.functional.pad(units, (0, self._spare)).flatten().clone()  # a part of a table begins anywhere
        words = padded.view(torch.int64).view(len(units), self._sets.shape[1])
        keys = self._keys(row, words).tolist()
        held = [self._at.setdefault(key, self._count + turn) for turn, key in enumerate(keys)]
        at = torch.tensor(held, dtype=torch.int64, device=row.device)
        new = at == self._count + torch.arange(len(row), device=row.device)
        self._room(self._count + len(row))
        self._rows[at[new]], self._sets[at[new]] = row[new], words[new]
        mixed = (self._rows[at] != row) | (self._sets[at] != words).any(1)  # another set with the same key
        at[mixed] = self._count + mixed.nonzero()[:, 0]
        self._count += len(row)
        return at, (new | mixed).nonzero()[:, 0]

    def keep(self, at: Tensor, margins: Tensor) -> None:
        """Hold margins [M, T] where `look_up` made room for them [M]."""
        self._margins[at] = margins

    def read(self, at: Tensor) -> Tensor:
        """Return the margins that are held there [M, T]."""
        return self._margins[at]

    def _keys(self, row: Tensor, words: Tensor) -> Tensor:
        """Mix the high bits of each word into its low ones, or units at the ends of words would share few keys."""
        mixed = words * self._factors[-2]
        mixed ^= mixed >> 32
        return (mixed * self._factors[:-2]).sum(-1) ^ (row * self._factors[-1])

    def _room(self, needed: int) -> None:
        if needed <= len(self._rows):
            return
        more = max(needed, 2 * len(self._rows)) - len(self._rows)
        for name in ("_rows", "_sets", "_margins"):
            held = getattr(self, name)
            setattr(self, name, torch.cat([held, held.new_zeros(more, *held.shape[1:])]))


class Memos(Generic[_Part]):
    """A memo for each part of the margins, made when it is first asked for; the arguments are those of `Memo`."""

    def __init__(self, units: int, targets: int, kin: Tensor) -> None:
        self._size, self._memos = (units, targets, kin), dict[_Part, Memo]()

    def __getitem__(self, part: _Part) -> Memo:
        if part not in self._memos:
            self._memos[part] = Memo(*self._size)
        return self._memos[part]
