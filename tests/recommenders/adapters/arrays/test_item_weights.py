import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from topple.data.vocabulary import Catalogue, Vocabulary
from topple.errors import RecommenderError
from topple.recommenders.adapters.arrays.item_weights import ItemWeights
from topple.scoring.variations import HistoryBatch
from topple.testing import check_recommender

CATALOGUE = Catalogue(Vocabulary(["a", "b", "c", "d", "e"]))
WEIGHTS = np.arange(25, dtype=float).reshape(5, 5)


@pytest.mark.parametrize("weights", [WEIGHTS, csr_matrix(WEIGHTS), WEIGHTS.astype(np.float32)])
def test_scores_are_sums_of_rows_times_base_weights(weights):
    recommender = ItemWeights(CATALOGUE, "sums", weights)
    check_recommender(recommender)
    histories = HistoryBatch(torch.tensor([[1, 3]]), torch.tensor([[2.0, 1.0]], dtype=torch.float64))
    keep = torch.tensor([[[1.0, 1.0], [0.5, 0.0]]], dtype=torch.float64)
    scores = recommender.score(histories, keep)[0]
    assert scores[0].tolist() == (2 * WEIGHTS[1] + WEIGHTS[3]).tolist()
    assert scores[1].tolist() == WEIGHTS[1].tolist()
    assert recommender.score(histories, keep, torch.tensor([[4, 0]]))[0].tolist() == scores[:, [4, 0]].tolist()


def test_weights_that_do_not_fit_are_refused():
    with pytest.raises(RecommenderError, match=r"sums has weights of shape \(5, 4\) for 5 items"):
        ItemWeights(CATALOGUE, "sums", WEIGHTS[:, :4])
    with pytest.raises(RecommenderError, match="sums has weights that are NaN or infinite"):
        ItemWeights(CATALOGUE, "sums", np.full((5, 5), np.nan))


def test_the_fingerprint_is_of_the_weights():
    prints = {
        ItemWeights(CATALOGUE, "sums", model).fingerprint for model in (WEIGHTS, WEIGHTS + 1, csr_matrix(WEIGHTS))
    }
    assert len(prints) == 3


def test_weights_by_columns_are_held_by_rows_for_which_the_loops_are_compiled():
    recommender = ItemWeights(CATALOGUE, "sums", np.asfortranarray(WEIGHTS))
    rows, _ = recommender.rows(HistoryBatch(torch.tensor([[1, 3]]), torch.ones(1, 2, dtype=torch.float64)))
    assert rows.dense.flags.c_contiguous
    assert rows.dense.tolist() == WEIGHTS.tolist()
