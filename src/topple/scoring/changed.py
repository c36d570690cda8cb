"""Scores of changed histories for the whole catalogue, held for a while: what a search has scored, the judge need not score again."""

from collections import deque

import numpy as np
import torch
from torch import Tensor

from topple.scoring.memory import CHUNK, rows_at_once

Name = bytes
"""A history and the positions of it that are kept; a name that is no tuple is no work for the garbage collector."""

MOST = 2 * CHUNK
"""Numbers that are held at most: the rows that the judge asks for about as many queries as are answered together."""


class ChangedRows:
    """The rows that were scored last, a row a changed history, as far as memory for them goes."""

    def __init__(self) -> None:
        self._rows: dict[Name, tuple[Tensor, int]] = {}
        self._tables: deque[tuple[Tensor, list[Name]]] = deque()
        self._held = 0

    def hold(self, history: Tensor, keep: Tensor, scores: Tensor) -> None:
        """Hold rows for as long as memory lasts; the oldest go first.

        Args:
            history: which history each row changes [M].
            keep: what is kept of it, 0 or 1 [M, H].
            scores: the rows, minus infinity for what does not compete, not to be changed any more [M, I].
        """
        names = _names(history, keep)
        self._rows.update({name: (scores, number) for number, name in enumerate(names)})
        self._tables.append((scores, names))
        self._held += scores.numel()
        while self._tables and self._held > rows_at_once(1, MOST):
            oldest, gone = self._tables.popleft()
            self._held -= oldest.numel()
            for name in gone:
                if name in self._rows and self._rows[name][0] is oldest:
                    del self._rows[name]

    def clear(self) -> None:
        """Forget all rows."""
        self._rows.clear()
        self._tables.clear()
        self._held = 0

    def find(self, history: Tensor, keep: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Look variations [M, H] up.

        Returns:
            Which are held, by number [Q], their rows [Q, I], and which are not, each once [V].
        """
        names = _names(history, keep)
        held = [(number, *self._rows[name]) for number, name in enumerate(names) if name in self._rows]
        first: dict[Name, int] = {}
        for number, name in enumerate(names):
            if name not in self._rows:
                first.setdefault(name, number)
        numbers, new = (
            torch.tensor(chosen, dtype=torch.int64, device=history.device)
            for chosen in ([number for number, _, _ in held], list(first.values()))
        )
        rows = torch.stack([scores[at] for _, scores, at in held]) if held else keep.new_zeros(0, 0)
        return numbers, rows, new


def _names(history: Tensor, keep: Tensor) -> list[Name]:
    """Return the names of variations [M, H], the same however far they are padded."""
    packed = np.packbits(keep.cpu().numpy() != 0, axis=-1)
    begins = np.ascontiguousarray(history.cpu().numpy(), dtype=np.int64)[:, None].view(np.uint8)
    width, names = begins.shape[1] + packed.shape[1], np.hstack([begins, packed]).tobytes()
    return [names[at : at + width].rstrip(b"\0") for at in range(0, len(names), width)]
