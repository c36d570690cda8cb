from dataclasses import replace

import numpy as np
import pytest
import torch

import topple
from topple import same_model
from topple.errors import QueryError
from topple.recommenders.models.als import ALS
from topple.scoring.recommender import Recommender
from topple.settings import Settings
from topple.testing import film_recommender, film_world, random_mult_vae
from topple.testing.toy import ToyRecommender
from topple.testing.worlds import catalogue_of

ITEMS = 40


class Mine(Recommender):
    """A recommender by the recipe: a name, and scores from learned numbers that no `arrays` shows."""

    name = "mine"

    def __init__(self, catalogue, weights):
        super().__init__(catalogue)
        self.weights = weights

    def score(self, histories, keep, candidates=None):
        scores = keep @ (self.weights[histories.items].to(keep.dtype) * histories.weights[..., None])
        return scores if candidates is None else scores.gather(2, candidates[:, None].expand(-1, keep.shape[1], -1))


class Shown(ToyRecommender):
    """Numbers of any type, and settings."""

    name = "shown"

    def __init__(self, catalogue, gives, settings=None):
        super().__init__(catalogue, gives)
        self.settings = settings or self.settings_type()


def weights(seed):
    return torch.rand(ITEMS, ITEMS, generator=torch.Generator().manual_seed(seed))


def without_arrays(seed):
    return Mine(catalogue_of(ITEMS), weights(seed))


def net(seed=0):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(ITEMS, 256), torch.nn.Tanh(), torch.nn.Linear(256, ITEMS))


def test_explanations_of_another_model_without_arrays_are_refused():
    a, b = without_arrays(0), without_arrays(1)
    histories = {user: [101 + 3 * user, 131 + 3 * user] for user in range(4)}
    found = topple.explain(a, histories, k=5, progress=False)
    assert topple.evaluate(a, found).measurements
    assert topple.evaluate(without_arrays(0), found).measurements
    with pytest.raises(QueryError, match=r"explanations of model \S+ cannot be judged with model \S+"):
        topple.evaluate(b, found)


def test_models_without_arrays_are_known_by_their_answers():
    assert same_model(without_arrays(0), without_arrays(0))
    assert same_model(without_arrays(0).fingerprint, without_arrays(0))
    assert not same_model(without_arrays(0), without_arrays(1))
    almost = weights(0)
    almost[3, 5] += 0.1  # one number of 1,600
    assert not same_model(without_arrays(0), Mine(catalogue_of(ITEMS), almost))
    other = Mine(catalogue_of(ITEMS + 1), torch.rand(ITEMS + 1, ITEMS + 1))
    assert not same_model(without_arrays(0), other)


@pytest.mark.parametrize("first", [1, 2])
def test_a_model_in_float32_is_the_same_with_any_number_of_threads(first):
    module, threads = net(), torch.get_num_threads()
    items = range(ITEMS)
    try:
        torch.set_num_threads(first)
        here = topple.wrap(module, "torch", items, double=False)
        found = topple.explain(here, {0: [1, 2, 3]}, k=3, progress=False)
        torch.set_num_threads(3 - first)
        there = topple.wrap(module, "torch", items, double=False)
        assert topple.evaluate(there, found).measurements
        assert same_model(here, there)
        assert not same_model(here, topple.wrap(net(1), "torch", items, double=False))
    finally:
        torch.set_num_threads(threads)


def test_a_model_that_is_asked_is_the_same_in_both_precisions():
    module = net()
    module.append(torch.nn.GELU())  # not read as steps
    single, double = (topple.wrap(module, "torch", range(ITEMS), double=double) for double in (False, True))
    assert single.rounding > double.rounding
    assert same_model(single, double)


def test_noise_of_float32_changes_no_identity_and_more_than_noise_does():
    table, noise = weights(0).double().numpy(), np.random.default_rng(0).normal(size=(ITEMS, ITEMS))
    models = [
        topple.wrap(lambda rows, size=size: rows @ (table * (1 + size * noise)), items=range(ITEMS), histories="dense")
        for size in (0, 1e-7, 1e-6, 1e-3)
    ]
    assert [same_model(models[0], model) for model in models] == [True, True, True, False]


@pytest.mark.parametrize("level", [1e-30, 1.0, 1e30])
def test_scores_of_any_size_have_an_identity(level):
    table = weights(0).double().numpy()
    models = [
        topple.wrap(lambda rows, sign=sign: sign * level * (rows @ table), items=range(ITEMS), histories="dense")
        for sign in (1, 1, -1)
    ]
    assert [same_model(models[0], model) for model in models] == [True, True, False]


def test_a_model_that_scores_nothing_and_one_that_misses_most_have_an_identity():
    def nothing(rows):
        return np.zeros((len(rows), ITEMS))

    def most(rows):
        return np.where(np.arange(ITEMS) < 5, 1.0 + np.arange(ITEMS), -np.inf) * np.ones((len(rows), 1))

    models = [topple.wrap(nothing, items=range(ITEMS), histories="dense", name="a") for _ in range(2)]
    models.append(topple.wrap(most, items=range(ITEMS), histories="dense", name="a", missing=-1e9))
    assert [same_model(models[0], model) for model in models] == [True, True, False]


def test_arrays_are_named_by_bytes_type_shape_and_settings():
    catalogue = catalogue_of(4)
    floats = torch.arange(16.0).reshape(4, 4)
    same_bytes = [floats, floats.view(torch.int32), floats.reshape(2, 8)]
    assert len({Shown(catalogue, array).fingerprint for array in same_bytes}) == 3
    assert Shown(catalogue, floats).fingerprint == Shown(catalogue, floats.clone()).fingerprint
    assert Shown(catalogue, floats.bfloat16()).fingerprint  # numpy has no such type
    factors = {"item_factors": floats, "fold_in": np.array([10.0, 1.0])}
    settings = [ALS.settings_type(seed=seed) for seed in (0, 1)]
    assert len({ALS.from_arrays(factors, catalogue, part).fingerprint for part in settings}) == 2


def test_names_and_arrays_do_not_run_into_each_other():
    class Two(ToyRecommender):
        def arrays(self):
            return {"a": self._gives[:1], "b": self._gives[1:]}

    class Other(ToyRecommender):
        def arrays(self):
            return {"a": self._gives[:2], "b": self._gives[2:]}

    gives = torch.arange(16.0).reshape(4, 4)
    assert Two(catalogue_of(4), gives).fingerprint != Other(catalogue_of(4), gives).fingerprint


def test_an_identity_of_arrays_is_short_and_changes_with_them():
    model = random_mult_vae()
    before = model.fingerprint
    assert len(before) == 16
    model.arrays()["bias_p_2"].add_(1)
    assert model.fingerprint != before
    assert not same_model(before, model)


def test_explanations_without_a_model_are_judged_by_any():
    world = film_world()
    found = [replace(e, model="") for e in topple.explain_queries(world.recommender, world.queries, progress=False)]
    assert topple.evaluate(film_recommender(), found).measurements


@pytest.mark.parametrize("text", ["", "~", "0123456789abcdef~AAAA", "0123456789abcdef~é" + "A" * 67])
def test_what_is_no_identity_is_no_model_known(text):
    assert not same_model(text, without_arrays(0))


class Before(Settings):
    """Settings of a version."""

    width: int = 3


class Later(Before):
    """Settings of a later version, which does without `pruned` what the earlier one did."""

    pruned: int | None = None


def test_a_setting_that_a_later_version_adds_leaves_saved_models_the_same():
    catalogue, gives = catalogue_of(4), torch.eye(4)
    before = Shown(catalogue, gives, Before(width=5)).fingerprint
    assert Shown(catalogue, gives, Later(width=5)).fingerprint == before
    assert Shown(catalogue, gives, Later(width=5, pruned=2)).fingerprint != before
    assert Shown(catalogue, gives, Later(width=4)).fingerprint != before
