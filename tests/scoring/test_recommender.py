import copy
import pickle

import numpy as np
import pytest
import torch

import topple
from topple.recommenders.models.ease import EASE
from topple.recommenders.models.popularity import Popularity
from topple.recommenders.models.sasrec import SASRec
from topple.scoring.recommender import DOUBLE
from topple.scoring.variations import HistoryBatch, unchanged
from topple.testing import film_recommender, tiny_split
from topple.testing.worlds import catalogue_of


def test_the_probe_of_a_fitted_model_is_of_training_users():
    split = tiny_split()
    model = EASE.fit(split)
    assert model.findings.probe(model).histories[0] in [
        split.catalogue.vocabulary.encode(history).tolist() for history in split.training_histories().values()
    ]
    assert model.scale > 0
    again = pickle.loads(pickle.dumps(model))  # noqa: S301
    assert model.to("cpu").scale == copy.deepcopy(model).scale == again.scale == model.scale


def test_what_was_learned_anew_is_measured_anew():
    model = film_recommender()
    before = model.scale
    model.arrays()["gives"].mul_(4)
    assert model.scale == 4 * before


def test_the_empty_history_is_scored_once_in_float64(monkeypatch):
    model, asked = film_recommender(), []
    score = type(model).score
    monkeypatch.setattr(type(model), "score", lambda self, *given: (asked.append(1), score(self, *given))[1])
    empty = model.empty_scores()
    model.scale, model.coarse, model.empty_scores()
    assert empty.dtype is torch.float64
    nothing = HistoryBatch.of([[]])
    assert torch.equal(empty, score(model, nothing, unchanged(nothing))[0, 0])
    assert len(asked) == 2  # the probe, and the empty history


def test_models_whose_empty_scores_say_nothing_have_none():
    split = tiny_split()
    assert Popularity.fit(split).empty_scores() is None
    settings = SASRec.settings_type(epochs=1, dimensions=4)
    assert SASRec.fit(split, settings).empty_scores() is None
    assert EASE.fit(split).empty_scores().tolist() == [0] * len(split.catalogue)


def table(seed=0):
    return torch.rand(30, 30, generator=torch.Generator().manual_seed(seed)).double().numpy()


def test_a_wrapped_model_is_coarse_where_float32_has_no_digits_left():
    values = table().astype("f4")
    model = topple.wrap(lambda rows: rows.astype("f4") @ values, items=range(30), histories="dense")
    assert not model.coarse
    with pytest.warns(UserWarning, match="has scores so coarse that rounding .*logits.*float64.*smaller constant"):
        model = topple.wrap(lambda rows: rows.astype("f4") @ values + 1e4, items=range(30), histories="dense")
    assert model.coarse
    assert model.empty_scores() is None


def test_a_wrapped_model_is_coarse_where_a_sigmoid_is_1_for_all_good_items():
    values = table() + 50
    match = (
        "has scores so coarse that for most histories the best items all score 1: .*logits.*float64.*smaller constant"
    )
    with pytest.warns(UserWarning, match=match):
        model = topple.wrap(lambda rows: 1 / (1 + np.exp(-rows @ values)), items=range(30), histories="dense")
    assert model.coarse
    (found,) = topple.explain(model, [1, 2, 3], k=1, progress=False)
    assert found.reason.endswith("; the model's scores are so coarse that a set may not show in them")


def test_no_model_that_ignores_the_history_is_coarse_though_all_items_tie():
    model = Popularity(catalogue_of(30), torch.full((30,), 7.0))
    assert model.measures().gap == 0
    assert not model.coarse
    found = topple.explain(model, model.catalogue.vocabulary.ids[:3], k=1, progress=False)[0]
    assert "coarse" not in found.reason


def test_the_rounding_of_a_wrapped_model_is_raised_to_what_is_seen():
    values = table()
    assert topple.wrap(lambda rows: rows @ values, items=range(30), histories="dense").rounding == DOUBLE
    noisy = topple.wrap(
        lambda rows: rows @ values * (1 + 1e-9 * (len(rows) > 1)), items=range(30), histories="dense", name="noisy"
    )
    assert 7e-9 < noisy.rounding < 9e-9


def test_empty_scores_that_were_given_are_no_evidence():
    values = table()
    model = topple.wrap(lambda rows: rows @ values, items=range(30), histories="dense", empty=0.5)
    assert model.empty_scores() is None


def test_the_probe_can_be_given():
    values = table()
    model = topple.wrap(lambda rows: rows @ values, items=range(30), histories="dense", probe=[[3], [4, 5]])
    assert model.findings.probe(model).histories == [[3], [4, 5]]


def test_a_description_says_what_the_probe_told():
    model = film_recommender()
    assert model.describe() == {
        "recommender": "toy",
        "items": 7,
        "fingerprint": model.fingerprint,
        "rounding": 1e-12,
        "scale": model.scale,
        "coarse": False,
    }
