"""Weights that stay, against sorting one column after the other, ties included."""

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from topple.recommenders.families.pruning import largest_of_scored, squared_error

ITEMS = 17


def by_sorting(weights, most):
    out = np.zeros_like(weights)
    for scored in range(len(weights)):
        column = weights[:, scored]
        kept = sorted(range(len(weights)), key=lambda item: (-abs(column[item]), item))[:most]
        out[kept, scored] = column[kept]
    return out


@pytest.mark.parametrize("most", [1, 2, 5, ITEMS - 1, ITEMS])
@pytest.mark.parametrize("numbers", [1, 60, 4_000_000])
def test_the_largest_stay_and_of_equal_ones_the_first(most, numbers, set_memory):
    set_memory(numbers)
    for seed in range(20):
        weights = np.random.default_rng(seed).integers(-3, 4, (ITEMS, ITEMS)).astype(np.float32)  # many ties, and zeros
        found = largest_of_scored(torch.from_numpy(weights), most)
        np.testing.assert_array_equal(found.toarray(), by_sorting(weights, most))
        assert found.data.all(), "what is 0 is not stored"
        assert found.has_sorted_indices
        assert found.dtype == np.float32


@pytest.mark.parametrize("numbers", [1, 4_000_000])
def test_the_error_is_that_of_each_user_in_parts_of_any_size(numbers, set_memory):
    set_memory(numbers)
    random = np.random.default_rng(0)
    users, weights = (
        random.poisson(0.3, (40, ITEMS)) * 1.5,
        random.normal(size=(ITEMS, ITEMS)) * (random.random(ITEMS) < 0.4),
    )
    found = squared_error(csr_matrix(users.astype(np.float32)), csr_matrix(weights.astype(np.float32)))
    assert found == pytest.approx(np.square(users - users @ weights).sum() / 40, rel=1e-6)
