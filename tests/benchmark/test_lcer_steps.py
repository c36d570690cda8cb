import numpy as np
import pytest
import torch

import topple
from topple.benchmark.lcer_in_order import network_of
from topple.benchmark.lcer_steps import Learned, adam, backward, forward


@pytest.fixture(scope="module")
def model():
    split = topple.load_split("generated")
    return topple.fit(split, settings={"hidden": 12, "latent": 5, "epochs": 2}, progress=False)


def score(model, items, target, keep):
    """Return the score of a target for kept shares of items, by torch, in float64."""
    history = torch.zeros(len(model.catalogue), dtype=torch.float64).index_put((torch.tensor(items),), keep)
    hidden = history * torch.rsqrt((history**2).sum().clamp(min=1e-12))
    for layer in model.layers():
        hidden = hidden @ layer.weight.double() + layer.bias.double()
        hidden = torch.tanh(hidden) if layer.tanh else hidden
    return hidden[target]


@pytest.mark.parametrize("kept", [(True, False, True, True), (False, False, False, False), (True, True, True, True)])
def test_the_score_and_how_it_changes_are_those_of_the_network(model, kept):
    items, target = np.array([3, 11, 0, 25]), 7
    network = network_of(model, items, target)
    keep = torch.tensor(kept, dtype=torch.float64, requires_grad=True)
    expected = score(model, items, target, keep)
    expected.backward()
    total, first, last = (np.zeros(12, np.float32) for _ in range(3))
    scale, slope = np.float32(1 / np.sqrt(max(sum(kept), 1e-12))), np.zeros(4, np.float32)
    found = forward(network, np.array(kept), scale, total, first, last)
    backward(network, np.array(kept), scale, total, first, last, slope)
    assert found == pytest.approx(expected.item(), rel=1e-4, abs=1e-5)
    np.testing.assert_allclose(slope, keep.grad.numpy(), rtol=1e-3, atol=1e-5)


def test_a_step_is_one_of_adam():
    random = np.random.default_rng(0)
    weight = random.random(6).astype(np.float32)
    variable = torch.tensor(weight, requires_grad=True)
    optimiser = torch.optim.Adam([variable], lr=0.01)
    learned = Learned(weight.copy(), np.zeros(6, np.float32), np.zeros(6, np.float32))
    for step in range(1, 30):
        slope = random.normal(size=6).astype(np.float32)
        variable.grad = torch.from_numpy(slope)
        optimiser.step()
        adam(learned, slope, 0.01, step)
    np.testing.assert_allclose(learned.weight, variable.detach().numpy(), rtol=1e-4)
