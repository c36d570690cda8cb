"""The scoring contract: many variations of one history at a time."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeAlias, TypeVar

import torch
from torch import Tensor

from topple.data.vocabulary import Catalogue
from topple.errors import CapabilityError
from topple.scoring.products import factor_scores, lengths_of, products
from topple.scoring.variations import HistoryBatch
from topple.settings import Settings

if TYPE_CHECKING:
    from topple.data.splitting import Split


_Model = TypeVar("_Model", bound="Recommender")


class Scorer(Protocol):
    """A recommender with B histories and their candidates fixed already."""

    def __call__(self, keep: Tensor, rows: Tensor | None = None) -> Tensor:
        """Score variations of the chosen histories.

        Args:
            keep: [R, S, H], cut to the longest of the chosen histories or longer.
            rows: which histories [R], repeats allowed; None for all B.

        Returns:
            scores [R, S, I or C].
        """
        ...


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch reports: its number (from 1), of how many, its mean loss, validation NDCG@100 now and at best."""

    number: int
    of: int
    loss: float
    ndcg_100: float
    best_ndcg_100: float
    best_epoch: int


OnEpoch: TypeAlias = Callable[[Epoch], None]
"""Called after each epoch of a training."""
OnBest: TypeAlias = Callable[["Recommender"], None]
"""Called with the model each time it is the best so far."""


def additive_scorer(histories: HistoryBatch, table: Tensor) -> Scorer:
    """Return the scorer of what `contributions` returned [B, H, C], where an empty history scores 0."""
    lengths = lengths_of(histories.present)
    return lambda keep, rows=None: products(keep, table, rows, lengths)


def factor_scorer(histories: HistoryBatch, candidates: Tensor | None, gives: Tensor, vectors: Tensor) -> Scorer:
    """Return the scorer of what the items of a history give [I, D], added up, times the vectors [I, D] of those scored."""
    dtype, lengths = histories.weights.dtype, lengths_of(histories.present)
    table = gives[histories.items].to(dtype) * histories.weights[..., None]  # [B, H, D]
    columns = vectors.to(dtype).T if candidates is None else vectors[candidates].to(dtype).transpose(1, 2)
    return lambda keep, rows=None: factor_scores(products(keep, table, rows, lengths), columns, rows)


class Capability(StrEnum):
    """What a recommender can do beyond scoring; declared, and checked when things are joined."""

    DIFFERENTIABLE = "differentiable"
    """Scores have a gradient in `keep`."""
    ADDITIVE = "additive"
    """Scores are a sum over the kept items, plus a constant; `contributions` tells what each adds."""
    FEED_FORWARD = "feed_forward"
    """`layers()` shows the whole network, and it is feed-forward, over the history divided by its L2 norm."""
    ORDER_AWARE = "order_aware"
    """Scores depend on the order of the history; a removal closes the gap."""
    TRAINABLE = "trainable"
    """`fit` learns it from a split."""
    HISTORY_FREE = "history_free"
    """Scores are the same whatever the history: there is nothing to explain, and that can be proven."""


class Recommender(ABC):
    """A recommender that scores the catalogue from a history and nothing else.

    Scores are higher-is-better and comparable within one row only. Scoring changes nothing: no mode, no gradient, no
    weight. A score depends on the history given and never on who it belongs to.

    Args:
        catalogue: the items, in the order of the score columns.
    """

    name: ClassVar[str]
    capabilities: ClassVar[frozenset[Capability]] = frozenset()
    settings_type: ClassVar[type[Settings]] = Settings
    rounding: float = 1e-9
    """How far the scores of one history may lie apart in different batches, as a share of the largest; a model that
    computes in float32 whatever it is asked in says more. The ranking's tolerance is well above it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.settings: Settings = self.settings_type()
        self.training: dict[str, Any] = {}
        self._hashed: tuple[object, str] = (None, "")

    @abstractmethod
    def score(self, histories: HistoryBatch, keep: Tensor, candidates: Tensor | None = None) -> Tensor:
        """Score variations of histories.

        Args:
            histories: B histories padded to H items; the dtype of their weights is the precision of the scores.
            keep: [B, S, H] in [0, 1]: 1 kept, 0 removed or padding.
            candidates: item indices [B, C] to score; None for the whole catalogue.

        Returns:
            scores [B, S, C], or [B, S, I] without candidates; the caller's own, who may change them.
        """

    def bind(self, histories: HistoryBatch, candidates: Tensor | None = None) -> Scorer:
        """Return `score` with histories and candidates fixed, for when many variations of them will follow.

        A model that can prepare for that (gather weight rows once) overrides this.
        """

        def scorer(keep: Tensor, rows: Tensor | None = None) -> Tensor:
            if rows is None:
                return self.score(histories, keep, candidates)
            places = keep.shape[-1]
            chosen = HistoryBatch(histories.items[rows, :places], histories.weights[rows, :places])
            return self.score(chosen, keep, None if candidates is None else candidates[rows])

        return scorer

    def contributions(self, histories: HistoryBatch, candidates: Tensor | None = None) -> Tensor:
        """Return what each item of a history adds to each score, for a recommender that is additive.

        The score of a variation that keeps some items and removes the others is the sum of the contributions of those it
        keeps, plus the score of the empty history. Here each item is scored alone; a model that has the numbers at hand
        overrides this.

        Args:
            histories: B histories padded to H items.
            candidates: item indices [B, C]; None for the whole catalogue.

        Returns:
            contributions [B, H, C], or [B, H, I] without candidates; 0 for padding.

        Raises:
            CapabilityError: the recommender does not declare that it is additive.
        """
        if Capability.ADDITIVE not in self.capabilities:
            raise CapabilityError(
                f"{self.name} does not declare that it is {Capability.ADDITIVE}: no item has a share of a score that is the same "
                "whatever else is kept. Choose an additive recommender."
            )
        alone = torch.diag_embed(histories.present.to(histories.weights.dtype))
        with torch.no_grad():
            empty = self.score(histories, torch.zeros_like(alone[:, :1]), candidates)
            return self.score(histories, alone, candidates) - empty

    @property
    def device(self) -> torch.device:
        """Where the model lives, by its arrays; histories go there."""
        return next((array.device for array in self.arrays().values()), torch.device("cpu"))

    def arrays(self) -> Mapping[str, Tensor]:
        """Return what the model has learned, by name; what a model folder stores."""
        return {}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], catalogue: Catalogue, settings: Settings | None = None) -> Self:
        """Build the model from what `arrays` returned.

        Raises:
            ModelFolderError: arrays that are missing or do not fit the catalogue.
        """
        raise NotImplementedError(f"{cls.__name__} has no arrays to be built from.")

    @classmethod
    def fit(
        cls,
        split: "Split",
        settings: Settings | None = None,
        on_epoch: OnEpoch | None = None,
        on_best: OnBest | None = None,
    ) -> Self:
        """Learn the model from the training users of a split.

        Args:
            split: the prepared data.
            settings: of `settings_type`; None for its defaults.
            on_epoch: called after each epoch, for progress.
            on_best: called with the model each time it is the best so far.
        """
        raise NotImplementedError(f"{cls.__name__} cannot be trained.")

    @property
    def fingerprint(self) -> str:
        """A short hash of the model: its name, its catalogue and what it has learned; kept until an array changes."""
        arrays = sorted(self._scoring_arrays().items())
        version = tuple((id(array), array._version) for _, array in arrays)
        if self._hashed[0] != version:
            self._hashed = version, self._hash(arrays)
        return self._hashed[1]

    def _scoring_arrays(self) -> Mapping[str, Tensor]:
        """Return what the scores depend on, by name; a model that is not stored by its arrays overrides this."""
        return self.arrays()

    def _hash(self, arrays: Sequence[tuple[str, Tensor]]) -> str:
        digest = hashlib.blake2b(f"{self.name}:{self.catalogue.fingerprint}".encode(), digest_size=8)
        for key, array in arrays:
            digest.update(key.encode())
            digest.update(array.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()


def moved(model: _Model, learned: Tensor | Mapping[str, Tensor], device: torch.device | str) -> _Model:
    """Return the same model with what it has learned on another device; the record of its training goes along."""
    there = learned.to(device) if isinstance(learned, Tensor) else {n: a.to(device) for n, a in learned.items()}
    out = type(model)(model.catalogue, there, model.settings)  # type: ignore[call-arg] # a model's class takes these three
    out.training = model.training
    return out
