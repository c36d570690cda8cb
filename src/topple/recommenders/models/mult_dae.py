"""Mult-DAE: a denoising autoencoder with a multinomial likelihood."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from topple.recommenders.families.autoencoder import Autoencoder, AutoencoderSettings, multinomial_loss
from topple.scoring.layers import Layer
from topple.types import CsrMatrix


class MultDAESettings(AutoencoderSettings):
    """Settings of Mult-DAE; the defaults are the published ones (I-200-I; `hidden` is not used)."""

    weight_decay: float = Field(default=2e-5, ge=0)
    """Weight of the squared norm of the weights (0.01 over the batch of 500 in the original code)."""


class MultDAE(Autoencoder):
    """I-latent-I with tanh.

    Source: Liang, Krishnan, Hoffman, Jebara, "Variational autoencoders for collaborative filtering", WWW 2018.
    Differs from it in: nothing.
    Random: seed (weights, dropout, order of the users).
    """

    name = "mult-dae"
    settings_type: ClassVar[type[AutoencoderSettings]] = MultDAESettings
    settings: MultDAESettings

    @classmethod
    def shapes(cls, items: int, settings: AutoencoderSettings) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the four arrays."""
        return {
            "weight_0to1": (items, settings.latent),
            "bias_1": (settings.latent,),
            "weight_1to2": (settings.latent, items),
            "bias_2": (items,),
        }

    @classmethod
    def settings_of(cls, arrays: Mapping[str, Any], settings: AutoencoderSettings) -> AutoencoderSettings:
        """Read the latent size off the output weight."""
        return settings.model_copy(update={"latent": int(arrays["weight_1to2"].shape[0])})

    def layers(self) -> tuple[Layer, ...]:
        """Return encoder and output."""
        p = self._parameters
        return (
            Layer(p["weight_0to1"], p["bias_1"], tanh=True),
            Layer(p["weight_1to2"], p["bias_2"], tanh=False),
        )

    def loss(self, batch: CsrMatrix, update: int, random: torch.Generator) -> Tensor:
        """Return the negative log likelihood, a mean over users, plus the weight decay."""
        p, settings = self._parameters, self.settings
        first, last = self.layers()
        hidden = torch.tanh(self.encode_batch(batch, first, random))
        squares = sum((p[name] ** 2).sum() for name in ("weight_0to1", "weight_1to2"))
        return multinomial_loss(hidden @ last.weight + last.bias, batch) + settings.weight_decay * squares
