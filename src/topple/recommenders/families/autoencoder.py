"""What Mult-VAE and Mult-DAE share: feed-forward layers over a normalised history, and how they are scored and trained."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from topple.data.splitting import Split
from topple.data.vocabulary import Catalogue
from topple.recommenders.families.first_layers import FirstLayer
from topple.recommenders.families.learned import LARGEST, Learned, LearnedSettings
from topple.recommenders.training.loop import train
from topple.scoring.layers import Layer, by_item, tanh_
from topple.scoring.learned.arrays import fitting_arrays
from topple.scoring.memo import Memo
from topple.scoring.memory import may_hold
from topple.scoring.products import batch_invariant_linear, columns_of, least_rows, products
from topple.scoring.recommender import SINGLE, Capability, OnBest, OnEpoch, Scorer
from topple.scoring.variations import HistoryBatch
from topple.settings import Settings
from topple.types import CsrMatrix


class AutoencoderSettings(LearnedSettings):
    """Settings of the Mult-VAE family; the defaults are those of Liang et al. (WWW 2018)."""

    batch_size: int = Field(default=500, ge=1)
    """Users of a batch."""
    epochs: int = Field(default=200, ge=1)
    hidden: int = Field(default=600, ge=1, le=LARGEST)
    """Units of each hidden layer."""
    latent: int = Field(default=200, ge=1, le=LARGEST)
    """Units of the latent layer."""
    dropout: float = Field(default=0.5, ge=0, lt=1)
    """Share of the history dropped in training."""
    weighted: bool = False
    """Whether the weights of interactions count, in training and in histories; published is the model of ones."""


class Autoencoder(Learned):
    """A network over the history divided by its L2 norm; its first layer is a sum of weight rows, one an item.

    So a variation of a history costs a sum over what it changes, and a candidate's score needs only its own output column.
    Of its arrays, a weight has two dimensions and a bias one.
    """

    capabilities: ClassVar = frozenset({Capability.DIFFERENTIABLE, Capability.FEED_FORWARD, Capability.TRAINABLE})
    settings_type: ClassVar[type[AutoencoderSettings]] = AutoencoderSettings
    settings: AutoencoderSettings

    def __init__(self, catalogue: Catalogue, parameters: Mapping[str, Tensor], settings: AutoencoderSettings) -> None:
        super().__init__(catalogue, parameters, settings)
        self.uses_weights = settings.weighted
        self._parameters = {name: by_item(array, len(catalogue)) for name, array in self._parameters.items()}
        self._cast: dict[torch.dtype, Memo[tuple[Layer, ...]]] = {
            precision: Memo() for precision in (torch.float32, torch.float64)
        }
        self._largest: Memo[Tensor] = Memo()

    @classmethod
    def learns_weights(cls, settings: Any) -> bool:
        """Say whether the settings ask for it."""
        return bool(settings.weighted)

    @classmethod
    @abstractmethod
    def settings_of(cls, arrays: Mapping[str, Any], settings: AutoencoderSettings) -> AutoencoderSettings:
        """Return `settings` with the layer sizes that the arrays have."""

    @abstractmethod
    def layers(self) -> tuple[Layer, ...]:
        """Return the network that scores, first layer first."""

    @abstractmethod
    def loss(self, batch: CsrMatrix, update: int, random: torch.Generator) -> Tensor:
        """Return the training loss of a batch of users [B, I] at the given update (from 0)."""

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], catalogue: Catalogue, settings: Settings | None = None) -> Self:
        """Build the model from arrays by the original code's names; layer sizes are read off them.

        Raises:
            ModelFolderError: an array is missing, is not a number, or has a shape that does not fit.
        """
        given = cls.settings_type.checked(settings, cls.name)
        ranks = {name: len(shape) for name, shape in cls.shapes(1, given).items()}
        flat = {name: _flat(array) if ranks.get(name) == 1 else array for name, array in arrays.items()}
        sizes = {name: (None,) * rank for name, rank in ranks.items()}
        chosen = cls.settings_of(fitting_arrays(flat, sizes, cls.name, catalogue), given)
        return super().from_arrays(flat, catalogue, chosen)

    @classmethod
    def fit(
        cls,
        split: Split,
        settings: Settings | None = None,
        on_epoch: OnEpoch | None = None,
        on_best: OnBest | None = None,
        device: torch.device | str = "cpu",
    ) -> Self:
        """Train on the split's training users; keep the state with the best validation NDCG@100. Random: seed."""
        chosen = cls.settings_type.checked(settings, cls.name)
        random = torch.Generator().manual_seed(chosen.seed)
        parameters = {}
        for name, shape in cls.shapes(len(split.catalogue), chosen).items():
            array = torch.empty(shape, dtype=torch.float32)
            if len(shape) == 2:
                torch.nn.init.xavier_uniform_(array, generator=random)
            else:
                torch.nn.init.trunc_normal_(array, std=0.001, a=-0.002, b=0.002, generator=random)
            parameters[name] = array
        model = cls(split.catalogue, parameters, chosen).to(device)
        train(model, split if chosen.weighted else split.unweighted(), on_epoch, on_best)
        return model

    def bind(self, histories: HistoryBatch, candidates: Tensor | None = None) -> Scorer:
        """Prepare the first layer of the histories and gather the output columns of the candidates once; scores are logits."""
        return self._scorer(histories, candidates, histories.weights.dtype)

    def bind_to_propose(self, histories: HistoryBatch, candidates: Tensor) -> tuple[Scorer, float]:
        """Return what `bind` does, with layers between the first and the last in float32 on a CPU: half the time of most rows."""
        between = self._layers(torch.float32)[1:-1]
        if (
            histories.weights.is_cuda
            or histories.weights.dtype != torch.float64
            or self.measures().coarse(SINGLE)
            or not between
            or any(least_rows(layer.weight) is None for layer in between)
        ):
            return super().bind_to_propose(histories, candidates)
        return self._scorer(histories, candidates, torch.float32), max(SINGLE, self.rounding)

    def _scorer(self, histories: HistoryBatch, candidates: Tensor | None, between: torch.dtype) -> Scorer:
        """Return a scorer whose layers between the first and the last are in a precision."""
        histories = self.weighed(histories)
        dtype = histories.weights.dtype
        first, *_, last = self._layers(dtype)
        inputs = FirstLayer(histories, first, lambda: self._largest_of(first))
        columns, out_bias = columns_of(last.weight.T, candidates, dtype), last.bias
        if candidates is not None:
            out_bias = last.bias[candidates[0]] if columns.ndim == 2 else last.bias[candidates][:, None]
        middle = [
            (layer, None if between == dtype else least_rows(layer.weight)) for layer in self._layers(between)[1:-1]
        ]

        def scorer(keep: Tensor, rows: Tensor | None = None) -> Tensor:
            hidden = _tanh(inputs(keep, rows).to(between))
            for layer, least in middle:
                if least is None:
                    hidden = functional.linear(hidden, layer.weight.T, layer.bias)
                else:
                    hidden = batch_invariant_linear(hidden, layer.weight, layer.bias, least)
                hidden = _tanh(hidden) if layer.tanh else hidden
            hidden = hidden.to(dtype)
            if columns.ndim == 2:
                return functional.linear(hidden, columns.T, out_bias)
            return _add(products(hidden, columns, rows), out_bias if rows is None else out_bias[rows])

        return scorer

    def _largest_of(self, first: Layer) -> Tensor:
        """Return the largest absolute number of each row of the first layer's weight [I], kept until the arrays change."""

        def largest() -> Tensor:
            found: Tensor = torch.linalg.vector_norm(first.weight.detach(), torch.inf, 1)
            return found.double()

        return self._largest.get(self.learned_version(), largest)

    def _layers(self, dtype: torch.dtype) -> tuple[Layer, ...]:
        """Return the layers in a precision, kept until the arrays change; a large first weight is left as it is."""

        def cast() -> tuple[Layer, ...]:
            first, *rest = self.layers()
            others = (Layer(layer.weight.to(dtype), layer.bias.to(dtype), layer.tanh) for layer in rest)
            rows = first.weight.to(dtype) if may_hold(first.weight.numel()) else first.weight
            return Layer(rows, first.bias.to(dtype), first.tanh), *others

        return self._cast[dtype].get(self.learned_version(), cast)

    def encode_batch(self, batch: CsrMatrix, layer: Layer, random: torch.Generator) -> Tensor:
        """Return the first layer of sparse users [B, I] before its activation, with dropout on the normalised input."""
        lengths = torch.from_numpy(np.diff(batch.indptr).astype(np.int64))
        if self.settings.weighted:
            squares = np.asarray(batch.multiply(batch).sum(1)).ravel()
            norms = torch.from_numpy(np.sqrt(squares)).clamp(min=1e-12)
            values = (torch.from_numpy(batch.data) / torch.repeat_interleave(norms, lengths)).float()
        else:
            values = torch.repeat_interleave(lengths.float().clamp(min=1).rsqrt(), lengths)
        if self.settings.dropout:
            kept = torch.rand(len(values), generator=random, dtype=torch.float32) >= self.settings.dropout
            values = values * kept / (1 - self.settings.dropout)
        return (
            functional.embedding_bag(
                torch.from_numpy(batch.indices.astype(np.int64)).to(self.device),
                layer.weight,
                torch.from_numpy(batch.indptr[:-1].astype(np.int64)).to(self.device),
                mode="sum",
                per_sample_weights=values.to(self.device),
            )
            + layer.bias
        )


def _flat(array: Any) -> NDArray[Any]:
    """Return a vector that may be written with more dimensions, of length 1, as a vector."""
    found = np.asarray(array)
    return found.reshape(-1) if max(found.shape, default=0) == found.size else found


def multinomial_loss(logits: Tensor, batch: CsrMatrix) -> Tensor:
    """Return the mean over users of the negative multinomial log likelihood of their items; logits [B, I].

    An item of weight w counts as w observations of it.
    """
    users = torch.from_numpy(np.repeat(np.arange(batch.shape[0]), np.diff(batch.indptr)))
    items = torch.from_numpy(batch.indices.astype(np.int64))
    chosen = logits[users.to(logits.device), items.to(logits.device)]
    if (batch.data != 1).any():
        sums = torch.from_numpy(np.asarray(batch.sum(1), dtype=np.float64).ravel()).to(logits)
        chosen = chosen * torch.from_numpy(batch.data).to(logits)
    else:
        sums = torch.from_numpy(np.diff(batch.indptr)).to(logits)
    return ((torch.logsumexp(logits, 1) * sums).sum() - chosen.sum()) / batch.shape[0]


def _tanh(values: Tensor) -> Tensor:
    return torch.tanh(values) if values.requires_grad else tanh_(values)


def _add(values: Tensor, bias: Tensor) -> Tensor:
    return values + bias if values.requires_grad else values.add_(bias)
