import pytest
import torch

import topple
from topple.benchmark.zoo.base import Effort
from topple.benchmark.zoo.torch import autoencoder


@pytest.fixture(scope="module")
def split():
    return topple.load_split("generated")


def test_training_draws_by_the_seed_and_leaves_the_others_draws(split):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    prints = [autoencoder(split, Effort(max_minutes=1e-6, seed=seed)).fingerprint for seed in (1, 1, 2)]
    assert torch.rand(1) == expected
    assert prints[0] == prints[1] != prints[2]


def test_a_training_keeps_its_time_limit(split):
    whole, short = (autoencoder(split, Effort(minutes)) for minutes in (None, 1e-6))
    quality = [topple.held_out_quality(model, split.test)["ndcg_100"] for model in (whole, short)]
    assert quality[0] > quality[1] + 0.02
