"""Wrapped models in folders: as arrays where they are arrays, else with a function that builds them again."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix, random
from torch import nn

import topple
from topple.errors import ModelFolderError
from topple.recommenders.adapters.arrays.factors import FactorsOfItems
from topple.recommenders.adapters.arrays.item_weights import ItemWeights
from topple.recommenders.saving.folders import load_model, save_model
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing import check_recommender, film_recommender
from topple.testing.worlds import catalogue_of

ITEMS = 24
TABLE = np.random.default_rng(0).random((ITEMS, ITEMS))


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(ITEMS, 8), nn.Tanh(), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, ITEMS))


def asked():
    return topple.wrap(lambda rows: np.sqrt(rows @ TABLE), items=catalogue_of(ITEMS), histories="dense", name="roots")


def other():
    return topple.wrap(lambda rows: np.sqrt(rows @ TABLE.T), items=catalogue_of(ITEMS), histories="dense", name="roots")


def toy():
    return film_recommender()


def fails():
    raise OSError("no weights")


def scores(model):
    batch = HistoryBatch.of([[1, 2, 3], [5]])
    return model.score(batch, unchanged(batch))


@pytest.mark.parametrize(
    "make",
    [
        lambda: ItemWeights(catalogue_of(ITEMS), "lib:Dense", TABLE),
        lambda: ItemWeights(catalogue_of(ITEMS), "lib:Single", TABLE.astype("f4")),
        lambda: ItemWeights(catalogue_of(ITEMS), "lib:Sparse", random(ITEMS, ITEMS, 0.2, "csr", random_state=0)),
        lambda: FactorsOfItems(catalogue_of(ITEMS), "lib:ALS", TABLE[:, :4], 0.3, 2.0),
        lambda: FactorsOfItems(catalogue_of(ITEMS), "lib:ALS", TABLE[:, :4].astype("f4"), 0.3, 2.0),
        lambda: topple.wrap(network(), "torch", catalogue_of(ITEMS)),
    ],
    ids=["dense", "single", "sparse", "als", "als-single", "network"],
)
def test_a_model_that_is_arrays_comes_back_as_it_was(make, tmp_path):
    model = make()
    check_recommender(model)
    save_model(model, tmp_path / "model")
    found = load_model(tmp_path / "model")
    assert type(found) is type(model)
    assert found.name == model.name
    assert found.fingerprint == model.fingerprint
    assert found.measures() == model.measures()
    assert torch.equal(scores(found), scores(model))
    with pytest.raises(ModelFolderError, match="holds the model itself; factory='a:b' is not needed"):
        load_model(tmp_path / "model", factory="a:b")


WITHOUT_LIBRARIES = """
import sys
for name in ("implicit", "cornac", "recbole", "rectools", "lenskit", "sklearn"):
    sys.modules[name] = None
import topple
from topple.recommenders.saving.folders import load_model
model = load_model(sys.argv[1])
print(model.name, [place.item for place in topple.recommend(model, [101, 104], k=3)])
"""


def test_no_library_is_needed_to_read_it(tmp_path):
    model = ItemWeights(catalogue_of(ITEMS), "implicit:CosineRecommender", csr_matrix(TABLE))
    save_model(model, tmp_path / "model")
    command = [sys.executable, "-c", WITHOUT_LIBRARIES, str(tmp_path / "model")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    expected = [entry.item for entry in topple.recommend(model, [101, 104], k=3)]
    assert done.stdout == f"implicit:CosineRecommender {expected}\n"


@pytest.mark.parametrize("make", [asked, toy])
def test_another_model_is_built_again_by_the_users_function(make, tmp_path):
    model = make()
    save_model(model, tmp_path / "model")
    assert not (tmp_path / "model" / "weights.safetensors").exists()
    found = load_model(tmp_path / "model", factory=f"{__name__}:{make.__name__}")
    assert found.measures() == model.measures()
    assert topple.recommend(found, model.catalogue.vocabulary.ids[:2], k=3)
    with pytest.raises(
        ModelFolderError, match=rf"describes {model.name}, a model that only your code can build. Name the fun"
    ):
        load_model(tmp_path / "model")


@pytest.mark.parametrize(
    ("factory", "match"),
    [
        ("roots", r"factory='roots' is not the name of a function. Give package.module:function"),
        ("os:system('x')", r"is not the name of a function"),
        ("no_such_module:build", r"no_such_module cannot be imported \(No module named"),
        ("os:no_such_function", r"os has no 'no_such_function'"),
        ("os:getcwd", r"factory='os:getcwd' returned str, not a recommender. Return what topple.wrap returns"),
        (f"{__name__}:fails", r"raised OSError: no weights. It is called without arguments"),
        (
            f"{__name__}:other",
            r"built roots over 24 items .* describes roots over 24 .* Build the model that was saved",
        ),
        (f"{__name__}:toy", r"built toy over 7 items"),
    ],
)
def test_a_factory_that_does_not_build_the_model_is_refused(factory, match, tmp_path):
    save_model(asked(), tmp_path / "model")
    with pytest.raises(ModelFolderError, match=match):
        load_model(tmp_path / "model", factory=factory)


def test_arrays_that_do_not_fit_are_refused():
    weights, factors = ItemWeights.settings_type(name="w"), FactorsOfItems.settings_type(name="f")
    with pytest.raises(ModelFolderError, match=r"array 'weights' is float64 of shape \(3, 24\), expected .* for w"):
        ItemWeights.from_arrays({"weights": TABLE[:3]}, catalogue_of(ITEMS), weights)
    with pytest.raises(ModelFolderError, match="array 'weights' holds NaN"):
        ItemWeights.from_arrays({"weights": TABLE * np.nan}, catalogue_of(ITEMS), weights)
    with pytest.raises(
        ModelFolderError, match=r"array 'indptr' is missing \(found: none\); w needs indptr, indices, values"
    ):
        ItemWeights.from_arrays({}, catalogue_of(ITEMS), weights)
    arrays = {"item_factors": TABLE[:, :2], "fold_in": np.array([2.0, 0.0, -1e3])}
    with pytest.raises(ModelFolderError, match="the arrays do not fit: f has factors that leave a user undetermined"):
        FactorsOfItems.from_arrays(arrays, catalogue_of(ITEMS), factors)
