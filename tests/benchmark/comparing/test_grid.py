import pytest

import topple
from topple.benchmark.comparing.grid import Grid, named_methods, named_models
from topple.errors import ArgumentError, CapabilityError, QueryError, RecommenderError, SettingsError, UnknownNameError
from topple.explainers.greedy import Greedy
from topple.testing import random_additive
from topple.testing.worlds import split_for

MODEL = random_additive(20)
SPLIT = split_for(MODEL)


def grid(models=MODEL, methods="greedy", settings=None, split=SPLIT, seeds=(0,), users=3, **asked):
    return Grid.of(
        models, methods, settings, split, seeds, users, **{"k": 3, "rule": "unseen_before", "budget": None, **asked}
    )


def test_models_and_methods_have_names():
    name = MODEL.name
    assert list(named_models(MODEL)) == [name]
    assert list(named_models([MODEL, MODEL, MODEL])) == [name, f"{name} 2", f"{name} 3"]
    assert list(named_models({"mine": MODEL})) == ["mine"]
    methods = named_methods(["greedy", Greedy(), "leave-one-out"])
    assert list(methods) == ["greedy", "greedy 2", "leave-one-out"]
    pruned = named_methods({"plain": "leave-one-out", "pruned": "leave-one-out"}, {"pruned": {"prune": True}})
    assert [method.settings.prune for method in pruned.values()] == [False, True]


def test_a_method_that_draws_nothing_is_run_with_one_seed():
    cells = grid(methods=["greedy", "lime-rs", "lxr"], seeds=(4, 5)).cells
    assert [(cell.method, cell.seed) for cell in cells] == [
        ("greedy", 4), ("lime-rs", 4), ("lime-rs", 5), ("lxr", 4), ("lxr", 5),
    ]  # fmt: skip


def test_an_explainer_that_was_fitted_is_not_fitted_again():
    fitted = topple.fit_explainer(MODEL, SPLIT, "lxr", settings={"epochs": 1, "tries": 1, "hidden": 4}, progress=False)
    found = grid({"a": MODEL, "b": random_additive(20, seed=1)}, {"lxr": fitted}, seeds=(0, 1))
    assert not found.fits("lxr")
    assert found.reason("a", "lxr") == ""
    assert "this lxr was fitted to another model" in found.reason("b", "lxr")
    assert [(cell.model, cell.seed) for cell in found.cells] == [("a", 0)]


@pytest.mark.parametrize(
    ("given", "error", "match"),
    [
        ({"models": []}, QueryError, "models is empty: there is nothing to compare"),
        ({"models": [1]}, CapabilityError, "int is no recommender"),
        ({"models": {"": MODEL}}, QueryError, "'' is no name for one of the models"),
        ({"methods": []}, QueryError, "methods is empty"),
        ({"methods": ["greeedy"]}, UnknownNameError, "Did you mean 'greedy'"),
        ({"methods": 3}, ArgumentError, "methods=3 is of type int. Give names of explainers"),
        ({"settings": {"auto": {}}}, SettingsError, "'auto', which is not one of the methods: greedy"),
        ({"settings": [1]}, ArgumentError, r"settings=\[1\] is of type list"),
        ({"split": "ml-100k"}, ArgumentError, "split='ml-100k' is of type str. Give the split"),
        ({"split": topple.load_split("generated")}, RecommenderError, "Compare models of one split"),
        ({"seeds": []}, QueryError, r"seeds=\[\] are not different whole numbers"),
        ({"seeds": (0, 0)}, QueryError, r"seeds=\(0, 0\) are not different"),
        ({"seeds": (True,)}, QueryError, "are not different whole numbers"),
        ({"seeds": "0,1"}, ArgumentError, "seeds='0,1' is of type str"),
        ({"users": 0}, QueryError, "users=0 leaves nobody to explain"),
        ({"users": []}, QueryError, r"users=\[\] leaves nobody"),
        ({"users": True}, ArgumentError, "users=True"),
        ({"k": 0}, QueryError, "k=0 is no length of a list"),
        ({"rule": "none"}, QueryError, "none"),
        ({"budget": {"score": 1}}, SettingsError, "'score' is not a setting of Budget"),
    ],
)
def test_what_does_not_fit_is_refused_before_any_work(given, error, match):
    with pytest.raises(error, match=match):
        grid(**given)
