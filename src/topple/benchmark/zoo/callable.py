"""A function that topple knows nothing about."""

from topple.benchmark.zoo.base import Effort
from topple.data.splitting import Split
from topple.door.wrapping import wrap
from topple.recommenders.base import Recommender
from topple.recommenders.ease import EASE


def ease(split: Split, effort: Effort) -> Recommender:
    """EASE as a function: not even that it is a sum is known."""
    weights = EASE.fit(split).arrays()["weights"].double().numpy()
    return wrap(lambda rows: rows @ weights, "callable", split.catalogue, histories="csr", name="callable:EASE")
