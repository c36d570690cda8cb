"""SASRec: self-attention over the history as a sequence; a removal closes the gap that it leaves."""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple, Self

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from topple.data.splitting import Split
from topple.recommenders.families.attention import Blocks, Drop, block_shapes, keep_all
from topple.recommenders.families.learned import LARGEST, Learned, LearnedSettings, normal
from topple.recommenders.families.sequences import in_order, lined_up, time_ranks
from topple.recommenders.training.loop import train
from topple.scoring.products import columns_of, factor_scores
from topple.scoring.recommender import Capability, OnBest, OnEpoch, Scorer
from topple.scoring.variations import HistoryBatch
from topple.settings import Settings
from topple.types import CsrMatrix

PADDED_TOGETHER = 16
"""Users that are padded to one length in training."""


class SASRecSettings(LearnedSettings):
    """Settings of SASRec."""

    batch_size: int = Field(default=32, ge=1)
    """Users of a batch."""
    dimensions: int = Field(default=64, ge=1, le=LARGEST)
    """Numbers of an item's vector, and of every layer."""
    blocks: int = Field(default=2, ge=1, le=100)
    """Attention blocks, of one head each."""
    max_length: int = Field(default=200, ge=1, le=100_000)
    """Only the last so many items of a history count."""
    dropout: float = Field(default=0.2, ge=0, lt=1)
    held_out: float = Field(default=0.5, ge=0, lt=1)
    """Share of a sequence that is left out in each batch, anew, and predicted from the end of the rest; 0: as published, the
    next item is predicted from every position."""
    negatives: int = Field(default=2_000, ge=1, le=1_000_000)
    """Items that a batch is trained against, drawn uniformly; all where the catalogue has no more."""


class _Task(NamedTuple):
    """What is to be learned of B users.

    Args:
        inputs: sequences, lined up at their ends [B, W].
        inside: which positions hold an item [B, W].
        read: the one position of each sequence whose state is wanted [B]; None for all.
        asked: which of the states must predict something [B, 1 or W].
        wanted: the item vector that each asked state should meet, or the mean of several [asked, D].
        targets: the items of these vectors.
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
    older ones up: with `keep` of 0 and 1 the scores are those of the shortened sequence. In between, positions, attention
    and which item is the last are mixed by what is kept: so scores have a gradient in `keep`, with kinks where a position
    is a whole number. Base weights change nothing: a sequence holds an item or does not.
    Source: Kang, McAuley, "Self-attentive sequential recommendation", ICDM 2018. Differs from it in: softmax over the
    catalogue (or a sample of it) instead of one sampled negative, and with `held_out` what is predicted: items of any
    time, as for the held-out users, where next items alone rank little better than popularity.
    Random: seed (weights, dropout, sampled items, order of the users).
    """

    name = "sasrec"
    empty_by_rule = True
    uses_weights = False
    capabilities: ClassVar = frozenset({Capability.DIFFERENTIABLE, Capability.ORDER_AWARE, Capability.TRAINABLE})
    settings_type: ClassVar[type[SASRecSettings]] = SASRecSettings
    settings: SASRecSettings

    @classmethod
    def shapes(cls, items: int, settings: SASRecSettings) -> dict[str, tuple[int, ...]]:
        """Return the shapes: vectors of items and positions, then each block's weights [in, out] and norms [scale, shift]."""
        width = settings.dimensions
        found = {"items": (items, width), "positions": (settings.max_length, width)}
        return found | block_shapes(settings.blocks, width)

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
                parameters[name] = torch.zeros(shape, dtype=torch.float32)
                parameters[name][0] = 0 if "biases" in name else 1
        model = cls(split.catalogue, parameters, chosen).to(device)
        train(model, split, on_epoch, on_best, time_ranks(split))
        return model

    def loss(self, batch: CsrMatrix, update: int, random: torch.Generator) -> Tensor:
        """Return the mean over users of the mean cross-entropy over the positions that each is asked at.

        The batch holds the rank of each item's time in the user's sequence, from 1.
        """
        settings = self.settings
        drawn = torch.randperm(len(self.catalogue), generator=random)[: settings.negatives].to(self.device)
        drop = keep_all
        if settings.dropout:

            def drop(x: Tensor) -> Tensor:
                kept = torch.rand(x.shape, generator=random, dtype=torch.float32).to(x.device) >= settings.dropout
                return x * kept / (1 - settings.dropout)

        order = np.argsort(np.diff(batch.indptr), kind="stable")  # users of like length together
        parts = [order[start : start + PADDED_TOGETHER] for start in range(0, len(order), PADDED_TOGETHER)]
        return torch.cat([self._losses(batch[part], drawn, random, drop) for part in parts]).sum() / len(order)

    def _losses(self, batch: CsrMatrix, drawn: Tensor, random: torch.Generator, drop: Drop) -> Tensor:
        """Return the cross-entropy of each position that is asked, over the number of such positions of the user."""
        p = self._parameters
        task = self._left_out(batch, random) if self.settings.held_out else self._next(batch, random)
        positions = p["positions"][: task.inputs.shape[1]].flip(0)
        x = p["items"][task.inputs.to(self.device)] * self.settings.dimensions**0.5 + positions
        states = self._blocks(p).states(drop(x), task.inside.float().to(self.device), task.read, drop)
        hidden = states[task.asked.to(self.device)]
        level = torch.logsumexp(hidden @ p["items"][torch.unique(torch.cat([drawn, task.targets]))].T, 1)
        asked = task.asked.sum(1)[task.asked.nonzero()[:, 0]].to(self.device)
        return (level - (hidden * task.wanted).sum(1)) / asked

    def _left_out(self, batch: CsrMatrix, random: torch.Generator) -> "_Task":
        """Leave items out of the sequences, and ask the last position of each for the mean of the vectors left out."""
        settings, table, users = self.settings, self._parameters["items"], int(batch.shape[0])
        rows, items = in_order(batch, random)
        out = torch.rand(len(items), generator=random, dtype=torch.float32) < settings.held_out
        inputs, inside = lined_up(rows[~out], items[~out], users, settings.max_length)
        share = torch.bincount(rows[out], minlength=users)
        asked = inside.any(1) & (share > 0)
        targets, user = items[out].to(self.device), rows[out].to(self.device)
        wanted = torch.zeros(users, settings.dimensions, dtype=table.dtype, device=self.device)
        wanted = wanted.index_add(0, user, table[targets] / share.to(self.device)[user, None])
        read = torch.full((users,), inside.shape[1] - 1, device=self.device)
        return _Task(inputs, inside, read, asked[:, None], wanted[asked.to(self.device)], targets)

    def _next(self, batch: CsrMatrix, random: torch.Generator) -> "_Task":
        """Ask every position of the sequences for the item that comes next."""
        rows, items = in_order(batch, random)
        sequences, filled = lined_up(rows, items, int(batch.shape[0]), self.settings.max_length + 1)
        inside = filled[:, :-1]
        targets = sequences[:, 1:][inside].to(self.device)
        return _Task(sequences[:, :-1], inside, None, inside, self._parameters["items"][targets], targets)

    def bind(self, histories: HistoryBatch, candidates: Tensor | None = None) -> Scorer:
        """Gather the vectors of the histories' items and of the candidates once."""
        dtype = histories.weights.dtype
        table = self._parameters["items"]
        blocks = self._blocks({name: array.to(dtype) for name, array in self._parameters.items() if name != "items"})
        vectors = table[histories.items].to(dtype) * self.settings.dimensions**0.5  # [B, H, D]
        out = columns_of(table, candidates, dtype)
        filled = histories.filled

        def scorer(keep: Tensor, rows: Tensor | None = None) -> Tensor:
            chosen, length = slice(None) if rows is None else rows, keep.shape[2]
            kept = (keep * filled[chosen, None, :length]).to(dtype)
            return factor_scores(blocks.last_states(vectors[chosen, :length], kept), out, rows)

        return scorer

    def _blocks(self, parameters: Mapping[str, Tensor]) -> Blocks:
        return Blocks(parameters, self.settings.blocks)
