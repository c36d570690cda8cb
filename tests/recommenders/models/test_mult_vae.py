import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from topple.recommenders.models.mult_vae import MultVAE, MultVAESettings
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing.worlds import catalogue_of, random_mult_vae

ITEMS = 24
MODEL = random_mult_vae(ITEMS)
ARRAYS = {name: array.numpy().astype(np.float64) for name, array in MODEL.arrays().items()}

histories = st.lists(st.integers(0, ITEMS - 1), min_size=1, max_size=10, unique=True)


def formula(x):
    """The score of one (weighted) history [I], written from Liang et al. (2018), sections 2.1 and 3.2, in numpy."""
    h = x / np.sqrt((x**2).sum())
    h = np.tanh(h @ ARRAYS["weight_q_0to1"] + ARRAYS["bias_q_1"])
    q = h @ ARRAYS["weight_q_1to2"] + ARRAYS["bias_q_2"]
    mean = q[: len(q) // 2]
    h = np.tanh(mean @ ARRAYS["weight_p_0to1"] + ARRAYS["bias_p_1"])
    return h @ ARRAYS["weight_p_1to2"] + ARRAYS["bias_p_2"]


def multi_hot(history, weights=1.0):
    x = np.zeros(ITEMS)
    x[history] = weights
    return x


@given(st.lists(histories, min_size=1, max_size=4))
def test_scores_equal_an_independent_numpy_formula(drawn):
    batch = HistoryBatch.of(drawn)
    found = MODEL.score(batch, unchanged(batch))[:, 0].numpy()
    np.testing.assert_allclose(found, [formula(multi_hot(history)) for history in drawn], rtol=1e-10, atol=1e-10)


@given(histories, st.data())
def test_scores_of_weighted_variations_equal_the_formula_over_the_weighted_history(history, data):
    shares = data.draw(st.lists(st.floats(0.05, 1), min_size=len(history), max_size=len(history)))
    batch = HistoryBatch.of([history])
    found = MODEL.score(batch, torch.tensor([[shares]], dtype=torch.float64))[0, 0].numpy()
    np.testing.assert_allclose(found, formula(multi_hot(history, shares)), rtol=1e-9, atol=1e-9)


@settings(max_examples=30)
@given(histories)
def test_float32_scores_agree_with_the_formula_to_1e_5(history):
    batch = HistoryBatch.of([history], torch.float32)
    found = MODEL.score(batch, unchanged(batch))[0, 0].numpy()
    np.testing.assert_allclose(found, formula(multi_hot(history)), rtol=1e-5, atol=1e-5)


def test_weights_are_part_of_the_history_where_they_are_asked_for():
    batch = HistoryBatch(torch.tensor([[3, 5]]), torch.tensor([[2.0, 0.5]], dtype=torch.float64))
    model = MultVAE(MODEL.catalogue, MODEL.arrays(), MODEL.settings.model_copy(update={"weighted": True}))
    found, plain = (one.score(batch, unchanged(batch))[0, 0].numpy() for one in (model, MODEL))
    np.testing.assert_allclose(found, formula(multi_hot([3, 5], [2.0, 0.5])), rtol=1e-10)
    np.testing.assert_allclose(plain, formula(multi_hot([3, 5])), rtol=1e-10)


def dense_loss(model, x, update, noise):
    """The training loss as a plain dense formula: multinomial log likelihood and KL, both means over users."""
    p = {name: array.double() for name, array in model.arrays().items()}
    h = torch.tanh(x / x.norm(dim=1, keepdim=True) @ p["weight_q_0to1"] + p["bias_q_1"])
    q = h @ p["weight_q_1to2"] + p["bias_q_2"]
    half = q.shape[1] // 2
    mean, log_variance = q[:, :half], q[:, half:]
    z = mean + noise * torch.sqrt(torch.exp(log_variance))
    logits = torch.tanh(z @ p["weight_p_0to1"] + p["bias_p_1"]) @ p["weight_p_1to2"] + p["bias_p_2"]
    likelihood = -(torch.log_softmax(logits, dim=1) * x).sum(1).mean()
    q_z = torch.distributions.Normal(mean, torch.exp(0.5 * log_variance))
    kl = torch.distributions.kl_divergence(q_z, torch.distributions.Normal(0.0, 1.0)).sum(1).mean()
    return likelihood + min(model.settings.anneal_cap, update / model.settings.anneal_updates) * kl


@pytest.mark.parametrize(("update", "weight"), [(0, 0.0), (50, 0.05), (900, 0.2)])
def test_the_training_loss_is_the_multinomial_likelihood_and_the_annealed_divergence(update, weight):
    chosen = MultVAESettings(dropout=0, anneal_updates=1000)
    model = MultVAE.from_arrays(ARRAYS, catalogue_of(ITEMS), chosen)
    x = torch.zeros(5, ITEMS, dtype=torch.float64)
    for row, items in enumerate([[1, 2, 3], [0], [5, 9, 20, 23], [7, 8], [11, 3]]):
        x[row, items] = 1
    latent = model.settings.latent
    noise = torch.randn((5, latent), generator=torch.Generator().manual_seed(3)).double()
    found = model.loss(sparse.csr_matrix(x.numpy(), dtype=np.float32), update, torch.Generator().manual_seed(3))
    assert float(found) == pytest.approx(float(dense_loss(model, x, update, noise)), rel=1e-5)
    free = dense_loss(model, x, 0, noise)
    assert math.isclose(float(dense_loss(model, x, update, noise) - free), weight * kl_of(model, x), rel_tol=1e-6)


def kl_of(model, x):
    p = {name: array.double() for name, array in model.arrays().items()}
    h = torch.tanh(x / x.norm(dim=1, keepdim=True) @ p["weight_q_0to1"] + p["bias_q_1"])
    mean, log_variance = (h @ p["weight_q_1to2"] + p["bias_q_2"]).chunk(2, dim=1)
    return float(0.5 * (log_variance.exp() + mean**2 - 1 - log_variance).sum(1).mean())


def test_dropout_changes_the_loss_and_keeps_the_input_on_average():
    model = MultVAE.from_arrays(ARRAYS, catalogue_of(ITEMS), MultVAESettings(dropout=0.5))
    batch = sparse.csr_matrix(np.ones((1, ITEMS)), dtype=np.float32)
    first = model.layers()[0]
    full = (first.weight.sum(0) / math.sqrt(ITEMS) + first.bias)[None]
    random = torch.Generator().manual_seed(0)
    draws = torch.stack([model.encode_batch(batch, first, random) for _ in range(4000)])
    assert draws.std(0).min() > 0.1
    assert ((draws.mean(0) - full).abs() < 5 * draws.std(0) / math.sqrt(4000)).all()


def test_published_sizes_are_the_defaults():
    shapes = MultVAE.shapes(100, MultVAESettings())
    assert (shapes["weight_q_0to1"], shapes["weight_q_1to2"]) == ((100, 600), (600, 400))
    assert (shapes["weight_p_0to1"], shapes["weight_p_1to2"]) == ((200, 600), (600, 100))
    chosen = MultVAESettings()
    assert (chosen.dropout, chosen.learning_rate, chosen.batch_size, chosen.epochs) == (0.5, 1e-3, 500, 200)
    assert (chosen.anneal_cap, chosen.anneal_updates) == (0.2, 200_000)
