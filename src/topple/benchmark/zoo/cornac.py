"""Models of Cornac."""

from typing import Any

from topple.api.wrapping import wrap
from topple.benchmark.zoo.base import LAM, Effort
from topple.benchmark.zoo.interactions import seen
from topple.data.splitting import Split
from topple.recommenders.adapters.catalogues import library
from topple.scoring.recommender import Recommender
from topple.types import CsrMatrix


def ease(split: Split, effort: Effort) -> Recommender:
    """Solve Cornac's EASE."""
    model = library("cornac.models", "cornac").EASE(lamb=LAM, posB=False, verbose=False)
    return _trained(model, split)


def vaecf(split: Split, effort: Effort) -> Recommender:
    """Train Cornac's Mult-VAE."""
    model = library("cornac.models", "cornac").VAECF(
        k=100, autoencoder_structure=[300], likelihood="mult", n_epochs=60, beta=0.2, seed=effort.seed
    )
    return _trained(model, split)


def dataset(people: CsrMatrix) -> Any:
    """Return histories [U, I] as Cornac reads them, the items in the order of the columns."""
    users, items = seen(people)
    entries = zip(users.tolist(), items.tolist(), [1.0] * len(users), strict=True)
    return library("cornac.data", "cornac").Dataset.from_uir(entries)


def _trained(model: Any, split: Split) -> Recommender:
    return wrap(model.fit(dataset(split.train)), "cornac", split.catalogue)
