"""Blocks of causal self-attention over sequences of items, and the last state of an edited history."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from topple.scoring.memory import CACHED, rows_at_once

NOTHING = 1e-30
"""The share of an item that is not there: too little to count, and the logarithm has a gradient."""

Drop: TypeAlias = Callable[[Tensor], Tensor]
"""Dropout."""


def keep_all(x: Tensor) -> Tensor:
    """Drop nothing."""
    return x


def block_shapes(blocks: int, width: int) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the parameters of each block: weights [in, out] and norms [scale, shift]; then the last norm."""
    found: dict[str, tuple[int, ...]] = {}
    for block in range(blocks):
        found |= {f"{block}.{part}": (width, width) for part in ("query", "key", "value", "first", "second")}
        found |= {f"{block}.{part}": (2, width) for part in ("norm_attention", "norm_feed_forward", "biases")}
    return found | {"norm": (2, width)}


@dataclass(frozen=True, eq=False)
class Blocks:
    """The blocks of a model, with the vectors of positions counted from the end of a sequence.

    Args:
        p: the parameters, by the names of `block_shapes`, and `positions` [L, D].
        count: how many blocks.
    """

    p: Mapping[str, Tensor]
    count: int

    @property
    def most(self) -> int:
        """Only the last so many items of a history count."""
        return len(self.p["positions"])

    def states(self, x: Tensor, inside: Tensor, read: Tensor | None, drop: Drop) -> Tensor:
        """Carry sequences through the blocks.

        Args:
            x: vectors of items and positions [N, H, D].
            inside: how far later positions attend to each position, in [0, 1], [N, H].
            read: the one position of each sequence whose state is wanted [N]; None for all.
            drop: dropout.

        Returns:
            states [N, 1 or H, D].
        """
        position, known = torch.arange(x.shape[1], device=x.device), torch.log(inside + NOTHING)[:, None]  # [N, 1, H]
        later = x.new_full((len(position), len(position)), -torch.inf).triu(1)
        share = torch.addcmul(
            later, known, (position != position[:, None]).to(x.dtype)
        )  # a position always sees itself
        for block in range(self.count):
            asking = x
            if read is not None and block == self.count - 1:
                wanted = read[:, None, None]
                asking = x.gather(1, wanted.expand(-1, 1, x.shape[2]))
                share = known.masked_fill(position == wanted, 0).masked_fill(position > wanted, -torch.inf)
            asking = _norm(asking, self.p[f"{block}.norm_attention"])
            keys = (x @ self.p[f"{block}.key"]).transpose(1, 2)
            match = torch.baddbmm(share, asking @ self.p[f"{block}.query"], keys, alpha=x.shape[2] ** -0.5)
            attention = drop(torch.softmax(match, -1)) @ (x @ self.p[f"{block}.value"])
            x = self._fed_forward(block, asking + attention, drop)
        return _norm(x, self.p["norm"])

    def last_states(self, vectors: Tensor, kept: Tensor) -> Tensor:
        """Return the last state [B, S, D] of variations [B, S, H] of histories with item vectors [B, H, D]."""
        variations, length = kept.shape[1:]
        if not kept.numel():
            return vectors.new_zeros(*kept.shape[:2], vectors.shape[2])
        history = torch.arange(len(vectors), device=vectors.device).repeat_interleave(variations)
        at_once = rows_at_once(length * vectors.shape[2], CACHED)
        parts = zip(torch.split(history, at_once), torch.split(kept.flatten(0, 1), at_once), strict=True)
        whole = not kept.requires_grad and bool(((kept == 0) | (kept == 1)).all())
        last = self._last_of_shortened if whole else self._last_of_shares
        found = [last(vectors, part, kept_part) for part, kept_part in parts]
        return torch.cat(found).reshape(*kept.shape[:2], vectors.shape[2])

    def _last_of_shortened(self, vectors: Tensor, history: Tensor, kept: Tensor) -> Tensor:
        """Return what `_last_of_shares` does where items are kept or removed whole: gaps are closed, nothing is masked."""
        inside = (kept > 0) & (kept.flip(1).cumsum(1).flip(1) <= self.most)
        lengths = inside.sum(1)
        position = torch.arange(max(1, int(lengths.max())), device=kept.device)
        read, listed = lengths.clamp(min=1) - 1, lengths.new_zeros(len(kept), len(position))
        listed[position < lengths[:, None]] = inside.nonzero()[:, 1]
        x = vectors[history[:, None], listed] + self.p["positions"][(read[:, None] - position).clamp(min=0)]
        for block in range(self.count):
            weights = torch.cat([self.p[f"{block}.key"], self.p[f"{block}.value"]], 1)
            keys, values = (x @ weights).chunk(2, 2)
            known = None
            if block == self.count - 1:
                x = x.gather(1, read[:, None, None].expand(-1, 1, x.shape[2]))
                known = (position <= read[:, None])[:, None, None]
            asking = _norm(x, self.p[f"{block}.norm_attention"])
            given = ((asking @ self.p[f"{block}.query"])[:, None], keys[:, None], values[:, None])
            attention = functional.scaled_dot_product_attention(*given, attn_mask=known, is_causal=known is None)
            x = self._fed_forward(block, asking + attention[:, 0], keep_all)
        return _norm(x, self.p["norm"])[:, 0] * (lengths > 0)[:, None]

    def _last_of_shares(self, vectors: Tensor, history: Tensor, kept: Tensor) -> Tensor:
        """Return the last state [N, D] of sequences of histories [N], of which shares are kept [N, H].

        An item has the position 1 + the sum of what is kept after it, vectors of neighbouring positions are mixed, later items
        attend to it by what is kept of it, and the states are mixed by which item is the last.
        """
        x, most = vectors[history], self.most
        after = kept.flip(1).cumsum(1).flip(1) - kept
        far = int((after >= most).all(0).sum())  # these are too old to count in any of the sequences
        x, kept, after = x[:, far:], kept[:, far:], after[:, far:]
        at = after.clamp(max=most - 1)
        low = at.detach().floor()
        share = (at - low)[..., None]
        positions = self.p["positions"]
        position = positions[low.long()]
        if share.requires_grad or share.any():
            position = position + share * (positions[(low.long() + 1).clamp(max=most - 1)] - position)
        inside = kept * (most - after).clamp(0, 1)
        last = inside * (1 - kept).flip(1).cumprod(1).roll(1, 1).index_fill(1, kept.new_zeros(1).long(), 1).flip(1)
        return (self.states(x + position, inside, None, keep_all) * last[..., None]).sum(1)

    def _fed_forward(self, block: int, x: Tensor, drop: Drop) -> Tensor:
        x = _norm(x, self.p[f"{block}.norm_feed_forward"])
        first, second = self.p[f"{block}.biases"]
        inner = drop(torch.relu(functional.linear(x, self.p[f"{block}.first"].T, first)))
        return x + drop(functional.linear(inner, self.p[f"{block}.second"].T, second))


def _norm(x: Tensor, scale_and_shift: Tensor) -> Tensor:
    return functional.layer_norm(x, x.shape[-1:], scale_and_shift[0], scale_and_shift[1])
