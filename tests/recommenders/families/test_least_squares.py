import copy

import torch

from tests.recommenders.adapters.matrices import ITEMS
from topple.recommenders.adapters.arrays.factors import FactorsOfItems
from topple.recommenders.adapters.catalogues import catalogue_of
from topple.scoring.variations import HistoryBatch, unchanged


def model():
    factors = torch.randn(len(ITEMS), 4, generator=torch.Generator().manual_seed(0))
    return FactorsOfItems(catalogue_of(ITEMS, "als"), "als", factors.numpy(), 0.1, 2.0)


def test_factors_of_float32_are_turned_into_float64_once():
    als = model()
    assert als.factors_in(torch.float64) is als.factors_in(torch.float64)
    assert als.factors_in(torch.float32) is als.arrays()["item_factors"]
    als.arrays()["item_factors"][0] = 0
    assert not als.factors_in(torch.float64)[0].any()
    histories = HistoryBatch.of([[1, 2], [3]])
    scores = als.score(histories, unchanged(histories))
    torch.testing.assert_close(copy.deepcopy(als).score(histories, unchanged(histories)), scores, rtol=0, atol=0)


def test_many_factors_are_not_held_twice(set_memory):
    als = model()
    set_memory(als.arrays()["item_factors"].numel() - 1)
    assert als.factors_in(torch.float64) is not als.factors_in(torch.float64)
