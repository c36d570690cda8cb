import numpy as np
import pytest
import torch

from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import RecommenderError
from topple.recommenders.adapters.arrays.factors import FactorsOfItems
from topple.scoring.variations import HistoryBatch
from topple.testing import check_recommender

CATALOGUE = Catalogue(Vocabulary([f"i{position}" for position in range(9)]))
FACTORS = np.random.default_rng(0).normal(size=(9, 3))


@pytest.mark.parametrize("confidence", [0.5, 1.0, 12.0])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_scores_are_those_of_the_normal_equations(confidence, kind):
    y = FACTORS.astype(kind)
    model = FactorsOfItems(CATALOGUE, "als", y, 0.3, confidence)
    check_recommender(model)
    history, keep = [1, 4, 5, 8], torch.tensor([[[1.0, 1, 1, 1], [1, 0, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0]]]).double()
    scores = model.score(HistoryBatch.of([history]), keep)[0].numpy()
    for row, kept in enumerate(keep[0].numpy()):
        z = y[np.array(history)[kept > 0]].astype(np.float64)
        left = y.astype(np.float64).T @ y + 0.3 * np.eye(3) + (confidence - 1) * z.T @ z
        np.testing.assert_allclose(scores[row], y @ np.linalg.solve(left, confidence * z.sum(0)), rtol=1e-6, atol=1e-9)


def test_the_fingerprint_is_of_all_that_scores_depend_on():
    made = [(FACTORS, 0.3, 2.0), (FACTORS + 1, 0.3, 2.0), (FACTORS, 0.4, 2.0), (FACTORS, 0.3, 3.0)]
    assert len({FactorsOfItems(CATALOGUE, "als", *part).fingerprint for part in made}) == 4


@pytest.mark.parametrize(
    ("factors", "regularization", "match"),
    [
        (FACTORS[:5], 0.3, r"als has item factors of shape \(5, 3\) for 9 items"),
        (FACTORS * np.nan, 0.3, "NaN or infinite"),
        (FACTORS[:, [0, 1, 1]], 0.0, "regularization=0"),
    ],
)
def test_factors_that_do_not_fit_are_refused(factors, regularization, match):
    with pytest.raises(RecommenderError, match=match):
        FactorsOfItems(CATALOGUE, "als", factors, regularization, 2.0)
