"""Factors are turned into float64 once; histories with weights so far apart that float64 cannot hold what they say are refused."""

import copy

import numpy as np
import pytest
import torch

import topple
from tests.recommenders.adapters.matrices import ITEMS
from tests.recommenders.models.test_als import catalogue_of, exactly
from topple.errors import QueryError
from topple.recommenders.adapters import catalogues
from topple.recommenders.adapters.arrays.factors import FactorsOfItems
from topple.recommenders.models.als import ALS
from topple.records.answer import Status
from topple.scoring.variations import HistoryBatch, unchanged

ALPHA, REGULARISATION = 10.0, 40.0


def wrapped():
    factors = torch.randn(len(ITEMS), 4, generator=torch.Generator().manual_seed(0))
    return FactorsOfItems(catalogues.catalogue_of(ITEMS, "als"), "als", factors.numpy(), 0.1, 2.0)


def test_factors_of_float32_are_turned_into_float64_once():
    als = wrapped()
    assert als.factors_in(torch.float64) is als.factors_in(torch.float64)
    assert als.factors_in(torch.float32) is als.arrays()["item_factors"]
    als.arrays()["item_factors"][0] = 0
    assert not als.factors_in(torch.float64)[0].any()
    histories = HistoryBatch.of([[1, 2], [3]])
    scores = als.score(histories, unchanged(histories))
    torch.testing.assert_close(copy.deepcopy(als).score(histories, unchanged(histories)), scores, rtol=0, atol=0)


def test_many_factors_are_not_held_twice(set_memory):
    als = wrapped()
    set_memory(als.arrays()["item_factors"].numel() - 1)
    assert als.factors_in(torch.float64) is not als.factors_in(torch.float64)


@pytest.fixture(scope="module")
def model():
    """Items 0 and 1 point nearly the same way, and one is larger: they ask for different things where both weigh much."""
    random = np.random.default_rng(3)
    factors = random.normal(size=(30, 6))
    factors[1] = 0.9 * factors[0] + 1e-5 * random.normal(size=6)
    arrays = {"item_factors": factors.astype(np.float32), "fold_in": np.array([ALPHA, REGULARISATION])}
    return ALS.from_arrays(arrays, catalogue_of(30))


def history(model, items, weights):
    return topple.History([model.catalogue.vocabulary.ids[item] for item in items], weights)


def test_what_is_scored_is_true_and_what_cannot_be_is_refused(model):
    factors, refused = model.arrays()["item_factors"].numpy(), 0
    for heavy in 10.0 ** np.arange(2, 14):
        for items in ([0, 1, 5, 7], [0, 5, 7], [1, 2, 3, 9, 11]):
            weights = np.array([heavy, 1.7 * heavy, *[1.0, 3.0, 2.0][: len(items) - 2]])
            try:
                scores = topple.score(model, history(model, items, weights))
            except QueryError:
                refused += 1
                assert items == [0, 1, 5, 7]
                continue
            true = exactly(factors, ALPHA, REGULARISATION, items, weights)
            assert (np.abs(scores - true) <= 2 * model.rounding * np.maximum(np.abs(true), model.scale)).all()
    assert refused


def test_a_history_that_is_refused_stops_no_others(model):
    bad, good = history(model, [0, 1, 5, 7], [1e12, 2e12, 1, 1]), history(model, [2, 3, 5, 7], [1e12, 2e12, 1, 1])
    match = r"a history with weights up to 2e\+12 cannot be scored exactly by als.*such as their logarithms"
    with pytest.raises(QueryError, match=match):
        topple.recommend(model, bad, 3)
    found = topple.explain(model, {"ann": good, "bob": bad, "cyd": good}, k=3, progress=False)
    assert [(each.query.user, each.status is Status.INVALID) for each in found] == [
        *[("ann", False)] * 3, ("bob", True), *[("cyd", False)] * 3
    ]  # fmt: skip
    assert "cannot be scored exactly" in found[3].reason
    alone = topple.explain(model, {"ann": good}, k=3, progress=False)
    assert [topple.canonical_json(each) for each in found[:3]] == [topple.canonical_json(each) for each in alone]
