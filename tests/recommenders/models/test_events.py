"""Histories as lists of events, in every native model: additions, items that come again, weights."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

import topple
from topple import registry
from topple.scoring.variations import HistoryBatch, unchanged

SPLIT = topple.load_split("generated")
QUICK = {"epochs": 1, "dimensions": 8, "hidden": 8, "latent": 4, "factors": 8, "weighted": True}
NATIVE = ("mult-vae", "mult-dae", "ease", "item-knn", "als", "popularity", "bpr", "lightgcn", "neumf", "sasrec")
BINARY = ("popularity", "sasrec", "bpr", "lightgcn", "neumf")
"""Models that do not use weights."""


@pytest.fixture(scope="module", params=NATIVE)
def model(request):
    known = registry.load("recommenders", request.param).settings_type.model_fields
    settings = {name: value for name, value in QUICK.items() if name in known}
    return topple.fit(SPLIT, request.param, settings=settings, progress=False)


def batch(histories, weights=()):
    return HistoryBatch.of(histories, weights=weights)


def scores(model, histories, keep=None):
    return model.score(histories, unchanged(histories) if keep is None else keep)


def close(found, expected):
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("candidates", [None, torch.tensor([[3, 0, 9], [4, 9, 1]])], ids=["all", "some"])
def test_an_addition_counts_where_it_is_switched_on(model, candidates):
    plain = batch([[4, 7, 20], [8, 1, 2]])
    added = torch.tensor([[False, False, True], [True, False, False]])
    with_additions = HistoryBatch(plain.items, plain.weights, plain.filled, added=added)
    keep = unchanged(with_additions).repeat(1, 2, 1)
    keep[:, 1] = 1
    bound = model.bind(with_additions, candidates)(keep)
    shorter = batch([[4, 7], [1, 2]])
    close(bound[:, :1], model.score(shorter, unchanged(shorter), candidates))
    close(bound[:, 1:], model.score(plain, unchanged(plain), candidates))


def test_contributions_of_additions_are_theirs(model):
    if "additive" not in model.capabilities:
        pytest.skip("not additive")
    plain = batch([[4, 7, 20]])
    added = torch.tensor([[False, True, False]])
    with_additions = HistoryBatch(plain.items, plain.weights, plain.filled, added=added)
    close(model.contributions(with_additions), model.contributions(plain))


def test_a_weight_counts_as_often_as_the_event_would(model):
    twice = scores(model, batch([[4, 7, 7, 2]]))
    weighted = scores(model, batch([[4, 7, 2]], weights=[[1.0, 2.0, 1.0]]))
    once = scores(model, batch([[4, 7, 2]]))
    if model.name in BINARY:
        close(weighted, once)
    else:
        close(weighted, twice)
        assert (weighted - once).abs().max() > 1e-6


def test_a_weight_of_any_size_is_an_event_that_is_there(model):
    small = batch([[4, 7, 2]], weights=[[1.0, 1e-3, 1.0]])
    keep = unchanged(small)
    assert keep.tolist() == [[[1, 1, 1]]]
    keep[0, 0, 1] = 0
    close(scores(model, small, keep), scores(model, batch([[4, 2]])))


def test_models_say_whether_they_use_weights(model):
    assert model.uses_weights == (model.name not in BINARY)
    assert type(model).learns_weights(model.settings) == model.uses_weights


def test_training_uses_the_weights_where_the_model_does():
    weights = 1 + (np.arange(SPLIT.train.nnz) * 7 % 11).astype(np.float64)
    train = csr_matrix((weights, SPLIT.train.indices, SPLIT.train.indptr), shape=SPLIT.train.shape)
    weighted = replace(SPLIT, train=train)
    for name in NATIVE:
        method = registry.load("recommenders", name)
        known = method.settings_type.model_fields
        settings = method.settings_type(**{key: value for key, value in QUICK.items() if key in known})
        plain, other = (method.fit(split, settings).arrays() for split in (SPLIT, weighted))
        same = all(torch.equal(array, other[key]) for key, array in plain.items() if array.shape == other[key].shape)
        assert same == (name in BINARY), name
