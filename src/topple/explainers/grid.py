"""Queries of the same histories, side by side."""

from dataclasses import dataclass

import torch
from torch import Tensor

from topple.recommenders.encoding import EncodedQueries
from topple.recommenders.what_if import HistoryBatch


@dataclass(frozen=True, eq=False)
class Grid:
    """Queries laid out as B histories x T slots, so that one variation of a history serves all its targets.

    A slot without a query repeats target 0 and is never read.

    Args:
        histories: the B histories.
        row: the history of each query [N].
        slot: the slot of each query [N].
        target: the target items [B, T].
        k: the list lengths [B, T].
        key: the keys of the draws [B, T].
        removable: places that may be removed, bool [B, T, H].
        asked: slots that hold a query, bool [B, T].
    """

    histories: HistoryBatch
    row: Tensor
    slot: Tensor
    target: Tensor
    k: Tensor
    key: Tensor
    removable: Tensor
    asked: Tensor

    @classmethod
    def of(cls, queries: EncodedQueries, mine: Tensor) -> "Grid":
        """Lay out the chosen queries; their histories are cut to the longest of them."""
        which, row = torch.unique(queries.row[mine], return_inverse=True)
        histories = queries.histories.rows(which)
        same = torch.nn.functional.one_hot(row).cumsum(0)
        slot = same.gather(1, row[:, None])[:, 0] - 1
        shape = (len(histories), int(slot.max()) + 1)

        def lay(values: Tensor, fill: int) -> Tensor:
            out = torch.full((*shape, *values.shape[1:]), fill, dtype=values.dtype, device=values.device)
            out[row, slot] = values
            return out

        removable = lay(queries.removable[mine][:, : histories.items.shape[1]], 0)
        return cls(
            histories,
            row,
            slot,
            lay(queries.target[mine], 0),
            lay(queries.k[mine], 1),
            lay(queries.key[mine], 0),
            removable,
            lay(torch.ones_like(mine, dtype=torch.bool), 0),
        )
