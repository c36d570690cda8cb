"""The scoring contract: many variations of one history at a time."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeAlias

import torch
from torch import Tensor

from topple.data.vocabulary import Catalogue
from topple.errors import CapabilityError
from topple.scoring.findings.known import Findings
from topple.scoring.findings.listing import Listed
from topple.scoring.findings.probe import Measures
from topple.scoring.findings.telling import Told
from topple.scoring.memo import version_of
from topple.scoring.variations import HistoryBatch, unchanged
from topple.settings import Settings
from topple.types import IntArray, JsonObject

if TYPE_CHECKING:
    from topple.data.splitting import Split
    from topple.scoring.folded.histories import Solved
    from topple.scoring.sums.rows import Rows

DOUBLE = 1e-12
"""The rounding of a model that computes in float64 where it is asked to."""
SINGLE = 3e-6
"""The rounding of a model that computes in float32 whatever it is asked in."""


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


class Recommender(Told, ABC):
    """A recommender that scores the catalogue from a history and nothing else.

    Scores are higher-is-better and comparable within one row only. Scoring changes nothing: no mode, no gradient, no
    weight. A score depends on the history given and never on who it belongs to.

    Args:
        catalogue: the items, in the order of the score columns.
    """

    name: ClassVar[str]
    capabilities: ClassVar[frozenset[Capability]] = frozenset()
    settings_type: ClassVar[type[Settings]] = Settings
    stored_as: ClassVar[str | None] = None
    """Under which name a folder reads the model again; None for the model's own."""
    rounding: float = DOUBLE
    """How far the scores of one history may lie apart in different batches, as a share of a score's size or of the scale, whichever is
    larger. A property of the model, whatever precision a run scores in: `SINGLE` for one that computes in float32 in any case."""
    uses_weights: bool = True
    """Whether the weights of a history count; a model that does not use them learns and scores as if each were 1, and is said to."""
    takes_contexts: bool = False
    """Whether the model is told a context with each history (`HistoryBatch.contexts`); then each query has one, and else none has."""
    empty_by_rule: ClassVar[bool] = False
    """Whether the scores of an empty history are a convention of the code, and not what the learned numbers say."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.settings: Settings = self.settings_type()
        self.training: dict[str, Any] = {}
        self.findings = Findings()

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
            chosen = histories.rows(rows, keep.shape[-1])
            return self.score(chosen, keep, None if candidates is None else candidates[rows])

        return scorer

    def bind_to_propose(self, histories: HistoryBatch, candidates: Tensor) -> tuple[Scorer, float]:
        """Return a scorer for sets that are settled after, and the rounding of its scores: coarser than `rounding` where that is quicker.

        What a row gets must not depend on the rows beside it; it is called without gradients.
        """
        return self.bind(histories, candidates), self.rounding

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
                f"{self.name} does not declare that it is {Capability.ADDITIVE}: no item has a share of a score that is the "
                "same whatever else is kept. Choose an additive recommender."
            )
        alone = torch.diag_embed(histories.filled.to(histories.weights.dtype))
        with torch.no_grad():
            empty = self.score(histories, torch.zeros_like(alone[:, :1]), candidates)
            return self.score(histories, alone, candidates) - empty

    def rows(self, histories: HistoryBatch, listable: Tensor | None = None) -> "tuple[Rows, IntArray] | None":
        """Return rows that scores (dense: of all or `listable` items) are sums of, and which a position adds, times its weight [B, H]."""
        return None

    def solved(self, histories: HistoryBatch) -> "Solved | None":
        """Return the equations that histories are solved by, for a model whose scores are Y x; None: not offered, or not for these."""
        return None

    def weighed(self, histories: HistoryBatch) -> HistoryBatch:
        """Return histories with the weights that count: all 1 where the model does not use weights."""
        return histories if self.uses_weights else histories.unweighted()

    def known_scores(self, histories: HistoryBatch) -> Tensor:
        """Return the scores of unchanged histories [B, I], NaN or infinite where there is none: overridden where a number stands there."""
        return self.score(histories, unchanged(histories))[:, 0]

    @property
    def scale(self) -> float:
        """How large the scores of good items are, by the probe: 0 where all are 0. Noise is small against this."""
        return self.measures().scale

    @property
    def coarse(self) -> bool:
        """Whether rounding may hide which of two scores among the best is higher, by the probe; not asked where histories are ignored."""
        return Capability.HISTORY_FREE not in self.capabilities and self.measures().coarse(self.rounding)

    def measures(self) -> Measures:
        """Return what `scale` and `coarse` rest on."""
        return self.findings.measures(self, self.learned_version())

    def empty_scores(self) -> Tensor | None:
        """Return the scores of the empty history in float64 [I], not to be changed; None where they say nothing of the model.

        That is where they are a convention of the code, or others in each context, and where the model ignores the history or is coarse.
        """
        if self.empty_by_rule or self.takes_contexts or Capability.HISTORY_FREE in self.capabilities or self.coarse:
            return None
        return self.findings.empty(self, self.learned_version())

    def listed_share(self, item: int, k: int) -> float | None:
        """Return which share of up to 2,000 training users have an item, by its index, in their list, of all users.

        `k` is rounded up to 5, 10, 20, 50 or 100. None for a longer list, and for a model that was not fitted here.
        """
        listed = self.listed()
        return None if listed is None else listed.share(item, k)

    def listed(self) -> Listed | None:
        """Return what `listed_share` rests on; None for a model that was not fitted here."""
        return self.findings.listed(self, self.learned_version())

    def describe(self) -> JsonObject:
        """Return what the model is: name, catalogue, fingerprint, and what its probe told."""
        return {
            "recommender": self.name,
            "items": len(self.catalogue),
            "fingerprint": self.fingerprint,
            "rounding": self.rounding,
            "scale": self.scale,
            "coarse": self.coarse,
        }

    def learned_version(self) -> tuple[object, ...]:
        """Return what differs once the model has learned something else; empty for a model that shows no arrays."""
        return version_of(*(array for _, array in sorted(self._scoring_arrays().items())))

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

        A class whose training can run on a GPU takes `device` too, "cpu" by default.

        Args:
            split: the prepared data.
            settings: of `settings_type`; None for its defaults.
            on_epoch: called after each epoch, for progress.
            on_best: called with the model each time it is the best so far.
        """
        raise NotImplementedError(f"{cls.__name__} cannot be trained.")

    @classmethod
    def learns_weights(cls, settings: Any) -> bool:
        """Say whether `fit` learns from the weights of a split, with the settings; else `fit` takes each for 1."""
        return cls.uses_weights

    @property
    def fingerprint(self) -> str:
        """Which model this is, as text that `same_model` compares; worked out once, and again when an array changes.

        A hash of what was learned where `arrays` shows it, else what the model answers to its probe.
        """
        return self.findings.identity(self, self._scoring_arrays(), (self.settings, self.learned_version()))

    def _scoring_arrays(self) -> Mapping[str, Tensor]:
        """Return what the scores depend on, by name; a model that is not stored by its arrays overrides this."""
        return self.arrays()
