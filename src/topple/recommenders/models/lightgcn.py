"""LightGCN: vectors smoothed over the graph of users and items; a new user is folded in by the same smoothing."""

import warnings
from typing import Any, ClassVar, Self, cast

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from topple.data.splitting import Split
from topple.recommenders.families.learned import (
    LARGEST,
    InTraining,
    Learned,
    LearnedSettings,
    normal,
    unmet,
    user_numbers,
    with_user_numbers,
)
from topple.recommenders.families.summed_vectors import SummedVectors
from topple.scoring.recommender import OnBest, OnEpoch
from topple.settings import Settings
from topple.types import CsrMatrix


class LightGCNSettings(LearnedSettings):
    """Settings of LightGCN."""

    learning_rate: float = Field(default=0.02, gt=0, le=1000)
    batch_size: int = Field(default=64, ge=1)
    """Users of a batch."""
    epochs: int = Field(default=300, ge=1)
    dimensions: int = Field(default=64, ge=1, le=LARGEST)
    """Numbers of a user's and of an item's vector."""
    propagations: int = Field(default=3, ge=1, le=100)
    """Layers: how often vectors are passed along the graph."""
    decay: float = Field(default=1e-4, ge=0)
    """Weight of the squared norms of the vectors of a pair, as they are before they are passed along."""
    negatives: int = Field(default=1, ge=1, le=1_000_000)
    """Unmet items that each interaction is compared with."""


class LightGCN(SummedVectors):
    """A user is what is passed along to him from the items of his history; an item is the mean of its layers.

    Layer k + 1 of a user is the sum of layer k of his items, each divided by the square roots of its degree and of his; his
    vector is the sum of layers 1 to K, as somebody outside training has no vector of his own for layer 0. The square root
    of his degree (how much is kept) and the number of layers divide all scores of a row by the same and change no rank, so they
    are left out: every kept item then adds its own share to each score, and the recommender is additive.
    Source: He, Deng, Wang, Li, Zhang, Wang, "LightGCN: simplifying and powering graph convolution network for
    recommendation", SIGIR 2020. Differs from it in: layer 0 and the scale of users, as told.
    Random: seed (vectors, unmet items, order of the users).
    """

    name = "lightgcn"
    gives = "gives"
    settings_type: ClassVar[type[LightGCNSettings]] = LightGCNSettings
    settings: LightGCNSettings

    @classmethod
    def shapes(cls, items: int, settings: LightGCNSettings) -> dict[str, tuple[int, ...]]:
        """Return the shapes: what each item gives to a user, and what it is scored with."""
        return {"gives": (items, settings.dimensions), "items": (items, settings.dimensions)}

    @classmethod
    def fit(
        cls,
        split: Split,
        settings: Settings | None = None,
        on_epoch: OnEpoch | None = None,
        on_best: OnBest | None = None,
        device: torch.device | str = "cpu",
    ) -> Self:
        """Train the vectors of users and items by pairwise ranking; best validation NDCG@100 is kept."""
        chosen = cls.settings_type.checked(settings, cls.name)
        graph, users = _Graph.of(split.train, device), len(split.train_users)
        random = torch.Generator().manual_seed(chosen.seed)
        vectors = normal(random, (sum(split.train.shape), chosen.dimensions), 0.1).to(device)

        def loss(batch: CsrMatrix, update: int, random: torch.Generator) -> Tensor:
            mean = torch.stack(graph.layers(vectors, chosen.propagations)).mean(0)
            user = user_numbers(batch).to(device)
            met = users + torch.from_numpy(batch.indices.astype(np.int64)).to(device)
            other, good = (drawn.to(device) for drawn in unmet(batch, chosen.negatives, random))
            other = users + other
            ahead = (mean[user] * mean[met]).sum(1, keepdim=True) - (mean[user][:, None] * mean[other]).sum(2)
            norms = sum(vectors[vertices].square().sum() for vertices in (user, met, other[:, 0]))
            return (functional.softplus(-ahead) * good).sum() / batch.nnz + chosen.decay * norms / batch.nnz

        def finish() -> Learned:
            layers = [layer[users:] for layer in graph.layers(vectors.detach(), chosen.propagations)]
            gives = torch.stack(layers[:-1]).sum(0) * graph.scale[users:, None]
            return cls(split.catalogue, {"gives": gives, "items": torch.stack(layers).mean(0)}, chosen)

        learning = InTraining(split.catalogue, {"vectors": vectors}, chosen, loss, finish)
        return cast(Self, learning.fit_to(split, with_user_numbers(split), on_epoch, on_best))


class _Graph:
    """Users, then items; every interaction an edge, weighted by the inverse square roots of the degrees of the two ends."""

    def __init__(self, edges: Tensor, scale: Tensor) -> None:
        self.edges, self.scale = edges, scale

    @classmethod
    def of(cls, train: CsrMatrix, device: torch.device | str = "cpu") -> "_Graph":
        met, size = train.tocoo(), sum(train.shape)
        ends = torch.from_numpy(np.stack([met.row, met.col + train.shape[0]]).astype(np.int64))
        both_ways = torch.cat([ends, ends.flip(0)], 1)
        scale = torch.bincount(both_ways[0], minlength=size).clamp(min=1).float().rsqrt()
        weights = scale[both_ways[0]] * scale[both_ways[1]]
        checked = torch.sparse.check_sparse_tensor_invariants(enable=True)  # type: ignore[no-untyped-call] # torch's own
        with checked, warnings.catch_warnings():
            # torch calls CSR beta; its products take a seventh of the time
            warnings.filterwarnings("ignore", "Sparse CSR", UserWarning)
            edges = torch.sparse_coo_tensor(both_ways, weights, (size, size)).coalesce()
            return cls(edges.to_sparse_csr().to(device), scale.to(device))

    def layers(self, vectors: Tensor, count: int) -> list[Tensor]:
        """Return the vectors and what they are after 1 to `count` steps along the edges."""
        found = [vectors]
        for _ in range(count):
            found.append(_Step.apply(self.edges, found[-1]))  # type: ignore[no-untyped-call] # torch's own
        return found


class _Step(torch.autograd.Function):
    """Edges times vectors; the edges are symmetric, so the gradient takes the same step."""

    @staticmethod
    def forward(ctx: Any, edges: Tensor, vectors: Tensor) -> Tensor:
        ctx.edges = edges
        out: Tensor = torch.sparse.mm(edges, vectors)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor]:
        return None, torch.sparse.mm(ctx.edges, gradients[0])
