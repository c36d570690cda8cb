import numpy as np
import pytest

from topple import Catalogue, Vocabulary
from topple.errors import ContractError
from topple.recommenders.models.als import ALS
from topple.testing import check_recommender


def als(kind=ALS):
    random = np.random.default_rng(0)
    catalogue = Catalogue(Vocabulary([f"i{item}" for item in range(40)]))
    factors = random.normal(0, 0.5, (40, 6)).astype(np.float32)
    return kind.from_arrays({"item_factors": factors, "fold_in": [2.0, 5.0]}, catalogue)


class PullsOtherwise(ALS):
    def solved(self, histories):
        found = super().solved(histories)
        return found._replace(pull=1.01 * found.pull)


class Short(ALS):
    def solved(self, histories):
        found = super().solved(histories)
        return found._replace(size=0.9 * found.size)


def test_true_equations_are_taken():
    check_recommender(als())


@pytest.mark.parametrize(
    ("kind", "match"),
    [
        (PullsOtherwise, "the users of changed histories, times the items' factors, give the scores"),
        (Short, "`size` is the length of each item's factors"),
    ],
)
def test_wrong_equations_are_refused(kind, match):
    with pytest.raises(ContractError, match=match):
        check_recommender(als(kind))
