"""The models that quality is measured on: made from the generated films by closed forms, so that they are the same everywhere."""

from functools import cache

import numpy as np

import topple
from topple import registry

LATENT = 24


@cache
def split():
    """Return the generated films."""
    return topple.load_split("generated")


@cache
def network():
    """Return an autoencoder of two layers, the directions in which the training users differ most."""
    met = split().train.toarray().astype(np.float64)
    lengths = np.sqrt(np.maximum(met.sum(1, keepdims=True), 1))
    directions = np.linalg.svd(met / lengths, full_matrices=False)[2][:LATENT]
    popular = np.log(met.sum(0) + 1)
    method = registry.load("recommenders", "mult-dae")
    arrays = {
        "weight_0to1": 2 * directions.T,
        "bias_1": np.zeros(LATENT),
        "weight_1to2": 3 * directions,
        "bias_2": popular - popular.mean(),
    }
    return method.from_arrays(arrays, split().catalogue, method.settings_type(latent=LATENT))


@cache
def sums():
    """Return EASE on the generated films."""
    return topple.fit(split(), "ease", progress=False)


@cache
def opaque():
    """Return the sums of EASE as a function of which nothing is known."""
    table = sums().arrays()["weights"].double().numpy()
    return topple.wrap(lambda rows: rows @ table, "callable", split().catalogue, histories="csr", name="opaque")


MODELS = {"network": network, "sums": sums, "opaque": opaque}
