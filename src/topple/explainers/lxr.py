"""LXR: a network that learns which events of a history hold a target up."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import torch
from pydantic import Field
from torch import Tensor

from topple.errors import CapabilityError
from topple.explainers.attribution import AttributionMethod, Attributions, AttributionSettings
from topple.explainers.base import OnStep
from topple.explainers.learning.masks import MaskNetwork
from topple.explainers.search.engine import Engine
from topple.scoring.recommender import Capability, Recommender
from topple.settings import Settings

if TYPE_CHECKING:
    from topple.data.splitting import Split


class LxrSettings(AttributionSettings):
    """Settings of LXR; the weights of the loss and the layers are those published for a VAE on MovieLens 1M."""

    hidden: int = Field(default=128, ge=1, le=4096)
    """Units of each hidden layer."""
    epochs: int = Field(default=60, ge=1)
    batch_size: int = Field(default=32, ge=1)
    """Users of a batch."""
    learning_rate: float = Field(default=0.01, gt=0, allow_inf_nan=False)
    lambda_pos: float = Field(default=3.19, ge=0, allow_inf_nan=False)
    """Weight of the target's loss when only the mask is kept."""
    lambda_neg: float = Field(default=1.42, ge=0, allow_inf_nan=False)
    """Weight of the target's gain when the mask is removed."""
    alpha: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    """Price of a mask that keeps everything."""
    tries: int = Field(default=4, ge=1, le=1000)
    """Choices of learning rate, weights and price that are trained for a quarter of the epochs: those above, and others that are
    drawn. The one with the best POS@K on validation users is trained to the end."""
    targets: int = Field(default=5, ge=1)
    """The best so many items of each user are learned, and validated with lists of this length."""
    users: int = Field(default=20_000, ge=1)
    """Most training users."""
    validation_users: int = Field(default=100, ge=1)
    """Most validation users."""
    seed: int = Field(default=0, ge=0, lt=2**32)


class Lxr(AttributionMethod):
    """Give each event the part of it that a trained network would keep for the target's sake.

    The network sees history and target and gives a mask. It is trained once a recommender: with the mask kept alone the target's
    log-probability should be high, without it low, and the mask small. An answer is one pass of the network, and scores nothing.
    Source: Barkan, Bogina, Gurevitch, Asher, Koenigstein, "A counterfactual framework for learning and evaluating explanations for
    recommender systems", WWW 2024. Differs from it in: probabilities are a softmax over the unseen items of the scores in units of
    their spread; every item of the list is a target; what the loss weighs is chosen by POS@K of validation users.
    Needs: differentiable.  Cost: one scored history for each set that is tried; `fit` scores two for each user, item of the list and epoch.
    Random: seed of the fit.
    """

    name = "lxr"
    draws: ClassVar = False
    needs: ClassVar = frozenset({Capability.DIFFERENTIABLE})
    learns: ClassVar = True
    settings_type: ClassVar = LxrSettings
    settings: LxrSettings
    network: MaskNetwork | None = None

    @classmethod
    def fit(
        cls, recommender: Recommender, split: "Split", settings: Settings | None = None, on_step: OnStep | None = None
    ) -> Self:
        """Train the network on the training users of a split, and choose by the validation users."""
        from topple.explainers.learning.training import trained

        out = cls(settings)
        if recommender.takes_contexts:
            raise CapabilityError(
                f"{recommender.name} is told a context with each history, and {cls.name} learns from histories alone. Choose a method that "
                "does not learn."
            )
        out.network, out.training = trained(recommender, split, out.settings, on_step)
        out.model = recommender.fingerprint
        return out

    def arrays(self) -> Mapping[str, Tensor]:
        """Return the weights of the network."""
        return {} if self.network is None else self.network.arrays()

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], recommender: Recommender, settings: Settings | None = None) -> Self:
        """Build the method of stored weights."""
        out = cls(settings)
        out.network = MaskNetwork.from_arrays(arrays, out.settings.hidden, cls.name, recommender.catalogue)
        out.model = recommender.fingerprint
        return out

    def may_learn(self, recommender: Recommender) -> bool:
        """Return that answers need no gradients."""
        return False

    def attribute(self, engine: Engine) -> Attributions:
        """Return the mask of each target, times the weights of the events."""
        assert self.network is not None  # noqa: S101 - `require` refuses a method that has learned nothing
        table, histories = engine.table, engine.recommender.weighed(engine.table.histories)
        network = self.network.to(histories.weights.device)
        kept = network.masks(histories.items, histories.weights, table.target) * histories.weights[:, None]  # [B, T, H]
        return Attributions(table.sum_by_unit(kept).masked_fill(~engine.open[..., None], torch.nan))
