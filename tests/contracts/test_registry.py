"""The contract kit over everything in the registry; a new row is checked without a new line here."""

import pytest
import torch

from topple import registry
from topple.data.layout import write_split
from topple.scoring.variations import HistoryBatch, unchanged
from topple.settings import Settings
from topple.testing import (
    check_dataset,
    check_explainer,
    check_metric,
    check_recommender,
    film_recommender,
    random_additive,
    random_mult_vae,
    tiny_split,
)
from topple.testing.toy import OpaqueRecommender

# Settings that keep a check short, for the classes that have them.
QUICK = {"epochs": 3, "hidden": 12, "latent": 6, "batch_size": 16, "learning_rate": 0.02, "steps": 10}


def quick(settings_type: type[Settings]) -> Settings:
    return settings_type.parse({key: value for key, value in QUICK.items() if key in settings_type.model_fields})


@pytest.mark.parametrize("name", registry.names("recommenders"))
def test_recommender(name):
    kind = registry.load("recommenders", name)
    assert kind.name == name
    check_recommender(kind.fit(tiny_split(), quick(kind.settings_type)))


@pytest.mark.parametrize("name", registry.names("recommenders"))
def test_nothing_asked_is_nothing_scored(name):
    kind = registry.load("recommenders", name)
    model = kind.fit(tiny_split(), quick(kind.settings_type))
    items, batch, candidates = len(model.catalogue), HistoryBatch.of([[1, 2], [3, 4], [5]]), torch.tensor([[6, 7]] * 3)
    for asked, columns in ((None, items), (candidates, 2)):
        bound = model.bind(batch, asked)
        for shape in ((0, 3, 2), (2, 0, 2)):
            scores = bound(torch.zeros(shape, dtype=torch.float64), torch.arange(shape[0]))
            assert scores.shape == (*shape[:2], columns)
    nobody = HistoryBatch.of([])
    assert model.score(nobody, unchanged(nobody)).shape == (0, 1, items)


@pytest.mark.parametrize(
    "recommender",
    [film_recommender(), film_recommender(OpaqueRecommender), random_additive(), random_mult_vae()],
    ids=["films", "opaque", "additive", "network"],
)
def test_recommenders_of_the_kit(recommender):
    check_recommender(recommender)


@pytest.mark.parametrize("name", registry.names("explainers"))
def test_explainer(name):
    kind = registry.load("explainers", name)
    assert kind.name == name
    check_explainer(kind(quick(kind.settings_type)))


@pytest.mark.parametrize("name", registry.names("metrics"))
def test_metric(name):
    kind = registry.load("metrics", name)
    assert kind.name == name
    check_metric(kind)


@pytest.mark.parametrize("name", registry.names("datasets"))
def test_dataset(name):
    kind = registry.load("datasets", name)
    assert kind.name == name
    check_dataset(kind)


def test_dataset_that_comes_split(tmp_path):
    write_split(tiny_split(), tmp_path)
    check_dataset(registry.load("datasets", "alishop"), tmp_path)
