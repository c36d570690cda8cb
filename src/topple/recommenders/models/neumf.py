"""NeuMF: a product and a multilayer perceptron over vectors of the history and of an item."""

from typing import ClassVar, Self

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from topple.data.splitting import Split
from topple.recommenders.families.learned import LARGEST, Learned, LearnedSettings, normal, unmet
from topple.recommenders.training.loop import train
from topple.scoring.memory import CACHED, CHUNK, rows_at_once
from topple.scoring.products import lengths_of, products, same_for_all
from topple.scoring.recommender import Capability, OnBest, OnEpoch, Scorer
from topple.scoring.variations import HistoryBatch
from topple.settings import Settings
from topple.types import CsrMatrix


class NeuMFSettings(LearnedSettings):
    """Settings of NeuMF."""

    learning_rate: float = Field(default=2e-3, gt=0, le=1000)
    batch_size: int = Field(default=32, ge=1)
    """Users of a batch."""
    epochs: int = Field(default=60, ge=1)
    dimensions: int = Field(default=32, ge=1, le=LARGEST)
    """Numbers of each of an item's four vectors: in a history and as a candidate, for the product and the perceptron."""
    hidden: int = Field(default=64, ge=4, le=LARGEST)
    """Units of the perceptron's first layer; the second has half of them, the third a quarter."""
    dropout: float = Field(default=0.2, ge=0, lt=1)
    """Share of a history that is dropped in training."""
    decay: float = Field(default=1e-5, ge=0)
    """Weight of the squared norms of all arrays."""
    negatives: int = Field(default=4, ge=1, le=1_000_000)
    """Unmet items for each interaction."""


class NeuMF(Learned):
    """A user is the sum of the vectors of his items over the square root of their number, in each of two branches.

    One branch multiplies it with the item's vector, number by number; the other takes both through three layers with
    relu; the score is a weighted sum of what comes out of both. A share kept of an item counts in the sum and the number.
    Source: He, Liao, Zhang, Nie, Hu, Chua, "Neural collaborative filtering", WWW 2017. Differs from it in: a user is his
    history and not a vector of his own, both branches are trained together from the start, Adam, batches of users.
    Random: seed (weights, dropout, unmet items, order of the users).
    """

    name = "neumf"
    uses_weights = False
    capabilities: ClassVar = frozenset({Capability.DIFFERENTIABLE, Capability.TRAINABLE})
    settings_type: ClassVar[type[NeuMFSettings]] = NeuMFSettings
    settings: NeuMFSettings

    @classmethod
    def shapes(cls, items: int, settings: NeuMFSettings) -> dict[str, tuple[int, ...]]:
        """Return the shapes: the items' vectors, then the layers; the first takes the user and the item apart."""
        d, one, two, three = settings.dimensions, settings.hidden, settings.hidden // 2, settings.hidden // 4
        vectors = ("product_history", "product_items", "layers_history", "layers_items")
        return dict.fromkeys(vectors, (items, d)) | {
            "user_to_1": (d, one),
            "item_to_1": (d, one),
            "bias_1": (one,),
            "1_to_2": (one, two),
            "bias_2": (two,),
            "2_to_3": (two, three),
            "bias_3": (three,),
            "product_to_score": (d,),
            "3_to_score": (three,),
            "biases": (items,),
        }

    @classmethod
    def fit(
        cls,
        split: Split,
        settings: Settings | None = None,
        on_epoch: OnEpoch | None = None,
        on_best: OnBest | None = None,
        device: torch.device | str = "cpu",
    ) -> Self:
        """Train each item of a history against unmet ones, from the rest of the history; best validation NDCG@100 is kept."""
        chosen = cls.settings_type.checked(settings, cls.name)
        random = torch.Generator().manual_seed(chosen.seed)
        parameters = {}
        for name, shape in cls.shapes(len(split.catalogue), chosen).items():
            std = 0.1 if shape[0] == len(split.catalogue) and len(shape) == 2 else (2 / shape[0]) ** 0.5
            parameters[name] = (
                torch.zeros(shape, dtype=torch.float32) if name.startswith("bias") else normal(random, shape, std)
            )
        model = cls(split.catalogue, parameters, chosen).to(device)
        train(model, split, on_epoch, on_best)
        return model

    def loss(self, batch: CsrMatrix, update: int, random: torch.Generator) -> Tensor:
        """Return the mean log loss of the interactions of a batch and of unmet items, plus the decay.

        An interaction is predicted from the rest of its user's history, of which a share is dropped.
        """
        p, settings = self._parameters, self.settings
        user = torch.from_numpy(np.repeat(np.arange(batch.shape[0]), np.diff(batch.indptr))).to(self.device)
        item = torch.from_numpy(batch.indices.astype(np.int64)).to(self.device)
        other, good = (drawn.to(self.device) for drawn in unmet(batch, settings.negatives, random))
        kept = (
            (torch.rand(len(item), generator=random, dtype=torch.float32) >= settings.dropout).float().to(self.device)
        )

        def pooled(table: Tensor) -> Tensor:
            vectors = table[item] * kept[:, None]
            total = torch.zeros(batch.shape[0], table.shape[1], dtype=table.dtype, device=self.device).index_add(
                0, user, vectors
            )
            count = torch.zeros(batch.shape[0], dtype=table.dtype, device=self.device).index_add(0, user, kept)
            return (total[user] - vectors) * (count[user] - kept).clamp(min=1).rsqrt()[:, None]

        asked = torch.cat([item[:, None], other], 1)  # [entries, 1 + negatives]
        product = ((pooled(p["product_history"]) * p["product_to_score"])[:, None] * p["product_items"][asked]).sum(2)
        first = (p["layers_items"] @ p["item_to_1"])[asked] + (pooled(p["layers_history"]) @ p["user_to_1"])[:, None]
        scores = product + _perceptron(p, first + p["bias_1"]) + p["biases"][asked]
        wanted = torch.zeros_like(scores)
        wanted[:, 0] = 1
        counted = torch.cat([torch.ones_like(good[:, :1]), good], 1)
        losses = functional.binary_cross_entropy_with_logits(scores, wanted, reduction="none") * counted
        norms = torch.stack([array.square().sum() for array in p.values()]).sum()
        return losses.sum() / max(1, int(counted.sum())) + settings.decay * norms

    def bind(self, histories: HistoryBatch, candidates: Tensor | None = None) -> Scorer:
        """Gather the vectors of the histories' items and of the candidates, as far as they depend on nothing else, once."""
        histories = self.weighed(histories)
        dtype = histories.weights.dtype
        p = {name: array.to(dtype) for name, array in self._parameters.items()}
        product, layers = p["product_history"][histories.items], p["layers_history"][histories.items]  # [B, H, D]
        one_for_all = candidates is None or same_for_all(candidates)
        every = torch.arange(len(self.catalogue), device=self.device)[None]
        which = every if candidates is None else candidates[:1] if one_for_all else candidates
        out = (p["product_items"] * p["product_to_score"])[which].transpose(1, 2)  # [B or 1, D, C]
        first = (p["layers_items"] @ p["item_to_1"] + p["bias_1"])[which]  # [B or 1, C, D]
        level = p["biases"][which][:, None]

        lengths = lengths_of(histories.filled)

        def scorer(keep: Tensor, rows: Tensor | None = None) -> Tensor:
            chosen = slice(None) if rows is None else rows
            kept = keep * histories.weights[chosen, None, : keep.shape[2]]
            kept = kept * kept.sum(2, keepdim=True).clamp(min=1).rsqrt()
            user = products(kept, layers, rows, lengths) @ p["user_to_1"]
            pairs = slice(None) if one_for_all else chosen
            whole = products(kept, product, rows, lengths) @ out[pairs]
            return whole + _in_parts(p, user, first[pairs]) + level[pairs]

        return scorer


def _in_parts(p: dict[str, Tensor], user: Tensor, item: Tensor) -> Tensor:
    """Return what the perceptron adds to scores [B, S, C], from its first layer's inputs of users and items, a part at a time."""
    variations = user.shape[1]
    which = torch.arange(len(user), device=user.device).repeat_interleave(variations).clamp(max=len(item) - 1)
    # on a CPU each layer finds the one before in the cache
    numbers = CHUNK if user.is_cuda or user.requires_grad else CACHED
    at_once = rows_at_once(2 * item.shape[1] * item.shape[2], numbers)
    parts = zip(torch.split(user.flatten(0, 1), at_once), torch.split(which, at_once), strict=True)
    found = [_perceptron(p, pairs[:, None] + (item if len(item) == 1 else item[users])) for pairs, users in parts]
    return torch.cat(found).reshape(len(user), variations, item.shape[1])


def _perceptron(p: dict[str, Tensor], first: Tensor) -> Tensor:
    """Return the score [...] of the first layer's inputs [..., D], which are overwritten where there are no gradients."""
    # in place: memory that is new takes longer than the layers
    relu = torch.relu if first.requires_grad else torch.relu_
    hidden = relu(functional.linear(relu(first), p["1_to_2"].T, p["bias_2"]))
    return relu(functional.linear(hidden, p["2_to_3"].T, p["bias_3"])) @ p["3_to_score"]
