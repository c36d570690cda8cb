"""Queries of the same histories, side by side."""

from dataclasses import dataclass

import torch
from torch import Tensor

from topple.recommenders.encoding import EncodedQueries
from topple.recommenders.what_if import HistoryBatch, Packing


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
        packing = Packing.of(queries.row[mine])
        histories = queries.histories.rows(packing.which)
        places = histories.items.shape[1]
        return cls(
            histories,
            packing.row,
            packing.slot,
            packing.lay(queries.target[mine]),
            packing.lay(queries.k[mine]).clamp(min=1),
            packing.lay(queries.key[mine]),
            packing.lay(queries.removable[mine][:, :places]),
            packing.lay(torch.ones_like(mine, dtype=torch.bool)),
        )
