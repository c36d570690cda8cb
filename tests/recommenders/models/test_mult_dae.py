import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from topple.recommenders.models.mult_dae import MultDAE, MultDAESettings
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing.worlds import catalogue_of

ITEMS = 15
random = np.random.default_rng(0)
ARRAYS = {name: random.normal(0, 1, shape) for name, shape in MultDAE.shapes(ITEMS, MultDAESettings(latent=6)).items()}
MODEL = MultDAE.from_arrays(ARRAYS, catalogue_of(ITEMS), MultDAESettings(dropout=0, weight_decay=0.03))


@given(st.lists(st.integers(0, ITEMS - 1), min_size=1, unique=True))
def test_scores_equal_an_independent_numpy_formula(history):
    x = np.zeros(ITEMS)
    x[history] = len(history) ** -0.5
    arrays = {name: array.numpy().astype(np.float64) for name, array in MODEL.arrays().items()}
    expected = np.tanh(x @ arrays["weight_0to1"] + arrays["bias_1"]) @ arrays["weight_1to2"] + arrays["bias_2"]
    batch = HistoryBatch.of([history])
    np.testing.assert_allclose(MODEL.score(batch, unchanged(batch))[0, 0].numpy(), expected, rtol=1e-10, atol=1e-10)


def test_the_training_loss_is_the_multinomial_likelihood_and_the_squared_norm_of_the_weights():
    x = torch.zeros(3, ITEMS)
    x[0, [1, 2]], x[1, [4]], x[2, [0, 7, 14]] = 1, 1, 1
    p = MODEL.arrays()
    hidden = torch.tanh(x / x.norm(dim=1, keepdim=True) @ p["weight_0to1"] + p["bias_1"])
    logits = hidden @ p["weight_1to2"] + p["bias_2"]
    expected = -(torch.log_softmax(logits, 1) * x).sum() / 3
    expected += 0.03 * (p["weight_0to1"].pow(2).sum() + p["weight_1to2"].pow(2).sum())
    found = MODEL.loss(sparse.csr_matrix(x.numpy()), 0, torch.Generator())
    assert float(found) == pytest.approx(float(expected), rel=1e-5)


def test_the_latent_size_is_read_off_the_arrays():
    assert MODEL.settings.latent == 6
