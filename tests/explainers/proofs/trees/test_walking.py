import numpy as np
import pytest
import torch

from tests.explainers.proofs.test_tree import symmetric
from topple.explainers.proofs.trees.walking import GROUP, WIDTH, halves, path_of, promises_of


@pytest.mark.parametrize("size", [1, 2, 4, 5])
def test_halves_are_the_largest_sums_of_others(size):
    pair = symmetric(torch.Generator().manual_seed(size), 3, 5).float()
    found = torch.from_numpy(halves(pair.numpy(), size))
    for number in range(3):
        for item in range(5):
            others = torch.cat([pair[number, item, :item], pair[number, item, item + 1 :]]).sort(descending=True).values
            expected = torch.cat([torch.zeros(1), others.cumsum(0)])[:size]
            assert torch.allclose(found[:, item, number], expected, atol=1e-6)


def test_lanes_are_filled_up_with_some_that_count_for_nothing():
    alone, twice = np.ones((2, 5, 3), np.float32), np.ones((5, 5, 3), np.float32)
    promises = promises_of(alone, twice, 2, 1)
    assert promises.mark.tolist() == [1, 1, GROUP] + [0] * (WIDTH - 3)
    assert promises.alone.shape == (2, 5, WIDTH)
    assert promises.twice.shape == (5, 5, WIDTH)
    assert promises.k == 2 + GROUP
    assert promises_of(alone, twice, 2, 0).k == 2
    assert path_of(promises, np.ones(3, np.float32)).value[0].tolist() == [1] * 3 + [0] * (WIDTH - 3)
