"""Mult-VAE: a variational autoencoder with a multinomial likelihood."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from topple.recommenders.families.autoencoder import Autoencoder, AutoencoderSettings, multinomial_loss
from topple.scoring.layers import Layer
from topple.types import CsrMatrix


class MultVAESettings(AutoencoderSettings):
    """Settings of Mult-VAE; the defaults are the published ones."""

    anneal_cap: float = Field(default=0.2, ge=0)
    """Largest weight of the KL term."""
    anneal_updates: int = Field(default=200_000, ge=1)
    """Updates in which that weight would grow to 1."""


class MultVAE(Autoencoder):
    """I-hidden-latent-hidden-I with tanh; scoring uses the mean of q, training samples it.

    Source: Liang, Krishnan, Hoffman, Jebara, "Variational autoencoders for collaborative filtering", WWW 2018.
    Differs from it in: nothing.
    Random: seed (weights, dropout, samples, order of the users).
    """

    name = "mult-vae"
    settings_type: ClassVar[type[AutoencoderSettings]] = MultVAESettings
    settings: MultVAESettings

    @classmethod
    def shapes(cls, items: int, settings: AutoencoderSettings) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the eight arrays; the q output holds 'latent' means, then as many log variances."""
        hidden, latent = settings.hidden, settings.latent
        return {
            "weight_q_0to1": (items, hidden),
            "bias_q_1": (hidden,),
            "weight_q_1to2": (hidden, 2 * latent),
            "bias_q_2": (2 * latent,),
            "weight_p_0to1": (latent, hidden),
            "bias_p_1": (hidden,),
            "weight_p_1to2": (hidden, items),
            "bias_p_2": (items,),
        }

    @classmethod
    def settings_of(cls, arrays: Mapping[str, Any], settings: AutoencoderSettings) -> AutoencoderSettings:
        """Read the hidden and latent sizes off the decoder's first weight."""
        latent, hidden = arrays["weight_p_0to1"].shape
        return settings.model_copy(update={"hidden": int(hidden), "latent": int(latent)})

    def layers(self) -> tuple[Layer, ...]:
        """Return encoder, mean of q, decoder and output."""
        p, latent = self._parameters, self.settings.latent
        return (
            Layer(p["weight_q_0to1"], p["bias_q_1"], tanh=True),
            Layer(p["weight_q_1to2"][:, :latent], p["bias_q_2"][:latent], tanh=False),
            Layer(p["weight_p_0to1"], p["bias_p_1"], tanh=True),
            Layer(p["weight_p_1to2"], p["bias_p_2"], tanh=False),
        )

    def loss(self, batch: CsrMatrix, update: int, random: torch.Generator) -> Tensor:
        """Return the negative log likelihood plus the annealed KL term, both means over users."""
        p, settings = self._parameters, self.settings
        first = Layer(p["weight_q_0to1"], p["bias_q_1"], tanh=True)
        hidden = torch.tanh(self.encode_batch(batch, first, random))
        mean, log_variance = (hidden @ p["weight_q_1to2"] + p["bias_q_2"]).chunk(2, dim=1)
        noise = torch.randn(mean.shape, generator=random, dtype=mean.dtype).to(mean.device)
        latent = mean + noise * torch.exp(0.5 * log_variance)
        logits = torch.tanh(latent @ p["weight_p_0to1"] + p["bias_p_1"]) @ p["weight_p_1to2"] + p["bias_p_2"]
        divergence = 0.5 * (log_variance.exp() + mean**2 - 1 - log_variance).sum(1).mean()
        anneal = min(settings.anneal_cap, update / settings.anneal_updates)
        return multinomial_loss(logits, batch) + anneal * divergence
