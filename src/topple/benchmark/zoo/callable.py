"""A function that topple knows nothing about."""

from topple.api.wrapping import wrap
from topple.benchmark.zoo.base import Effort
from topple.data.splitting import Split
from topple.recommenders.models.ease import EASE
from topple.scoring.recommender import Recommender


def ease(split: Split, effort: Effort) -> Recommender:
    """EASE as a function: not even that it is a sum is known."""
    weights = EASE.fit(split).arrays()["weights"].double().numpy()
    return wrap(lambda rows: rows @ weights, "callable", split.catalogue, histories="csr", name="callable:EASE")
