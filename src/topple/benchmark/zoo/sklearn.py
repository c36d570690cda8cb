"""Models of scikit-learn."""

from topple.api.wrapping import wrap
from topple.benchmark.zoo.base import Effort, factors
from topple.data.splitting import Split
from topple.recommenders.adapters.catalogues import library
from topple.scoring.recommender import Recommender


def svd(split: Split, effort: Effort) -> Recommender:
    """Cut off the singular value decomposition of the histories."""
    decomposition = library("sklearn.decomposition", "sklearn")
    estimator = decomposition.TruncatedSVD(factors(split, 32), random_state=effort.seed)
    return wrap(estimator.fit(split.train), "sklearn", split.catalogue)
