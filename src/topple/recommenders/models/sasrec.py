"""SASRec: self-attention over the history as a sequence; a removal closes the gap that it leaves."""

from collections.abc import Callable
from typing import ClassVar, NamedTuple, Self, TypeAlias

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from topple.data.interactions import numbered
from topple.data.splitting import Split
from topple.recommenders.families.learned import Learned, LearnedSettings, normal
from topple.recommenders.training.loop import train
from topple.scoring.products import factor_scores
from topple.scoring.recommender import Capability, OnBest, OnEpoch, Scorer
from topple.scoring.variations import HistoryBatch
from topple.settings import Settings
from topple.types import CsrMatrix

TOGETHER = 16
"""Users that are padded to one length in training."""
NUMBERS = 131_072
"""Numbers of states of a block that are worked on at a time, so that they stay in the cache."""
NOTHING = 1e-30
"""The share of an item that is not there: too little to count, and its logarithm has a gradient."""

Drop: TypeAlias = Callable[[Tensor], Tensor]


class SASRecSettings(LearnedSettings):
    """Settings of SASRec."""

    batch_size: int = Field(default=32, ge=1)
    """Users of a batch."""
    dimensions: int = Field(default=64, ge=1)
    """Numbers of an item's vector, and of every layer."""
    blocks: int = Field(default=2, ge=1)
    """Attention blocks, of one head each."""
    max_length: int = Field(default=200, ge=1)
    """Only the last so many items of a history count."""
    dropout: float = Field(default=0.2, ge=0, lt=1)
    held_out: float = Field(default=0.5, ge=0, lt=1)
    """Share of a sequence that is left out of it in each batch, anew, and predicted from its end; 0: as published, the next
    item is predicted from every place."""
    negatives: int = Field(default=2_000, ge=1)
    """Items that a batch is trained against, drawn uniformly; all where the catalogue has no more."""


class _Task(NamedTuple):
    """What is to be learned of some users.

    Args:
        inputs: their sequences, lined up at their ends [B, W].
        inside: which places hold an item [B, W].
        read: the one place of each whose state is wanted [B]; None for all.
        asked: which of the states must predict something [B, 1 or W].
        wanted: the item vector that each of these should meet, or the mean of several [places, D].
        targets: the items that these are vectors of.
    """

    inputs: Tensor
    inside: Tensor
    read: Tensor | None
    asked: Tensor
    wanted: Tensor
    targets: Tensor


class SASRec(Learned):
    """Item vectors plus position vectors, blocks of causal attention, and the last state times the items' vectors.

    The history's order is the sequence, oldest first. Positions are counted from the end, so removing an item moves the
    older ones up: with `keep` of 0 and 1 the scores are those of the shortened sequence. In between, an item has the
    position 1 + the sum of what is kept after it (vectors of neighbouring positions are mixed), later items attend to it
    by what is kept of it, and the states are mixed by which item is the last: so scores have a gradient in `keep`, with
    kinks where a position is a whole number. The base weights say only which places hold an item.
    Source: Kang, McAuley, "Self-attentive sequential recommendation", ICDM 2018. Differs from it in: softmax over the
    catalogue (or a sample of it) in the place of one sampled negative, and with `held_out` what is predicted: items of any
    time, as for the held-out users, where next items alone rank little better than popularity.
    Random: seed (weights, dropout, sampled items, order of the users).
    """

    name = "sasrec"
    empty_by_rule = True
    capabilities: ClassVar = frozenset({Capability.DIFFERENTIABLE, Capability.ORDER_AWARE, Capability.TRAINABLE})
    settings_type: ClassVar[type[SASRecSettings]] = SASRecSettings
    settings: SASRecSettings

    @classmethod
    def shapes(cls, items: int, settings: SASRecSettings) -> dict[str, tuple[int, ...]]:
        """Return the shapes: vectors of items and positions, then each block's weights [in, out] and norms [scale, shift]."""
        d = settings.dimensions
        found: dict[str, tuple[int, ...]] = {"items": (items, d), "positions": (settings.max_length, d)}
        for block in range(settings.blocks):
            found |= {f"{block}.{part}": (d, d) for part in ("query", "key", "value", "first", "second")}
            found |= {f"{block}.{part}": (2, d) for part in ("norm_attention", "norm_feed_forward", "biases")}
        return found | {"norm": (2, d)}

    @classmethod
    def fit(
        cls,
        split: Split,
        settings: Settings | None = None,
        on_epoch: OnEpoch | None = None,
        on_best: OnBest | None = None,
        device: torch.device | str = "cpu",
    ) -> Self:
        """Train on the training users' sequences; best validation NDCG@100 is kept.

        Items of equal times are shuffled anew for each batch, or the order of their ids would be learned; without timestamps
        that is all items of a user.
        """
        chosen = cls.settings_type.checked(settings, cls.name)
        random = torch.Generator().manual_seed(chosen.seed)
        parameters = {}
        for name, shape in cls.shapes(len(split.catalogue), chosen).items():
            parameters[name] = normal(random, shape, 0.02 if name in ("items", "positions") else shape[1] ** -0.5)
            if "norm" in name or "biases" in name:
                parameters[name] = torch.tensor([[0.0 if "biases" in name else 1.0], [0.0]]).repeat(1, shape[1])
        model = cls(split.catalogue, parameters, chosen).to(device)
        train(model, split, on_epoch, on_best, _ranked(split))
        return model

    def loss(self, batch: CsrMatrix, update: int, random: torch.Generator) -> Tensor:
        """Return the mean over users of the mean cross-entropy over the places that each is asked at.

        The batch holds the rank of each item's time in its user's sequence, from 1.
        """
        settings = self.settings
        drawn = torch.randperm(len(self.catalogue), generator=random)[: settings.negatives].to(self.device)
        drop = _as_it_is
        if settings.dropout:

            def drop(x: Tensor) -> Tensor:
                kept = torch.rand(x.shape, generator=random).to(x.device) >= settings.dropout
                return x * kept / (1 - settings.dropout)

        order = np.argsort(np.diff(batch.indptr), kind="stable")  # users of like length together
        parts = [order[start : start + TOGETHER] for start in range(0, len(order), TOGETHER)]
        return torch.cat([self._losses(batch[part], drawn, random, drop) for part in parts]).sum() / len(order)

    def _losses(self, batch: CsrMatrix, drawn: Tensor, random: torch.Generator, drop: Drop) -> Tensor:
        """Return each place's cross-entropy [places] over the number of places of its user."""
        p = self._parameters
        task = self._left_out(batch, random) if self.settings.held_out else self._next(batch, random)
        positions = p["positions"][: task.inputs.shape[1]].flip(0)
        x = p["items"][task.inputs.to(self.device)] * self.settings.dimensions**0.5 + positions
        states = self._states(p, drop(x), task.inside.float().to(self.device), task.read, drop)
        hidden = states[task.asked.to(self.device)]
        level = torch.logsumexp(hidden @ p["items"][torch.unique(torch.cat([drawn, task.targets]))].T, 1)
        places = task.asked.sum(1)[task.asked.nonzero()[:, 0]].to(self.device)
        return (level - (hidden * task.wanted).sum(1)) / places

    def _left_out(self, batch: CsrMatrix, random: torch.Generator) -> "_Task":
        """Leave items out of the sequences, and ask the last place of each for the mean of their vectors."""
        settings, table, users = self.settings, self._parameters["items"], int(batch.shape[0])
        rows, items = _in_order(batch, random)
        out = torch.rand(len(items), generator=random) < settings.held_out
        inputs, inside = _padded(rows[~out], items[~out], users, settings.max_length)
        share = torch.bincount(rows[out], minlength=users)
        asked = inside.any(1) & (share > 0)
        targets, user = items[out].to(self.device), rows[out].to(self.device)
        wanted = torch.zeros(users, settings.dimensions, device=self.device)
        wanted = wanted.index_add(0, user, table[targets] / share.to(self.device)[user, None])
        read = torch.full((users,), inside.shape[1] - 1, device=self.device)
        return _Task(inputs, inside, read, asked[:, None], wanted[asked.to(self.device)], targets)

    def _next(self, batch: CsrMatrix, random: torch.Generator) -> "_Task":
        """Ask every place of the sequences for the item that comes next."""
        rows, items = _in_order(batch, random)
        sequences, valid = _padded(rows, items, int(batch.shape[0]), self.settings.max_length + 1)
        inside = valid[:, :-1]
        targets = sequences[:, 1:][inside].to(self.device)
        return _Task(sequences[:, :-1], inside, None, inside, self._parameters["items"][targets], targets)

    def bind(self, histories: HistoryBatch, candidates: Tensor | None = None) -> Scorer:
        """Gather the vectors of the histories' items and of the candidates once."""
        dtype = histories.weights.dtype
        p = {name: array.to(dtype) for name, array in self._parameters.items() if name != "items"}
        table = self._parameters["items"]
        start = table[histories.items].to(dtype) * self.settings.dimensions**0.5  # [B, H, D]
        out = table.to(dtype).T if candidates is None else table[candidates].to(dtype).transpose(1, 2)

        def scorer(keep: Tensor, rows: Tensor | None = None) -> Tensor:
            some = slice(None) if rows is None else rows
            present = histories.present[some, None, : keep.shape[2]]
            last = self._last(p, start[some, : keep.shape[2]], (keep * present).to(dtype))
            return factor_scores(last, out, rows)

        return scorer

    def _last(self, p: dict[str, Tensor], start: Tensor, kept: Tensor) -> Tensor:
        """Return the last state [B, S, D] of variations [B, S, H] of histories with vectors [B, H, D]."""
        variations, places = kept.shape[1:]
        shape = *kept.shape[:2], start.shape[2]
        if not kept.numel():
            return start.new_zeros(shape)
        which = torch.arange(len(start), device=start.device).repeat_interleave(variations)
        at_once = max(1, NUMBERS // (places * start.shape[2]))
        parts = zip(torch.split(which, at_once), torch.split(kept.flatten(0, 1), at_once), strict=True)
        whole = not kept.requires_grad and bool(((kept == 0) | (kept == 1)).all())
        last_of = self._last_of_shortened if whole else self._last_of
        found = [last_of(p, start, mine, its) for mine, its in parts]
        return torch.cat(found).reshape(shape)

    def _last_of_shortened(self, p: dict[str, Tensor], start: Tensor, which: Tensor, kept: Tensor) -> Tensor:
        """Return what `_last_of` does where items are kept or removed whole: the gaps are closed, and nothing is masked."""
        most = self.settings.max_length
        inside = (kept > 0) & (kept.flip(1).cumsum(1).flip(1) <= most)
        lengths = inside.sum(1)
        place = torch.arange(max(1, int(lengths.max())), device=kept.device)
        read, listed = lengths.clamp(min=1) - 1, lengths.new_zeros(len(kept), len(place))
        listed[place < lengths[:, None]] = inside.nonzero()[:, 1]
        x = start[which[:, None], listed] + p["positions"][(read[:, None] - place).clamp(min=0)]
        for block in range(self.settings.blocks):
            keys, values = (x @ torch.cat([p[f"{block}.key"], p[f"{block}.value"]], 1)).chunk(2, 2)
            known = None
            if block == self.settings.blocks - 1:
                x = x.gather(1, read[:, None, None].expand(-1, 1, x.shape[2]))
                known = (place <= read[:, None])[:, None, None]
            asking = _norm(x, p[f"{block}.norm_attention"])
            given = ((asking @ p[f"{block}.query"])[:, None], keys[:, None], values[:, None])
            attention = functional.scaled_dot_product_attention(*given, attn_mask=known, is_causal=known is None)
            x = self._fed_forward(p, block, asking + attention[:, 0], _as_it_is)
        return _norm(x, p["norm"])[:, 0] * (lengths > 0)[:, None]

    def _last_of(self, p: dict[str, Tensor], start: Tensor, which: Tensor, kept: Tensor) -> Tensor:
        """Return the last state [M, D] of sequences `which` [M] of those with vectors [B, H, D], of which `kept` [M, H] is kept."""
        x, most = start[which], self.settings.max_length
        after = kept.flip(1).cumsum(1).flip(1) - kept
        far = int((after >= most).all(0).sum())  # these are too old to count in any of the sequences
        x, kept, after = x[:, far:], kept[:, far:], after[:, far:]
        at = after.clamp(max=most - 1)
        low = at.detach().floor()
        share = (at - low)[..., None]
        position = p["positions"][low.long()]
        if share.requires_grad or share.any():
            position = position + share * (p["positions"][(low.long() + 1).clamp(max=most - 1)] - position)
        inside = kept * (most - after).clamp(0, 1)
        last = inside * (1 - kept).flip(1).cumprod(1).roll(1, 1).index_fill(1, kept.new_zeros(1).long(), 1).flip(1)
        return (self._states(p, x + position, inside, None, _as_it_is) * last[..., None]).sum(1)

    def _states(self, p: dict[str, Tensor], x: Tensor, inside: Tensor, read: Tensor | None, drop: Drop) -> Tensor:
        """Carry sequences through the blocks.

        Args:
            p: the parameters, in the precision wanted.
            x: vectors of items and positions [M, H, D].
            inside: how far later places attend to each place, in [0, 1], [M, H].
            read: the one place of each sequence whose state is wanted [M]; None for all.
            drop: dropout.

        Returns:
            states [M, 1 or H, D].
        """
        place, known = torch.arange(x.shape[1], device=x.device), torch.log(inside + NOTHING)[:, None]  # [M, 1, H]
        later = x.new_full((len(place), len(place)), -torch.inf).triu(1)
        share = torch.addcmul(later, known, (place != place[:, None]).to(x.dtype))  # a place always sees itself
        for block in range(self.settings.blocks):
            asking = x
            if read is not None and block == self.settings.blocks - 1:
                own = read[:, None, None]
                asking = x.gather(1, own.expand(-1, 1, x.shape[2]))
                share = known.masked_fill(place == own, 0).masked_fill(place > own, -torch.inf)
            asking = _norm(asking, p[f"{block}.norm_attention"])
            keys = (x @ p[f"{block}.key"]).transpose(1, 2)
            match = torch.baddbmm(share, asking @ p[f"{block}.query"], keys, alpha=x.shape[2] ** -0.5)
            attention = drop(torch.softmax(match, -1)) @ (x @ p[f"{block}.value"])
            x = self._fed_forward(p, block, asking + attention, drop)
        return _norm(x, p["norm"])

    def _fed_forward(self, p: dict[str, Tensor], block: int, x: Tensor, drop: Drop) -> Tensor:
        x = _norm(x, p[f"{block}.norm_feed_forward"])
        first, second = p[f"{block}.biases"]
        inner = drop(torch.relu(functional.linear(x, p[f"{block}.first"].T, first)))
        return x + drop(functional.linear(inner, p[f"{block}.second"].T, second))


def _norm(x: Tensor, scale_and_shift: Tensor) -> Tensor:
    return functional.layer_norm(x, x.shape[-1:], scale_and_shift[0], scale_and_shift[1])


def _as_it_is(x: Tensor) -> Tensor:
    return x


def _ranked(split: Split) -> CsrMatrix:
    """Return the training interactions with the rank of each one's time among its user's, from 1, as their values."""
    matrix = split.train
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    times = np.zeros(matrix.nnz) if split.times is None else split.times
    order = np.lexsort((times, rows))
    later = np.diff(times[order], prepend=-np.inf) > 0
    later[matrix.indptr[:-1][np.diff(matrix.indptr) > 0]] = True
    ranks = later.cumsum()
    numbers = np.empty(matrix.nnz, dtype=np.int64)
    numbers[order] = ranks - ranks[matrix.indptr[rows]] + 1
    return numbered(matrix, numbers)


def _in_order(batch: CsrMatrix, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return users and items of a batch [entries], each user's in the order of their ranks, those of equal rank shuffled."""
    rows = np.repeat(np.arange(batch.shape[0]), np.diff(batch.indptr))
    order = np.lexsort((torch.rand(batch.nnz, generator=random).numpy(), batch.data, rows))
    return torch.from_numpy(rows), torch.from_numpy(batch.indices[order].astype(np.int64))


def _padded(rows: Tensor, items: Tensor, users: int, most: int) -> tuple[Tensor, Tensor]:
    """Return the last `most` items of each user, lined up at their ends [B, W], and which places hold one."""
    lengths = torch.bincount(rows, minlength=users)
    width = max(1, min(most, int(lengths.max())))
    place = width + torch.arange(len(rows)) - lengths.cumsum(0)[rows]
    recent = place >= 0
    found = torch.zeros(users, width, dtype=torch.int64)
    valid = torch.zeros(users, width, dtype=torch.bool)
    found[rows[recent], place[recent]] = items[recent]
    valid[rows[recent], place[recent]] = True
    return found, valid
